"use strict";
// A sample fills the message and asks at once.
document.addEventListener("click", (event) => {
  const sample = event.target.closest("[data-sample]");
  if (!sample) return;
  const field = document.getElementById("id_text");
  field.value = sample.textContent;
  field.form.requestSubmit();
});
// Ctrl+Enter or Cmd+Enter asks.
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.id === "id_text") event.target.form.requestSubmit();
});
