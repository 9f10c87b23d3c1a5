"use strict";
// The desk of human agents: lists that stay live, one open case, and what a person does to it.
// Texts come from customers: they are only ever set as text, never as HTML.
(() => {
  const root = document.getElementById("desk");
  if (!root) return;
  const data = JSON.parse(document.getElementById("desk-data").textContent);
  const byId = (id) => document.getElementById(id);
  const token = root.querySelector("[name=csrfmiddlewaretoken]").value;
  const { el } = window.DeskCase;
  const view = new window.DeskCase(root);
  const reply = byId("desk-reply");
  const title = document.title.trim();
  const listNames = ["waiting", "mine", "colleagues", "finished"];
  const order = () => [...root.querySelectorAll("[data-case]")].map((link) => Number(link.dataset.case));
  let lists = null;
  let openId = null;
  let opened = null; // the case as it was loaded
  let after = 0;
  let busy = false;
  let sending = { id: 0, text: "", key: "" }; // the reply that is on its way

  const polling = new window.Polling({
    url: () => `${data.urls.state}${openId && opened ? `?case=${openId}&after=${after}` : ""}`,
    onNews: news,
    onLost: (message, seconds) => connection(`Connection lost. ${message} Trying again in ${seconds} s.`),
    onBack: () => connection(""),
    hiddenMs: 30_000, // the tab's title goes on telling who waits
  });

  function connection(text) {
    byId("desk-connection").textContent = text;
    byId("desk-connection").hidden = !text;
  }

  function say(text) {
    byId("desk-live").textContent = text;
  }

  function problem(text) {
    byId("desk-problem").textContent = text;
  }

  // Lists
  async function news(state) {
    announce(state);
    lists = state;
    for (const name of listNames) showList(name, state[name]);
    byId("desk-more").textContent = state.waiting_total > state.waiting.length ? `${state.waiting_total - state.waiting.length} more wait behind these.` : "";
    tick();
    if (state.case && state.case.id === openId && opened) await caseNews(state.case);
  }

  function announce(state) {
    const waiting = state.waiting_total;
    const answers = state.mine.filter((one) => one.customer_waits).length;
    document.title = `${waiting ? `(${waiting}) ` : ""}${answers ? "● " : ""}${title}`;
    if (!lists) return;
    const known = new Set(listNames.flatMap((name) => lists[name].map((one) => one.id)));
    const fresh = state.waiting.filter((one) => !known.has(one.id));
    if (fresh.length) say(fresh.length === 1 ? `A new case waits: ${fresh[0].reason}. ${fresh[0].excerpt}` : `${fresh.length} new cases wait.`);
  }

  function showList(name, cases) {
    const list = root.querySelector(`[data-list=${name}]`);
    const count = root.querySelector(`[data-count=${name}]`);
    count.textContent = name === "waiting" ? lists.waiting_total : cases.length;
    root.querySelector(`[data-section=${name}]`).hidden = !cases.length && name !== "waiting";
    byId("desk-empty").hidden = Boolean(lists.waiting.length);
    const now = JSON.stringify(cases);
    if (list.dataset.shown === now) return;
    list.dataset.shown = now;
    const focused = document.activeElement?.closest?.("[data-case]")?.dataset.case;
    list.replaceChildren(...cases.map((one) => caseLine(one, name)));
    markOpen();
    if (focused && document.activeElement === document.body) list.querySelector(`[data-case="${focused}"]`)?.focus();
  }

  function caseLine(one, name) {
    const link = el("a", { class: "dk-case", href: `?case=${one.id}`, "data-case": one.id });
    const top = el("span", { class: "dk-top" }, el("span", { class: `sa-tag ${one.hard ? "bad" : "info"}`, text: one.reason }));
    if (name === "waiting") top.append(el("span", { class: "dk-wait", "data-since": one.requested_at, "data-until": one.promised_until, "data-minutes": one.promised_minutes }));
    else if (name === "finished") top.append(el("span", { class: "sa-note", text: `${one.end} · ${window.DeskCase.time(one.finished_at)}` }));
    else if (name === "colleagues") top.append(el("span", { class: "sa-note", text: `with ${one.holder}` }));
    else if (one.customer_waits) top.append(el("span", { class: "sa-tag warn", text: one.messages ? "the customer wrote" : "awaits your first reply" }));
    const facts = [one.team, one.intent, one.tier, one.customer || "anonymous", one.channel].filter(Boolean);
    link.append(top, el("span", { class: "dk-excerpt", dir: "auto", text: one.excerpt }), el("span", { class: "sa-note dk-about", text: facts.join(" · ") }));
    if (!one.complete) link.append(el("span", { class: "sa-tag warn", text: "packet incomplete" }));
    return el("li", {}, link);
  }

  function markOpen() {
    for (const link of root.querySelectorAll("[data-case]")) {
      if (Number(link.dataset.case) === openId) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  }

  // Time that goes by
  function span(ms) {
    const seconds = Math.max(0, Math.floor(ms / 1000));
    if (seconds < 60) return `${seconds} s`;
    const minutes = Math.floor(seconds / 60);
    if (minutes < 60) return `${minutes} min`;
    const hours = Math.floor(minutes / 60);
    return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`;
  }

  function tick() {
    const now = Date.now() + polling.skewMs;
    for (const node of root.querySelectorAll(".dk-wait")) {
      const late = node.dataset.until ? now - Date.parse(node.dataset.until) : -1;
      const waited = `waits ${span(now - Date.parse(node.dataset.since))}`;
      const promise = node.dataset.minutes ? (late > 0 ? `, overdue by ${span(late)}` : `, promised under ${node.dataset.minutes} min`) : "";
      const text = waited + promise;
      if (node.textContent !== text) node.textContent = text;
      node.classList.toggle("overdue", late > 0);
    }
  }

  // One case
  async function open(id, { push = true } = {}) {
    if (push && id !== openId) history.pushState(null, "", id ? `?case=${id}` : data.urls.desk);
    openId = id;
    root.classList.toggle("dk-open", Boolean(id));
    markOpen();
    problem("");
    if (!id) {
      opened = null;
      showCase();
      return;
    }
    if (opened && opened.id !== id) opened = null;
    showCase();
    const answer = await request(`${data.urls.desk}${id}/`);
    if (openId !== id) return; // another was opened meanwhile
    if (!answer.ok) {
      byId("desk-none-text").textContent = answer.message;
      return;
    }
    opened = answer.body;
    after = opened.next_after;
    view.show(opened);
    showCase();
    view.toEnd();
    polling.now();
  }

  async function caseNews(one) {
    const written = view.add(one.messages);
    after = Math.max(after, one.next_after);
    if (written.length) say(`The customer writes: ${written[written.length - 1].text}`);
    if (one.version !== opened.version) await reload();
  }

  async function reload() {
    const id = openId;
    const answer = await request(`${data.urls.desk}${id}/`);
    if (!answer.ok || openId !== id || !opened) return;
    const lost = opened.mine && !answer.body.mine && answer.body.state === "accepted";
    opened = answer.body;
    after = opened.next_after;
    view.show(opened);
    showCase();
    view.toEnd();
    if (lost) problem(`${opened.holder} has this case now. What you have typed is kept here.`);
  }

  function showCase() {
    const shown = Boolean(opened);
    byId("desk-case").hidden = !shown;
    byId("desk-none").hidden = shown;
    byId("desk-none-text").textContent = openId ? "Opening the case …" : "Choose a case on the left: click it, or press j.";
    if (!shown) return;
    const waiting = opened.state === "queued";
    const taken = opened.state === "accepted";
    const draft = draftOf(opened.id);
    byId("desk-archive").href = opened.archive_url;
    for (const button of root.querySelectorAll("[data-act]")) {
      button.hidden = !{
        claim: waiting,
        resolve: opened.mine,
        return: opened.mine || waiting,
        release: taken,
        pass: opened.mine && data.colleagues.length > 0,
      }[button.dataset.act];
    }
    byId("desk-compose").hidden = !(opened.mine || draft);
    byId("desk-suggestion").hidden = !(opened.suggested_reply && (waiting || opened.mine));
    byId("desk-suggestion-text").textContent = opened.suggested_reply;
    byId("desk-suggestion-use").hidden = !opened.mine;
    if (byId("desk-suggestion").dataset.case !== String(opened.id)) {
      byId("desk-suggestion").dataset.case = opened.id;
      byId("desk-suggestion").open = waiting || !opened.messages.some((one) => one.sender === "human");
    }
    if (reply.dataset.case !== String(opened.id)) {
      reply.dataset.case = opened.id;
      reply.value = draft;
    }
    tick();
  }

  // Drafts outlive the page
  const draftKey = (id) => `desk-draft-${data.me}-${id}`;

  function draftOf(id) {
    try {
      return sessionStorage.getItem(draftKey(id)) || "";
    } catch {
      return reply.dataset.case === String(id) ? reply.value : "";
    }
  }

  function keepDraft() {
    const id = Number(reply.dataset.case);
    try {
      if (reply.value.trim()) sessionStorage.setItem(draftKey(id), reply.value);
      else sessionStorage.removeItem(draftKey(id));
    } catch {
      // full or refused: the text stays in the field
    }
  }

  // Acts
  async function request(url, fields) {
    const how = { signal: AbortSignal.timeout(20_000), cache: "no-store" };
    if (fields) Object.assign(how, { method: "POST", headers: { "X-CSRFToken": token }, body: new URLSearchParams(fields) });
    try {
      const response = await fetch(url, how);
      if (response.redirected) return { message: "You are signed out. Sign in again in another tab, then try once more." };
      const body = await response.json().catch(() => ({}));
      if (response.ok) return { ok: true, body };
      return { message: body.message || (response.status === 404 ? "There is no such case." : `The server answered ${response.status}. Try again.`), code: body.code };
    } catch {
      return { message: "The network or the server is away. Try again in a moment." };
    }
  }

  async function act(name, fields = {}) {
    if (busy || !opened) return false;
    busy = true;
    problem("");
    const answer = await request(`${data.urls.desk}${opened.id}/${name}/`, fields);
    busy = false;
    if (!answer.ok) {
      problem(answer.message);
      if (answer.code) await reload(); // it has moved: show how it stands
      if (answer.code) problem(answer.message);
      return false;
    }
    await reload();
    polling.now();
    return true;
  }

  async function send() {
    const text = reply.value.trim();
    if (!text || busy || !opened) return;
    const id = opened.id;
    if (sending.id !== id || sending.text !== text) sending = { id, text, key: window.newMessageKey() };
    busy = true;
    problem("");
    byId("desk-send").disabled = true;
    const answer = await request(`${data.urls.desk}${id}/reply/`, { text, key: sending.key });
    busy = false;
    byId("desk-send").disabled = false;
    if (!answer.ok) {
      problem(`Not sent: ${answer.message} Your text is kept.`);
      if (answer.code) await reload();
      return;
    }
    sending = { id: 0, text: "", key: "" };
    try {
      sessionStorage.removeItem(draftKey(id));
    } catch {
      // nothing was kept
    }
    if (openId !== id || !opened) return;
    if (reply.value.trim() === text) reply.value = "";
    keepDraft();
    view.add([answer.body.message]);
    byId("desk-suggestion").open = false;
    say("Sent.");
    polling.now();
  }

  function useSuggestion() {
    reply.value = reply.value.trim() ? `${reply.value.trimEnd()}\n\n${opened.suggested_reply}` : opened.suggested_reply;
    keepDraft();
    reply.focus();
  }

  function dialogFor(name) {
    const dialog = byId(`desk-${name}`);
    if (dialog.dataset.case !== String(opened.id)) dialog.querySelector("form").reset(); // else what was typed stays
    dialog.dataset.case = opened.id;
    dialog.querySelector(".sa-problem").textContent = "";
    dialog.showModal();
  }

  const acts = {
    claim: async () => {
      if (await act("claim")) say("The case is yours.");
    },
    resolve: () => dialogFor("resolve"),
    return: () => dialogFor("return"),
    pass: () => dialogFor("pass"),
    release: () => {
      byId("desk-release-text").textContent = opened.mine
        ? "Somebody else may take it. The customer waits on."
        : `${opened.holder} has this case. Put it back only if they cannot go on with it; it is written down that you did.`;
      dialogFor("release");
    },
  };

  for (const name of ["resolve", "return", "pass", "release"]) {
    const dialog = byId(`desk-${name}`);
    dialog.querySelector("form").addEventListener("submit", async (event) => {
      event.preventDefault();
      const fields = Object.fromEntries(new FormData(event.target));
      const done = await act(name, fields);
      if (done) {
        event.target.reset();
        dialog.close();
      } else dialog.querySelector(".sa-problem").textContent = byId("desk-problem").textContent;
    });
  }

  // Keys and touches
  function step(by) {
    const ids = order();
    if (!ids.length) return;
    const at = ids.indexOf(openId);
    const next = at < 0 ? (by > 0 ? 0 : ids.length - 1) : Math.min(ids.length - 1, Math.max(0, at + by));
    open(ids[next]);
    root.querySelector(`[data-case="${ids[next]}"]`)?.scrollIntoView({ block: "nearest" });
  }

  document.addEventListener("keydown", (event) => {
    if (event.target === reply && event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      send();
      return;
    }
    if (event.target === reply && event.key === "Escape") return reply.blur();
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (document.querySelector("dialog[open]") || event.target.closest("input, textarea, select")) return;
    const button = (name) => root.querySelector(`[data-act=${name}]`);
    const todo = {
      j: () => step(1),
      k: () => step(-1),
      c: () => opened && !button("claim").hidden && acts.claim(),
      e: () => opened && !button("resolve").hidden && acts.resolve(),
      r: () => opened && !byId("desk-compose").hidden && reply.focus(),
    }[event.key];
    if (!todo) return;
    event.preventDefault();
    todo();
  });
  root.addEventListener("click", (event) => {
    const link = event.target.closest("[data-case]");
    if (link && link.matches("a") && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      open(Number(link.dataset.case));
      return;
    }
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.act) acts[button.dataset.act]();
    else if (button.hasAttribute("data-close")) button.closest("dialog").close();
  });
  byId("desk-back").addEventListener("click", () => open(null));
  byId("desk-suggestion-use").addEventListener("click", useSuggestion);
  byId("desk-compose").addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
  reply.addEventListener("input", keepDraft);
  const asked = () => Number(new URLSearchParams(location.search).get("case")) || null;
  window.addEventListener("popstate", () => open(asked(), { push: false }));
  setInterval(tick, 1000);
  polling.start();
  if (asked()) open(asked(), { push: false });
  else showCase();
})();
