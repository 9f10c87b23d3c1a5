"use strict";
// Keys on a correction's page: each presses the button or follows the link that names it.
(() => {
  const root = document.getElementById("correction");
  if (!root) return;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const key = event.key.toLowerCase();
    const own = root.querySelector(`[data-key="${CSS.escape(key)}"]:not(:disabled)`);
    const target = own || (key === "u" ? document.querySelector("a[data-undo]") : null);
    if (!target) return;
    event.preventDefault();
    target.click();
  });
  // A choice that shows something else is followed at once; without this script its button does it.
  for (const select of root.querySelectorAll("select[data-submits]")) {
    select.form.querySelector("button").hidden = true;
    select.addEventListener("change", () => select.form.submit());
  }
  // Sent once: a second click while the page is on its way would only be refused.
  for (const form of root.querySelectorAll("form[method=post]")) {
    let sent = false;
    form.addEventListener("submit", (event) => {
      if (sent) event.preventDefault();
      sent = true;
    });
  }
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
})();
