"use strict";
// The demo chat: sends what the customer writes with the page and persona, shows what the agent decides.
(() => {
  const form = document.getElementById("form");
  const field = document.getElementById("message");
  const log = document.getElementById("log");
  const starters = document.getElementById("starters");
  const pageSelect = document.getElementById("page");
  const where = document.getElementById("where");
  const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
  const pageButtons = [...document.querySelectorAll("[data-path]")];
  let conversation = null;
  let page = pageSelect.value;

  function moveTo(path) {
    page = path;
    pageSelect.value = path;
    for (const button of pageButtons) {
      const here = button.dataset.path === path;
      button.toggleAttribute("aria-current", here);
      if (here) {
        button.setAttribute("aria-current", "page");
        where.textContent = "You are on " + button.dataset.name;
      }
    }
  }

  function add(kind, content) {
    const message = document.createElement("div");
    message.className = "msg " + kind;
    const bubble = document.createElement("div");
    bubble.className = "bubble";
    if (content.html !== undefined) bubble.innerHTML = content.html; // sanitised on the server
    else bubble.textContent = content.text;
    message.append(bubble);
    log.append(message);
    log.scrollTop = log.scrollHeight;
    return message;
  }

  async function post(url, data) {
    const response = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": token },
      body: JSON.stringify(data),
    });
    const body = await response.json().catch(() => ({}));
    if (!response.ok) throw new Error(body.message || "The server did not answer. Try again in a moment.");
    return body;
  }

  function addSources(message, answer) {
    const line = document.createElement("div");
    line.className = "sources";
    if (answer.citations.length) {
      const from = document.createElement("span");
      from.textContent = "From: " + answer.citations.map((c) => c.title).join(" · ");
      line.append(from);
    }
    for (const rating of ["up", "down"]) {
      const button = document.createElement("button");
      button.type = "button";
      const icon = document.createElement("span");
      icon.className = "material-symbols-outlined";
      icon.setAttribute("aria-hidden", "true");
      icon.textContent = "thumb_" + rating;
      button.append(icon);
      button.setAttribute("aria-label", rating === "up" ? "This helped" : "This did not help");
      button.setAttribute("aria-pressed", "false");
      button.addEventListener("click", async () => {
        try {
          await post(form.dataset.feedback, { turn_id: answer.turn_id, rating });
          for (const other of line.querySelectorAll("button")) other.setAttribute("aria-pressed", String(other === button));
        } catch (error) { add("note", { text: error.message }); }
      });
      line.append(button);
    }
    message.append(line);
    log.scrollTop = log.scrollHeight;
  }

  async function send(text) {
    starters.hidden = true;
    starters.style.display = "none";
    add("customer", { text });
    const button = form.querySelector("[type=submit]");
    button.disabled = true;
    const typing = add("typing", { text: "…" });
    try {
      const answer = await post(form.action, {
        text, page, conversation_id: conversation,
        user_type: document.getElementById("user-type").value, tier: document.getElementById("tier").value,
      });
      conversation = answer.conversation_id;
      typing.remove();
      addSources(add("agent", { html: answer.html }), answer);
      if (answer.handoff) add("note", { text: "A person takes over now: the agent stays silent in this conversation. Support sees it under Step 4 · Handoffs, with everything said so far." });
    } catch (error) {
      typing.remove();
      add("note", { text: error.message });
    }
    button.disabled = false;
    field.focus();
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (!text) return;
    field.value = "";
    send(text);
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); form.requestSubmit(); }
  });
  for (const button of pageButtons) button.addEventListener("click", () => moveTo(button.dataset.path));
  pageSelect.addEventListener("change", () => moveTo(pageSelect.value));
  for (const button of starters.querySelectorAll("button")) button.addEventListener("click", () => send(button.textContent));
  moveTo(page);
  document.getElementById("restart").addEventListener("click", () => {
    conversation = null;
    for (const message of [...log.children].slice(1)) message.remove();
    starters.hidden = false;
    starters.style.display = "";
    field.focus();
  });
})();
