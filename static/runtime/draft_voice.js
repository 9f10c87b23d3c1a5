// The lines around answers while somebody types: what is wrong with them, and real answers in them.
"use strict";

(function () {
  const PAUSE_MS = 350;
  const NAMES = ["opening", "opening_steps", "closing", "heading", "source_line"];

  function element(tag, className, text) {
    const made = document.createElement(tag);
    made.className = className;
    made.textContent = text;
    return made;
  }

  function start() {
    const box = document.getElementById("dv-previews");
    if (!box) return;
    const first = document.querySelector("input[name=opening]");
    if (!first) return; // may only be looked at
    const form = first.form;
    const fields = NAMES.map((name) => form.elements[name]).filter(Boolean);
    const list = document.getElementById("dv-list");
    const status = document.getElementById("dv-status");
    let timer = 0;
    let asked = 0;

    function tell(problems) {
      for (const old of form.querySelectorAll(".dv-problem")) old.remove();
      for (const field of fields) {
        for (const message of problems[field.name] || []) {
          const line = element("p", "dv-problem", message);
          line.setAttribute("role", "status");
          field.after(line);
        }
      }
    }

    function show(previews) {
      list.replaceChildren(
        ...previews.map((one) => {
          const article = element("article", "dv-one", "");
          article.append(element("h3", "", one.title), element("div", "dv-text", one.text));
          return article;
        }),
      );
    }

    async function ask() {
      const number = ++asked;
      const sent = {};
      for (const field of fields) sent[field.name] = field.value;
      try {
        const answer = await fetch(box.dataset.previewUrl, {
          method: "POST",
          headers: { "X-CSRFToken": form.elements.csrfmiddlewaretoken.value },
          body: new URLSearchParams(sent),
        });
        const data = await answer.json();
        if (number !== asked) return; // something newer has been asked for
        tell(data.problems);
        if (answer.ok) show(data.previews);
      } catch (error) {
        if (number === asked) status.textContent = "The preview cannot be reached now. Your text is safe.";
      }
    }

    form.addEventListener("input", (event) => {
      if (!fields.includes(event.target)) return;
      window.clearTimeout(timer);
      timer = window.setTimeout(ask, PAUSE_MS);
    });
  }

  document.addEventListener("DOMContentLoaded", start);
})();
