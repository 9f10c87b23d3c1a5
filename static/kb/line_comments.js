// A line number of a comparison takes the person to the comment form, with that line filled in.
"use strict";

document.addEventListener("click", function (event) {
  const button = event.target.closest("[data-comment-line]");
  if (!button) return;
  const line = document.getElementById("kb-comment-line");
  const text = document.getElementById("kb-comment-text");
  if (!line || !text) return;
  line.value = button.dataset.commentLine;
  text.focus();
  text.scrollIntoView({ block: "center" });
});

document.addEventListener("change", function (event) {
  if (event.target.matches("select[data-submits]")) event.target.form.requestSubmit();
});
