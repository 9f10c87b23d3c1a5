// The linter while somebody types: findings under the editor, marks in the text, fixes by a button.
"use strict";

(function () {
  const PAUSE_MS = 600;

  function start() {
    const area = document.querySelector("textarea[data-lint-url]");
    const wrapper = area && area.form.querySelector(".CodeMirror");
    if (!wrapper) return;
    const editor = wrapper.CodeMirror;
    const title = area.form.elements.title;
    const panel = document.createElement("section");
    panel.className = "kb-live-lint";
    panel.setAttribute("aria-label", "What the linter finds");
    const summary = document.createElement("p");
    summary.className = "kb-note";
    summary.setAttribute("role", "status");
    const list = document.createElement("ol");
    list.className = "kb-findings";
    panel.append(summary, list);
    wrapper.closest(".EasyMDEContainer").after(panel);
    const guide = document.getElementById("kb-voice-guide"); // below the form where scripts do not run
    if (guide) panel.after(guide);
    let timer = 0;
    let asked = 0;
    let marks = [];

    function goTo(finding) {
      if (finding.line === 0) return title.focus();
      editor.focus();
      editor.setCursor({ line: finding.line - 1, ch: finding.column - 1 });
      editor.scrollIntoView(null, 120);
    }

    function apply(fix) {
      editor.replaceRange(fix.text, editor.posFromIndex(fix.start), editor.posFromIndex(fix.end), "+lint");
      editor.focus();
    }

    function item(finding) {
      const row = document.createElement("li");
      row.className = "kb-finding kb-" + finding.severity;
      const place = document.createElement("button");
      place.type = "button";
      place.className = "kb-place";
      place.textContent = finding.line ? "line " + finding.line : "title";
      place.addEventListener("click", () => goTo(finding));
      const rule = document.createElement("span");
      rule.className = "kb-rule";
      rule.textContent = finding.rule;
      const text = document.createElement("span");
      text.textContent = finding.message;
      row.append(rule, place, text);
      if (finding.fix) {
        const fix = document.createElement("button");
        fix.type = "button";
        fix.className = "kb-small-button";
        fix.textContent = finding.fix.label;
        fix.addEventListener("click", () => apply(finding.fix));
        row.append(fix);
      }
      return row;
    }

    function mark(finding) {
      const line = finding.line - 1;
      if (line < 0 || line >= editor.lineCount()) return;
      const from = { line, ch: finding.column - 1 };
      const to = { line, ch: editor.getLine(line).length };
      const options = { className: "kb-mark-" + finding.severity, title: finding.message };
      marks.push(editor.markText(from, to, options));
    }

    function show(data) {
      marks.forEach((old) => old.clear());
      marks = [];
      list.replaceChildren(...data.findings.map(item));
      editor.operation(() => data.findings.forEach(mark));
      const { error, warning, info } = data.counts;
      summary.textContent = data.findings.length
        ? `The linter finds ${error} errors, ${warning} warnings, ${info} notes.`
        : "The linter finds nothing to mend.";
    }

    async function ask() {
      const number = ++asked;
      try {
        const answer = await fetch(area.dataset.lintUrl, {
          method: "POST",
          headers: { "X-CSRFToken": area.form.elements.csrfmiddlewaretoken.value },
          body: new URLSearchParams({
            article: area.dataset.article || "",
            title: title.value,
            body: editor.getValue(),
          }),
        });
        const data = await answer.json();
        if (number !== asked) return; // a newer text has been asked for
        if (answer.ok) show(data);
        else summary.textContent = data.message;
      } catch (error) {
        if (number === asked) summary.textContent = "The linter cannot be reached now. Your text is safe.";
      }
    }

    function later() {
      window.clearTimeout(timer);
      timer = window.setTimeout(ask, PAUSE_MS);
    }

    editor.on("change", later);
    title.addEventListener("input", later);
    if (editor.getValue().trim()) ask();
    else summary.textContent = "The linter looks at the text while you write.";
  }

  document.addEventListener("DOMContentLoaded", () => window.setTimeout(start, 0)); // after the editor is there
})();
