// The Markdown editor of an article: EasyMDE with plain labels, and a preview rendered by the server, so that
// what is shown is what readers get. Nothing is loaded from outside.
"use strict";

(function () {
  const PAUSE_MS = 300;
  const TOOLS = [
    ["bold", "B", "Bold", EasyMDE.toggleBold],
    ["italic", "I", "Italic", EasyMDE.toggleItalic],
    ["topic", "H1", "Topic", EasyMDE.toggleHeading1],
    ["subtopic", "H2", "Subtopic", EasyMDE.toggleHeading2],
    "|",
    ["ordered-list", "1. List", "Steps", EasyMDE.toggleOrderedList],
    ["unordered-list", "• List", "Bullet points", EasyMDE.toggleUnorderedList],
    ["link", "Link", "Link", EasyMDE.drawLink],
    ["code", "Code", "Code", EasyMDE.toggleCodeBlock],
    ["table", "Table", "Table", EasyMDE.drawTable],
    "|",
    ["preview", "Preview", "Preview", EasyMDE.togglePreview],
    ["side-by-side", "Side by side", "Editor and preview side by side", EasyMDE.toggleSideBySide],
  ];

  function tool(entry) {
    if (entry === "|") return entry;
    const [name, text, title, action] = entry;
    const noDisable = name === "preview" || name === "side-by-side";
    return { name, text, title, action, noDisable, className: "kb-tool-" + name };
  }

  function previewOf(area, text) {
    let timer = 0;
    let asked = 0;
    return function (_, element) {
      element.classList.add("kb-rendered");
      window.clearTimeout(timer);
      timer = window.setTimeout(async function () {
        const number = ++asked;
        try {
          const answer = await fetch(area.dataset.previewUrl, {
            method: "POST",
            headers: { "X-CSRFToken": area.form.elements.csrfmiddlewaretoken.value },
            body: new URLSearchParams({ body: text() }), // as it is now, not when the pause began
          });
          const data = await answer.json();
          if (number !== asked) return; // a newer text has been asked for
          if (answer.ok) element.innerHTML = data.html; // sanitised by the server
          else element.textContent = data.message;
        } catch (error) {
          if (number === asked) element.textContent = "The preview cannot be had now. Your text is safe.";
        }
      }, PAUSE_MS);
      return null;
    };
  }

  function start(area) {
    const editor = new EasyMDE({
      element: area,
      toolbar: TOOLS.map(tool),
      previewRender: previewOf(area, () => editor.value()),
      previewClass: ["editor-preview", "kb-rendered"],
      autoDownloadFontAwesome: false,
      spellChecker: false,
      nativeSpellcheck: true,
      inputStyle: "contenteditable",
      forceSync: true,
      sideBySideFullscreen: false,
      status: ["lines", "words"],
    });
    const input = editor.codemirror.display.input;
    document.addEventListener(
      "submit",
      function (event) {
        if (event.target !== area.form) return;
        editor.codemirror.operation(() => input.pollContent()); // it would read what was typed 80 ms later
        editor.codemirror.save();
      },
      true, // before CodeMirror's own listener
    );
  }

  document.addEventListener("DOMContentLoaded", function () {
    document.querySelectorAll("textarea[data-markdown-editor]").forEach(start);
  });
})();
