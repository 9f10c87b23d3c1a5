"use strict";
// Beside the steps: what the checks say, the picture, and a conversation with the flow as it stands. It hears of
// changes ("flow:changed") and asks the server, which keeps nothing.
document.addEventListener("DOMContentLoaded", () => {
  const root = document.getElementById("flow-editor");
  if (!root) return;
  const PAUSE_MS = 400;
  const data = JSON.parse(document.getElementById("flow-data").textContent);
  const token = document.querySelector("[name=csrfmiddlewaretoken]")?.value || "";
  const general = document.getElementById("flow-general");
  const problem = document.getElementById("flow-problem");
  const picture = document.getElementById("flow-picture");
  const log = document.getElementById("flow-log");
  const message = document.getElementById("flow-message");
  const slots = document.getElementById("flow-slots");
  let definition = data.definition;
  let findings = [];
  let step = "";
  let position = null;
  let timer = 0;
  let asked = 0;

  async function post(url, body) {
    const response = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": token },
      body: JSON.stringify(body),
    });
    const answer = await response.json().catch(() => ({}));
    if (!response.ok) throw new Error(answer.message || "The server did not answer. What you typed is still here; try again in a moment.");
    return answer;
  }

  function line(finding) {
    const item = document.createElement("li");
    item.className = "fl-" + finding.level;
    const name = document.createElement("strong");
    name.textContent = finding.level === "error" ? "Error" : "Warning";
    item.append(name, " " + finding.message + " " + finding.fix);
    return item;
  }

  function showFindings() {
    general.replaceChildren(...findings.filter((one) => !one.step).map(line));
    for (const item of document.querySelectorAll("#flow-steps > li")) {
      const own = findings.filter((one) => one.step === item.dataset.step);
      item.querySelector(".fl-findings").replaceChildren(...own.map(line));
      item.classList.toggle("fl-has-error", own.some((one) => one.level === "error"));
    }
    mark();
  }

  function mark() {
    for (const item of document.querySelectorAll("[data-step]")) item.classList.toggle("fl-here", item.dataset.step === step);
    for (const box of picture.querySelectorAll("[data-step]")) {
      box.classList.toggle("fl-wrong", findings.some((one) => one.step === box.dataset.step && one.level === "error"));
    }
  }

  async function check() {
    const number = ++asked;
    try {
      const answer = await post(data.check, { definition, intent: data.intent });
      if (number !== asked) return; // a newer text has been asked about
      problem.hidden = !answer.problem;
      problem.textContent = answer.problem;
      if (answer.problem) return;
      findings = answer.findings;
      picture.innerHTML = answer.picture; // a template of the server's, every text in it escaped
    } catch (error) {
      if (number !== asked) return;
      problem.hidden = false;
      problem.textContent = error.message;
    }
    showFindings();
  }

  document.addEventListener("flow:changed", (event) => {
    definition = event.detail.definition;
    window.clearTimeout(timer);
    timer = window.setTimeout(check, PAUSE_MS);
  });
  document.addEventListener("flow:rendered", showFindings);

  function add(kind, content) {
    const bubble = document.createElement("div");
    bubble.className = "fl-bubble fl-" + kind;
    if (content.html !== undefined) bubble.innerHTML = content.html; // sanitised on the server
    else bubble.textContent = content.text;
    log.append(bubble);
    log.scrollTop = log.scrollHeight;
  }

  function fact(name, value) {
    const term = document.createElement("dt");
    const detail = document.createElement("dd");
    term.textContent = name;
    detail.textContent = value;
    slots.append(term, detail);
  }

  function showAnswer(answer) {
    for (const one of answer.actions) add("note", { text: one.action + ": " + one.state.replace("_", " ") + ". " + one.message });
    for (const html of answer.html) add("agent", { html });
    const ends = { resolved: "The flow ends: resolved.", escalated: "A person takes over: " + answer.reason, tool_failure: "A person takes over: " + answer.reason, cancelled: "The customer called it off." };
    if (answer.outcome) add("note", { text: ends[answer.outcome] });
    position = answer.state;
    step = answer.step;
    slots.replaceChildren();
    for (const [name, value] of Object.entries(answer.slots)) fact(name, value);
    if (answer.missing.length) fact("Still missing", answer.missing.join(", "));
    mark();
  }

  function restart() {
    position = null;
    step = "";
    log.replaceChildren();
    slots.replaceChildren();
    mark();
  }

  document.getElementById("flow-say").addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = message.value.trim();
    if (!text) return;
    if (position === null) restart();
    message.value = "";
    add("customer", { text });
    try {
      showAnswer(await post(data.simulate, { definition, message: text, state: position, actions: document.getElementById("flow-outcome").value }));
    } catch (error) {
      add("note", { text: error.message });
      message.value = text;
    }
    message.focus();
  });
  document.getElementById("flow-restart").addEventListener("click", () => { restart(); message.focus(); });
  document.getElementById("flow-try").hidden = false;
});
