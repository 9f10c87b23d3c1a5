// A handoff message while somebody types: which part of it fulfils what, what is missing, and how it is read.
"use strict";

(function () {
  const PAUSE_MS = 400;
  const NAMES = ["body", "body_without_wait", "body_off_hours"];
  const PARTS = { reassurance: "reassures", takeover: "a person takes over", wait: "what wait to expect" };

  function element(tag, className, text) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text) made.textContent = text;
    return made;
  }

  // Later parts that overlap an earlier one begin where that ends.
  function marked(text, parts) {
    const box = element("div", "words-parts");
    let at = 0;
    for (const part of [...parts].sort((a, b) => a.start - b.start || a.end - b.end)) {
      const start = Math.max(part.start, at);
      if (start >= part.end) continue;
      box.append(text.slice(at, start));
      const mark = element("mark", "words-" + part.code, text.slice(start, part.end));
      mark.title = PARTS[part.code];
      box.append(mark);
      at = part.end;
    }
    box.append(text.slice(at));
    return box;
  }

  function findings(rows) {
    const list = element("ul", "words-findings");
    for (const row of rows) list.append(element("li", row.level, row.message));
    if (!rows.length) list.append(element("li", "good", "All three parts are there."));
    return list;
  }

  function show(box, text, found) {
    const children = [];
    if (found.parts.length) children.push(marked(text, found.parts));
    children.push(findings(found.findings));
    if (found.preview) {
      children.push(element("span", "words-label", "A customer reads, for example:"));
      children.push(element("div", "words-preview", [found.preview, found.question].filter(Boolean).join("\n\n")));
    }
    box.replaceChildren(...children);
  }

  function start() {
    const first = document.querySelector("textarea[data-words-url]");
    if (!first) return;
    const form = first.form;
    const areas = NAMES.map((name) => form.elements[name]).filter(Boolean);
    const boxes = new Map();
    for (const area of areas) {
      const box = element("div", "words-readout");
      box.setAttribute("role", "status");
      area.after(box);
      boxes.set(area.name, box);
    }
    let timer = 0;
    let asked = 0;

    async function ask() {
      const number = ++asked;
      const sent = { locale: form.elements.locale ? form.elements.locale.value : first.dataset.wordsLocale };
      for (const area of areas) sent[area.name] = area.value;
      try {
        const answer = await fetch(first.dataset.wordsUrl, {
          method: "POST",
          headers: { "X-CSRFToken": form.elements.csrfmiddlewaretoken.value },
          body: new URLSearchParams(sent),
        });
        const data = await answer.json();
        if (number !== asked) return; // a newer text has been asked for
        for (const area of areas) {
          if (answer.ok) show(boxes.get(area.name), sent[area.name], data[area.name]);
        }
        if (!answer.ok) boxes.get(first.name).textContent = data.message;
      } catch (error) {
        if (number === asked) boxes.get(first.name).textContent = "The check cannot be reached now. Your text is safe.";
      }
    }

    form.addEventListener("input", (event) => {
      if (!areas.includes(event.target) && event.target.name !== "locale") return;
      window.clearTimeout(timer);
      timer = window.setTimeout(ask, PAUSE_MS);
    });
    ask();
  }

  document.addEventListener("DOMContentLoaded", start);
})();
