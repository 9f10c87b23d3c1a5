// Keeps what is typed in the article form on the server, a moment after the last key, and offers it again when
// the form is opened anew. The text itself goes through the form as ever.
"use strict";

(function () {
  const PAUSE_MS = 1500;

  function start() {
    const data = document.getElementById("kb-unsaved-data");
    const form = document.getElementById("article_form");
    const editorNode = form && form.querySelector(".CodeMirror");
    if (!data || !form || !editorNode) return;
    const settings = JSON.parse(data.textContent);
    const editor = editorNode.CodeMirror;
    const title = form.elements.title;
    const banner = document.getElementById("kb-unsaved");
    const state = document.getElementById("kb-unsaved-state");
    let timer = 0;
    let last = title.value + "\u0000" + editor.getValue();

    function typed() {
      return title.value + "\u0000" + editor.getValue();
    }

    async function send(url, fields) {
      const body = new URLSearchParams({ article: settings.article || "", ...fields });
      const headers = { "X-CSRFToken": form.elements.csrfmiddlewaretoken.value };
      return fetch(url, { method: "POST", headers, body });
    }

    async function keep() {
      const now = typed();
      if (now === last) return;
      try {
        const answer = await send(settings.keep_url, {
          base_number: form.elements.base_number.value,
          title: title.value,
          body: editor.getValue(),
        });
        const said = await answer.json();
        if (!answer.ok) throw new Error(said.message);
        last = now;
        const at = new Date(said.saved_at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
        state.textContent = "What you typed is kept since " + at + "; it is no revision until you save.";
      } catch (error) {
        state.textContent = "What you typed is not kept: " + (error.message || "the server cannot be reached") + ".";
      }
    }

    function later() {
      window.clearTimeout(timer);
      timer = window.setTimeout(keep, PAUSE_MS);
    }

    editor.on("change", later);
    title.addEventListener("input", later);
    form.addEventListener("submit", () => window.clearTimeout(timer));

    const kept = settings.kept;
    if (!kept || kept.title + "\u0000" + kept.body === typed()) return;
    banner.hidden = false;
    banner.querySelector("time").textContent = new Date(kept.saved_at).toLocaleString();
    banner.querySelector("[data-restore]").addEventListener("click", function () {
      title.value = kept.title;
      editor.setValue(kept.body);
      form.elements.base_number.value = kept.base_number;
      banner.hidden = true;
      editor.focus();
    });
    banner.querySelector("[data-discard]").addEventListener("click", async function () {
      const answer = await send(settings.discard_url, {});
      if (answer.ok) banner.hidden = true;
    });
  }

  document.addEventListener("DOMContentLoaded", () => window.setTimeout(start, 0)); // after the editor is there
})();
