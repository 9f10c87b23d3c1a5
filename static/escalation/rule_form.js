"use strict";
// The form of a rule: shows the settings of the chosen trigger alone, and says the sentence and what it does with
// a made-up message while somebody types. Without it every setting is shown and the button does the same.
(function () {
  const PAUSE_MS = 400;

  function start() {
    const form = document.getElementById("rule_form");
    const trigger = form && form.elements.trigger;
    if (!trigger) return;
    const settings = [...form.querySelectorAll("[data-triggers]")].map((input) => ({
      triggers: input.dataset.triggers.split(" "),
      row: input.closest(".form-row, .field-row") || rowOf(input, form),
    }));

    function show() {
      for (const setting of settings) {
        setting.row.classList.toggle("er-hidden", !setting.triggers.includes(trigger.value));
      }
    }
    trigger.addEventListener("change", show);
    show();

    const panel = form.querySelector("[data-try-url]");
    if (!panel) return;
    const out = document.getElementById("er-tried");
    const typed = document.getElementById("er-typed");
    let timer = 0;
    let latest = 0;

    async function ask() {
      const mine = ++latest;
      try {
        const answer = await fetch(panel.dataset.tryUrl, {
          method: "POST",
          headers: { "X-Fragment": "1" },
          body: new URLSearchParams(new FormData(form)),
        });
        if (mine !== latest) return; // something newer is on its way
        if (!answer.ok) throw new Error(String(answer.status));
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        out.replaceChildren(...page.body.childNodes);
        const said = out.querySelector(".er-said");
        typed.hidden = !said;
        typed.textContent = said ? "As typed: " + said.textContent : "";
      } catch (error) {
        if (mine === latest) out.textContent = "The server did not answer. What you typed is still here; try again.";
      }
    }

    function later() {
      window.clearTimeout(timer);
      timer = window.setTimeout(ask, PAUSE_MS);
    }
    form.addEventListener("input", later);
    form.addEventListener("change", later);
    panel.querySelector("[data-try]").addEventListener("click", (event) => {
      event.preventDefault();
      window.clearTimeout(timer);
      ask();
    });
  }

  // The field's own row in the admin theme: the outermost element that holds no other field.
  function rowOf(input, form) {
    let row = input;
    while (row.parentElement !== form && row.parentElement.querySelectorAll("[name]").length <= 1) row = row.parentElement;
    return row;
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
