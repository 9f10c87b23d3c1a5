"use strict";
// The right of the desk: one case with its conversation and its packet. Everything comes from customers and other
// systems: it is only ever set as text. Sends nothing (see desk.js).
window.DeskCase = class {
  constructor(root) {
    this.part = (name) => root.querySelector(`[data-part=${name}]`);
    this.shown = null;
  }

  static el(tag, attributes = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value === null || value === false) continue;
      if (name === "text") node.textContent = value;
      else if (name === "class") node.className = value;
      else node.setAttribute(name, value === true ? "" : value);
    }
    node.append(...children);
    return node;
  }

  static time(at) {
    const moment = new Date(at);
    if (Number.isNaN(moment.getTime())) return "";
    const today = moment.toDateString() === new Date().toDateString();
    const clock = moment.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    return today ? clock : `${moment.toLocaleDateString([], { day: "numeric", month: "short" })}, ${clock}`;
  }

  show(one) {
    this.shown = one;
    this.known = new Set();
    this.head(one);
    this.packet(one);
    const lines = [
      ...one.transcript.map((line) => ({ at: line.at, node: () => this.line(line.role, line.by, line.text, line.at) })),
      ...one.messages.map((message) => ({ at: message.sent_at, node: () => this.message(message) })),
      ...one.moves.map((move) => ({ at: move.at, node: () => this.move(move) })),
    ];
    lines.sort((a, b) => new Date(a.at) - new Date(b.at));
    this.part("log").replaceChildren(...lines.map((line) => line.node()).filter(Boolean));
  }

  // Add what is new; return the customer's messages among it.
  add(messages) {
    const log = this.part("log");
    const near = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
    const nodes = messages.map((message) => this.message(message)).filter(Boolean);
    log.append(...nodes);
    if (nodes.length && near) this.toEnd();
    return messages.filter((one) => one.sender === "customer");
  }

  // Once the log is visible: what is hidden does not scroll.
  toEnd() {
    const log = this.part("log");
    log.scrollTop = log.scrollHeight;
  }

  head(one) {
    const { el } = DeskCase;
    this.part("title").textContent = one.wants.label || "What the customer wants is not known";
    const tags = [el("span", { class: `sa-tag ${one.why.kind === "hard" ? "bad" : "info"}`, text: one.reason })];
    if (!one.complete) tags.push(el("span", { class: "sa-tag warn", text: "packet incomplete" }));
    if (one.team) tags.push(el("span", { class: "sa-tag", text: one.team }));
    const open = one.state === "queued" || one.state === "requested";
    const state = open ? "Waiting" : one.state === "accepted" ? `With ${one.mine ? "you" : one.holder}` : one.outcome || one.state_label;
    tags.push(el("span", { class: `sa-tag ${open ? "warn" : one.state === "accepted" ? "good" : ""}`, text: state }));
    if (open) tags.push(el("span", { class: "dk-wait", "data-since": one.requested_at, "data-until": one.promised_until, "data-minutes": one.promised_minutes }));
    this.part("tags").replaceChildren(...tags);
  }

  message(message) {
    if (this.known.has(message.id)) return null;
    this.known.add(message.id);
    return this.line(message.sender, message.sent_by, message.text, message.sent_at);
  }

  line(role, by, text, at) {
    const { el, time } = DeskCase;
    const who = { customer: "Customer", agent: "Agent (bot)" }[role] || by || "A person";
    return el(
      "li",
      { class: `dk-line ${role}` },
      el("p", { class: "dk-who" }, el("b", { text: who }), " ", el("time", { datetime: at, text: time(at) })),
      el("div", { class: "dk-text", dir: "auto", text }),
    );
  }

  move(move) {
    const { el, time } = DeskCase;
    return el("li", { class: "dk-move" }, el("span", { text: `${move.text} · ` }), el("time", { datetime: move.at, text: time(move.at) }));
  }

  packet(one) {
    const sections = [
      this.missing(one),
      this.glance(one),
      this.section("What the customer wants", this.wants(one)),
      this.section("Why a person", this.why(one)),
      this.section("Collected", one.data.length ? one.data.map((entry) => this.data(entry)) : [this.none("Nothing was collected or looked up.")]),
      this.section("Customer", [this.facts(one.customer)]),
      this.section("Already tried", [this.tried(one)]),
      this.section("Articles", [this.articles(one)]),
    ];
    if (one.note) sections.unshift(this.section("Note at the end", [DeskCase.el("p", { class: "dk-text", text: one.note })]));
    this.part("packet").replaceChildren(...sections.filter(Boolean));
  }

  section(title, children) {
    return DeskCase.el("section", { class: "dk-section" }, DeskCase.el("h3", { text: title }), ...children);
  }

  none(text) {
    return DeskCase.el("p", { class: "sa-note", text });
  }

  missing(one) {
    if (one.complete) return null;
    const { el } = DeskCase;
    return el("section", { class: "dk-section dk-missing" }, el("h3", { text: "Missing from the packet" }), el("p", { text: one.missing.join(", ") || "unknown" }));
  }

  // What people ask again most often stands first.
  glance(one) {
    const known = one.contact_email ? [["Answer to", one.contact_email], ...one.glance] : one.glance;
    return known.length ? this.section("No need to ask", [this.facts(known)]) : null;
  }

  wants(one) {
    const { el } = DeskCase;
    const main = one.wants.label ? [el("b", { text: one.wants.label }), `, ${one.wants.note}`] : [`Not known: ${one.wants.note}`];
    const lines = [el("p", {}, ...main)];
    const others = one.wants.alternatives.map((other) => `${other.label} ${other.share}`);
    if (others.length) lines.push(el("p", { class: "sa-note", text: `Or: ${others.join(", ")}` }));
    return lines;
  }

  why(one) {
    const { el } = DeskCase;
    const lines = [el("p", { text: one.reason })];
    if (one.why.words) lines.push(el("p", {}, "Set off by ", el("q", { text: one.why.words })));
    if (one.rule) lines.push(el("p", { text: one.rule }));
    lines.push(el("p", { class: "sa-note", text: `${one.why.kind} trigger: ${one.why.trigger}; ${one.why.rule}` }));
    return lines;
  }

  data(entry) {
    const { el, time } = DeskCase;
    return el("div", { class: "dk-data" }, el("p", { class: "sa-note", text: `${entry.source} · ${time(entry.at)}` }), this.facts(entry.values));
  }

  facts(pairs) {
    const { el } = DeskCase;
    return el("dl", { class: "dk-facts" }, ...pairs.flatMap(([name, value]) => [el("dt", { text: name }), el("dd", { text: value, dir: "auto" })]));
  }

  tried(one) {
    const { el, time } = DeskCase;
    if (!one.tried.length) return this.none("Nothing.");
    return el(
      "ol",
      { class: "dk-steps" },
      ...one.tried.map((step) =>
        el(
          "li",
          { class: step.failed ? "failed" : "" },
          el("span", { text: step.outcome ? `${step.what}: ${step.outcome}` : step.what }),
          step.detail ? el("span", { class: "sa-note", text: ` ${step.detail}` }) : "",
          " ",
          el("time", { datetime: step.at, text: time(step.at) }),
        ),
      ),
    );
  }

  articles(one) {
    const { el } = DeskCase;
    if (!one.articles.length) return this.none("None was found.");
    return el(
      "ul",
      { class: "dk-steps" },
      ...one.articles.map((article) =>
        el(
          "li",
          {},
          article.url ? el("a", { href: article.url, target: "_blank", rel: "noopener noreferrer", text: article.title }) : el("span", { text: article.title }),
          " ",
          el("span", { class: `sa-tag ${article.shown ? "good" : ""}`, text: article.shown ? "shown to the customer" : "found, not shown" }),
          article.score ? el("span", { class: "sa-note", text: ` ${article.score}` }) : "",
        ),
      ),
    );
  }
};
