"use strict";
// Beside a scenario's text: what is wrong with it as one types, a trial of it as it stands, and a form that adds a
// step. The text is the scenario; this writes into it and asks the server, which keeps nothing.
document.addEventListener("DOMContentLoaded", () => {
  const root = document.getElementById("sm-editor");
  const text = document.getElementById("id_text");
  if (!root || !text) return;
  const PAUSE_MS = 400;
  const data = JSON.parse(document.getElementById("sm-data").textContent);
  const token = document.querySelector("[name=csrfmiddlewaretoken]")?.value || "";
  const state = document.getElementById("sm-state");
  const problems = document.getElementById("sm-problems");
  const result = document.getElementById("sm-result");
  const tryButton = document.getElementById("sm-try");
  // The trial stands beside the text where there is room.
  const fields = text.closest("fieldset");
  if (fields) {
    const columns = document.createElement("div");
    columns.className = "sm-columns sa-page";
    fields.before(columns);
    columns.append(fields, document.getElementById("sm-try-card"));
    root.querySelector(".sa-span-6").classList.remove("sa-span-6"); // what is left has the row to itself
  }
  let timer = 0;
  let asked = 0;

  const counted = (number) => `${number} ${number === 1 ? "check" : "checks"}`;

  async function post(url) {
    const response = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": token },
      body: JSON.stringify({ text: text.value }),
    });
    const answer = await response.json().catch(() => ({}));
    if (!response.ok && !answer.problems) throw new Error(answer.message || "The server did not answer. What you typed is still here; try again in a moment.");
    return answer;
  }

  function goTo(line) {
    const lines = text.value.split("\n");
    const start = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
    text.focus();
    text.setSelectionRange(start, start + (lines[line - 1] || "").length);
  }

  function showProblems(found) {
    problems.replaceChildren(
      ...found.map((one) => {
        const item = document.createElement("li");
        if (one.line) {
          const button = document.createElement("button");
          button.type = "button";
          button.textContent = `Line ${one.line}`;
          button.addEventListener("click", () => goTo(one.line));
          item.append(button);
        }
        item.append(one.message);
        return item;
      }),
    );
  }

  async function check() {
    const number = ++asked;
    try {
      const answer = await post(data.check);
      if (number !== asked) return; // a newer text has been asked about
      showProblems(answer.problems);
      state.textContent = answer.problems.length ? "Cannot be read yet" : answer.checks ? counted(answer.checks) : "Nothing is checked yet";
    } catch (error) {
      if (number === asked) state.textContent = error.message;
    }
  }

  async function tryIt() {
    if (!tryButton || tryButton.disabled) return;
    tryButton.disabled = true;
    state.textContent = "Playing …";
    try {
      const answer = await post(data.try);
      if (answer.problems) {
        showProblems(answer.problems);
        state.textContent = "Cannot be read yet";
      } else {
        showProblems([]);
        result.innerHTML = answer.html; // a template of the server's, every text in it escaped
        state.textContent = answer.passed ? (answer.checks ? `Passed: ${counted(answer.checks)}` : "Played; nothing is checked") : "Failed";
      }
    } catch (error) {
      state.textContent = error.message;
    }
    tryButton.disabled = false;
  }

  text.addEventListener("input", () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(check, PAUSE_MS);
  });
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      tryIt();
    }
  });
  tryButton?.addEventListener("click", tryIt);
  check();

  const form = document.getElementById("sm-add");
  const field = (name) => document.getElementById(`sm-${name}`);
  function option(value, label) {
    const one = document.createElement("option");
    one.value = value;
    one.textContent = label;
    return one;
  }
  field("decision").append(...data.decisions.map((one) => option(one, one.replaceAll("_", " "))));
  field("intent").append(...data.intents.map(([slug, label]) => option(slug, label)));
  field("called").append(...data.actions.map((one) => option(one, one)));
  form.hidden = false;

  // A step goes behind the last one: before the first line after “steps:” that is not set in.
  function insert(lines) {
    const all = text.value.replace(/\s+$/, "").split("\n");
    const steps = all.findIndex((line) => /^steps:\s*$/.test(line));
    if (steps < 0) return false;
    let end = all.findIndex((line, number) => number > steps && /^[^\s#-]/.test(line));
    if (end < 0) end = all.length;
    all.splice(end, 0, ...lines);
    text.value = all.join("\n") + "\n";
    return true;
  }
  field("add-step").addEventListener("click", () => {
    const say = field("say").value.trim();
    if (!say) {
      field("say").focus();
      return;
    }
    const lines = text.value.match(/^- /m) ? [`- say: ${JSON.stringify(say)}`] : [`  - say: ${JSON.stringify(say)}`];
    const inset = lines[0].startsWith("-") ? "  " : "    ";
    const checks = [["decision", field("decision").value], ["intent", field("intent").value], ["reply_contains", field("contains").value.trim()], ["called", field("called").value]].filter(([, value]) => value);
    if (checks.length) lines.push(`${inset}expect:`, ...checks.map(([name, value]) => `${inset}  ${name}: ${JSON.stringify(value)}`));
    if (!insert(lines)) {
      state.textContent = "The text has no line “steps:” to add to.";
      return;
    }
    for (const name of ["say", "decision", "intent", "contains", "called"]) field(name).value = "";
    text.dispatchEvent(new Event("input", { bubbles: true }));
    field("say").focus();
  });
});
