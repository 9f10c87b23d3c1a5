"use strict";
// The demo chat: sends what the customer writes with the page and persona, shows what the agent decides, and keeps
// the customer in touch with the person who takes over. The conversation outlives a reload of the page.
(() => {
  const byId = (id) => document.getElementById(id);
  const form = byId("form");
  const field = byId("message");
  const starters = byId("starters");
  const pageSelect = byId("page");
  const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
  const pageButtons = [...document.querySelectorAll("[data-path]")];
  const STORE = "demo-chat-conversation";
  let conversation = null;
  let handoffTurn = null; // the turn that led to the person: what the stars are given to
  let state = "open";
  let agent = null;
  let after = 0;
  let page = pageSelect.value;
  let sending = { text: "", key: "" };
  let sent = Promise.resolve(); // the message that is on its way: news waits, so as not to show it twice

  const log = new window.ChatLog({ log: byId("log"), rate: (rating) => post(form.dataset.feedback, rating) });
  const polling = new window.Polling({
    url: () => `${form.dataset.news}?conversation=${conversation}&after=${after}`,
    onNews: news,
    onLost: (message, seconds) => connection(`Connection lost. ${message} Trying again in ${seconds} s.`),
    onBack: () => connection(""),
  });

  function connection(text) {
    byId("connection").textContent = text;
    byId("connection").hidden = !text;
  }

  function moveTo(path) {
    page = path;
    pageSelect.value = path;
    for (const button of pageButtons) {
      const here = button.dataset.path === path;
      button.toggleAttribute("aria-current", here);
      if (here) {
        button.setAttribute("aria-current", "page");
        byId("where").textContent = "You are on " + button.dataset.name;
      }
    }
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

  function remember(id) {
    if (id !== conversation) after = 0;
    conversation = id;
    try {
      if (id) sessionStorage.setItem(STORE, id);
      else sessionStorage.removeItem(STORE);
    } catch {
      // private mode: the conversation lasts as long as the page
    }
  }

  // Who has the conversation
  const withPeople = () => state === "waiting_for_human" || state === "with_human";

  async function news(found) {
    await sent;
    log.checked(found.replies);
    if (found.handoff_id === null) return poll();
    for (const message of found.messages) log.message(message);
    after = Math.max(after, found.next_after);
    hands(found.state, found.agent, found.handoff_state);
  }

  function hands(newState, newAgent, handoffState) {
    if (newState === "with_human") log.joined(newAgent);
    if (newState === "waiting_for_human" && state === "with_human") log.note(`${agent} has left. The next person will be with you as soon as possible.`);
    if (newState !== "with_human") log.person = null;
    if (newState === "open" && withPeople() && handoffState === "returned") log.note("You're back with the agent.");
    if (newState === "closed" && state !== "closed") {
      log.note(`${newAgent || "A person"} has marked this as resolved. What you write now begins a new conversation.`);
      if (handoffTurn) log.stars(handoffTurn);
    }
    state = newState;
    agent = newState === "with_human" ? newAgent : agent;
    byId("who").textContent = { waiting_for_human: "Waiting for a person", with_human: `With ${agent}`, closed: "Resolved" }[state] || "";
    field.placeholder = withPeople() ? (state === "with_human" ? `Write to ${agent}…` : "Add something for the person who comes…") : "Write a message…";
    poll();
  }

  // Ask for news while somebody may write or let a reply through.
  function poll() {
    if (conversation && (withPeople() || log.checking.size)) polling.stopped && polling.start();
    else polling.stop();
  }

  function answered(answer) {
    if (answer.conversation_id !== conversation) {
      if (conversation) log.note("A new conversation has begun.");
      remember(answer.conversation_id);
      handoffTurn = null;
    }
    if (answer.to === "person") {
      log.known.add(answer.message_id);
      hands(withPeople() ? state : "waiting_for_human", agent, null);
      polling.now();
      return;
    }
    log.agent(answer);
    if (answer.handoff) {
      handoffTurn = answer.turn_id;
      log.note("A person takes over now; you can go on writing meanwhile. The agent stays silent. (Support sees this at Step 4 · Handoff desk, with everything said so far.)");
    }
    hands(answer.handoff ? "waiting_for_human" : "open", null, null);
  }

  function send(text) {
    sent = deliver(text);
    return sent;
  }

  async function deliver(text) {
    starters.hidden = true;
    const shown = log.add("customer", { text });
    const button = form.querySelector("[type=submit]");
    button.disabled = true;
    const typing = withPeople() ? null : log.add("typing", { text: "…" });
    if (sending.text !== text) sending = { text, key: window.newMessageKey() };
    try {
      const answer = await post(form.action, {
        text, page, conversation_id: conversation, key: sending.key,
        user_type: byId("user-type").value, tier: byId("tier").value,
      });
      sending = { text: "", key: "" };
      typing?.remove();
      answered(answer);
    } catch (error) {
      typing?.remove();
      shown.remove();
      if (!field.value) field.value = text; // nothing that was typed is lost
      log.note(`Not sent: ${error.message}`);
    }
    button.disabled = false;
    field.focus();
  }

  async function resume() {
    let kept = null;
    try {
      kept = sessionStorage.getItem(STORE);
    } catch {
      return;
    }
    if (!kept) return;
    const response = await fetch(`${form.dataset.history}?conversation=${encodeURIComponent(kept)}`, { cache: "no-store" }).catch(() => null);
    if (!response) return log.note("The server is away. Reload the page to go on with your conversation.");
    if (!response.ok) return remember(null);
    const found = await response.json();
    remember(kept);
    starters.hidden = true;
    for (const line of found.lines) {
      if (line.kind === "customer") log.add("customer", { text: line.text });
      else if (line.kind === "message") log.message(line);
      else log.agent(line);
      if (line.handoff) handoffTurn = line.turn_id;
    }
    after = found.next_after;
    hands(found.state, found.agent, found.handoff_state);
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (!text || form.querySelector("[type=submit]").disabled) return;
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
  byId("restart").addEventListener("click", () => {
    remember(null);
    handoffTurn = null;
    state = "open";
    hands("open", null, null);
    log.clear();
    starters.hidden = false;
    field.focus();
  });
  resume();
})();
