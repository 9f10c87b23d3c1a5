"use strict";
// Choosing from the list of other intents means "another intent".
document.addEventListener("change", (event) => {
  if (!event.target.matches("select[name=other]") || !event.target.value) return;
  event.target.form.querySelector('input[name=choice][value="other:"]').checked = true;
});
