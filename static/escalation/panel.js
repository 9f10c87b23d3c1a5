"use strict";
// While a rule's back-test waits or runs, its panel is read again every two seconds; the form above stays as it is.
(() => {
  const EVERY_MS = 2000;
  const again = async () => {
    const panel = document.querySelector("#back-test[data-panel]");
    if (!panel) return;
    try {
      const response = await fetch(panel.dataset.panel);
      if (response.ok) {
        const fresh = new DOMParser().parseFromString(await response.text(), "text/html").getElementById("back-test");
        if (fresh) panel.replaceWith(fresh);
      }
    } catch {
      // the server is away: ask again
    }
    setTimeout(again, EVERY_MS);
  };
  setTimeout(again, EVERY_MS);
})();
