"use strict";
// The lines of the demo chat. What people write is only ever set as text; the agent's replies are HTML that the
// server has sanitised. Sends nothing but ratings (see chat.js).
window.ChatLog = class {
  constructor({ log, rate }) {
    this.log = log;
    this.rate = rate;
    this.known = new Set(); // ids of messages that are shown
    this.person = null; // who has joined
    this.checking = new Map(); // turn → the line that says that a person checks its reply
  }

  clear() {
    for (const message of [...this.log.children].slice(1)) message.remove();
    this.known.clear();
    this.checking.clear();
    this.person = null;
  }

  add(kind, content) {
    const message = document.createElement("div");
    message.className = "msg " + kind;
    if (content.who) {
      const who = document.createElement("span");
      who.className = "who";
      who.textContent = content.who;
      message.append(who);
    }
    const bubble = document.createElement("div");
    bubble.className = "bubble";
    bubble.dir = "auto";
    if (content.html !== undefined) bubble.innerHTML = content.html; // sanitised on the server
    else bubble.textContent = content.text;
    message.append(bubble);
    this.log.append(message);
    this.log.scrollTop = this.log.scrollHeight;
    return message;
  }

  note(text) {
    return this.add("note", { text });
  }

  agent(answer) {
    if (!answer.html) return this.unsent(answer);
    const message = this.add("agent", { html: answer.html });
    if (!answer.handoff) this.sources(message, answer);
    return message;
  }

  // A reply that people check first, or one that nobody sends.
  unsent(answer) {
    if (answer.mode === "shadow") this.note(answer.decision === "not_in_pilot" ? "(Not in the pilot’s scope: people answer this.)" : "(Shadow mode: the agent only drafts. People answer, nothing is sent from here.)");
    else if (answer.checked === "not_sent") this.note("Somebody from support will write to you.");
    else if (!answer.handoff) this.checking.set(answer.turn_id, this.note("A person checks the reply; it comes in a moment …"));
  }

  // What became of the replies that people check.
  checked(replies) {
    for (const reply of replies) {
      const line = this.checking.get(reply.turn_id);
      if (!line || reply.checked === "waiting") continue;
      this.checking.delete(reply.turn_id);
      line.remove();
      if (reply.checked === "sent") this.agent(reply);
      else this.unsent(reply);
    }
  }

  joined(name) {
    if (this.person === name) return;
    this.person = name;
    this.note(`${name} joined.`);
  }

  // One message of a person or the customer, unless it is shown already.
  message(one) {
    if (this.known.has(one.id)) return;
    this.known.add(one.id);
    if (one.sender === "customer") {
      this.add("customer", { text: one.text });
      return;
    }
    if (one.sender === "agent") {
      this.note(one.text);
      return;
    }
    this.joined(one.sent_by);
    this.add("person", { text: one.text, who: one.sent_by });
  }

  sources(message, answer) {
    const line = document.createElement("div");
    line.className = "sources";
    if (answer.citations.length) {
      const from = document.createElement("span");
      from.textContent = "From: " + answer.citations.map((c) => c.title).join(" · ");
      line.append(from);
    }
    for (const rating of ["up", "down"]) {
      const icon = document.createElement("span");
      icon.className = "material-symbols-outlined";
      icon.setAttribute("aria-hidden", "true");
      icon.textContent = "thumb_" + rating;
      line.append(this.rater(line, icon, rating === "up" ? "This helped" : "This did not help", { turn_id: answer.turn_id, rating }));
    }
    message.append(line);
    this.log.scrollTop = this.log.scrollHeight;
  }

  stars(turnId) {
    const message = this.note("How was it?");
    const line = document.createElement("div");
    line.className = "sources stars";
    for (let csat = 1; csat <= 5; csat += 1) {
      const label = document.createElement("span");
      label.textContent = `${csat} ★`;
      label.setAttribute("aria-hidden", "true");
      line.append(this.rater(line, label, `${csat} of 5 stars`, { turn_id: turnId, csat }));
    }
    message.append(line);
    this.log.scrollTop = this.log.scrollHeight;
  }

  rater(line, content, label, rating) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(content);
    button.setAttribute("aria-label", label);
    button.setAttribute("aria-pressed", "false");
    button.addEventListener("click", async () => {
      try {
        await this.rate(rating);
        for (const other of line.querySelectorAll("button")) other.setAttribute("aria-pressed", String(other === button));
      } catch (error) {
        this.note(error.message);
      }
    });
    return button;
  }
};
