"use strict";
// The figures follow the slider; without this script the form's own button shows them.
(() => {
  const form = document.getElementById("bt-form");
  if (!form) return;
  const slider = form.elements.value;
  const figures = document.getElementById("bt-figures");
  const mark = document.getElementById("bt-proposed");
  const PAUSE_MS = 120;
  let timer = 0;
  let asked = null;

  form.elements.try.addEventListener("change", () => {
    if (slider) slider.disabled = true; // the value belongs to the number that was shown
    form.submit();
  });
  if (!slider || !figures) return;

  slider.addEventListener("input", () => {
    document.getElementById("bt-value").textContent = slider.value;
    clearTimeout(timer);
    timer = setTimeout(show, PAUSE_MS);
  });

  async function show() {
    if (asked) asked.abort();
    asked = new AbortController();
    const fields = new URLSearchParams(new FormData(form));
    try {
      const response = await fetch(`${form.dataset.figures}?${fields}`, { signal: asked.signal });
      if (!response.ok) throw new Error(response.statusText);
      const found = await response.json();
      figures.innerHTML = found.html; // rendered and escaped by our own server
      for (const end of ["x1", "x2"]) mark?.setAttribute(end, found.x);
      const note = document.getElementById("bt-flips-note");
      if (note) note.hidden = false;
      history.replaceState(null, "", `?${fields}`);
    } catch (error) {
      if (error.name === "AbortError") return;
      figures.textContent = "The figures of this value could not be read. Press Show to try again.";
    }
  }
})();
