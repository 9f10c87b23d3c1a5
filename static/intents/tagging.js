"use strict";
// The tagging inbox: one message at a time, decided by a key or a touch, sent in the background.
// Texts come from customers: they are only ever set as text, never as HTML.
(() => {
  const root = document.getElementById("tagging");
  if (!root) return;
  const data = JSON.parse(document.getElementById("tagging-data").textContent);
  const byId = (id) => document.getElementById(id);
  const token = root.querySelector("[name=csrfmiddlewaretoken]").value;
  const post = window.KeyboardQueue.poster(token);
  const newKey = window.KeyboardQueue.newKey;
  const ENOUGH_AHEAD = 12;
  const TAKE = 20;
  const labels = new Map(data.intents.map((one) => [one.slug, one.label]));
  const history = [...data.recent].reverse(); // the newest last
  const recentChoices = [];
  const times = [];
  const queue = [];
  let current = null;
  let shownAt = 0;
  let taking = false;
  let waiting = 0; // timer
  let busy = false;
  let progress = data.progress;

  const outbox = new window.TaggingOutbox({
    storageKey: `tagging-outbox-${data.person}`,
    send: (fields) => post(data.urls.decide, fields),
    onKept: (entry, body) => kept(body),
    onRefused: refused,
    onState: showState,
  });
  const choices = new window.TaggingChoices({
    input: byId("tg-input"),
    list: byId("tg-list"),
    intents: data.intents,
    enough: data.enough,
    onPick: (one) => chooseIntent(one.slug),
  });

  function held() {
    return [...new Set([...(current ? [current.id] : []), ...queue.map((one) => one.id), ...outbox.items])];
  }

  async function take() {
    if (taking) return;
    taking = true;
    const answer = await post(data.urls.take, { held: held().join(","), want: TAKE });
    taking = false;
    if (!answer.ok) {
      note(answer.message);
      if (answer.retry) setTimeout(take, 2000);
      return;
    }
    const known = new Set(held());
    const fresh = answer.body.items.filter((one) => !known.has(one.id));
    queue.push(...fresh);
    setProgress(answer.body.progress);
    if (current) return;
    if (!queue.length) return wait();
    next();
    say(`Next: ${current.text}`);
  }

  // Nothing is free: look again now and then, while somebody is looking.
  function wait() {
    show();
    clearTimeout(waiting);
    waiting = setTimeout(() => (document.hidden ? wait() : take()), 5000);
  }

  function next() {
    current = queue.shift() || null;
    show();
    if (queue.length < ENOUGH_AHEAD) take();
  }

  function options(item) {
    const suggested = item.suggestion;
    const found = suggested ? [[suggested.slug, suggested.confidence], ...suggested.alternatives.slice(0, 2)] : [];
    for (const slug of recentChoices) if (found.length < 9 && !found.some(([one]) => one === slug)) found.push([slug, null]);
    return found.filter(([slug]) => labels.has(slug));
  }

  function show() {
    byId("tg-wait").hidden = Boolean(current) || !taking;
    byId("tg-card").hidden = !current;
    byId("tg-done").hidden = Boolean(current) || taking;
    closeSkip();
    if (!current) return showDone();
    byId("tg-text").textContent = current.text;
    byId("tg-about").replaceChildren(...about(current));
    const suggested = current.suggestion;
    byId("tg-hint").textContent = suggested
      ? `Suggested by version ${suggested.model_version} (release ${suggested.release}). Enter accepts it.`
      : "Nothing is suggested for this one: what do you say?";
    byId("tg-options").replaceChildren(...options(current).map(([slug, score], index) => option(slug, score, index)));
    shownAt = performance.now();
  }

  function about(item) {
    const parts = [];
    if (item.ticket_url) {
      const link = document.createElement("a");
      link.href = item.ticket_url;
      link.target = "_blank";
      link.rel = "noopener";
      link.textContent = `Ticket ${item.ticket}`;
      parts.push(link);
    } else parts.push(`Ticket ${item.ticket}`);
    parts.push(` · closed ${item.closed}${item.category ? " · " + item.category : ""}`);
    return parts;
  }

  function option(slug, score, index) {
    const line = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.slug = slug;
    button.className = "tg-option" + (index === 0 && score !== null ? " first" : "");
    const key = document.createElement("kbd");
    key.textContent = String(index + 1);
    const name = document.createElement("span");
    name.textContent = labels.get(slug);
    const note = document.createElement("small");
    note.textContent = score === null ? "used lately" : `${Math.round(100 * score)} %`;
    button.append(key, name, note);
    if (score !== null) {
      const bar = document.createElement("i");
      bar.style.width = `${Math.round(100 * score)}%`;
      button.append(bar);
    }
    line.append(button);
    return line;
  }

  function showDone() {
    if (taking) return;
    const parts = ["Nothing waits for you."];
    if (progress.awaiting_second) parts.push(`${progress.awaiting_second} of yours wait for a second person.`);
    if (progress.awaiting_lead) parts.push(`${progress.awaiting_lead} await a lead.`);
    parts.push("Fill again below, or come back when tickets have been closed.");
    byId("tg-done-text").textContent = parts.join(" ");
  }

  function decide(kind, fields, said) {
    if (!current || busy) return;
    const item = current;
    const entry = { text: item.text.slice(0, 140), said, fields: decision(item, kind, fields) };
    history.push({ key: entry.fields.key, text: entry.text, said });
    times.push(Date.now());
    setProgress({ ...progress, today: progress.today + 1, left: Math.max(0, progress.left - 1) });
    outbox.add(entry); // before the next ones are asked for: what waits to be sent must not be given out again
    next();
    say(`${said}. ${current ? "Next: " + current.text : ""}`);
  }

  function decision(item, kind, fields) {
    return {
      key: newKey(),
      item: item.id,
      kind,
      seconds: ((performance.now() - shownAt) / 1000).toFixed(1),
      release: item.suggestion ? item.suggestion.release : null,
      ...fields,
    };
  }

  function chooseIntent(slug) {
    if (!recentChoices.includes(slug)) recentChoices.push(slug);
    if (recentChoices.length > 9) recentChoices.shift();
    decide("intent", { intent: slug }, labels.get(slug) || slug);
  }

  function kept(body) {
    setProgress({ ...body.progress, today: Math.max(body.progress.today, progress.today) });
    byId("tg-note").textContent = body.note || "";
  }

  function refused(entry, message) {
    const at = history.findIndex((one) => one.key === entry.fields.key);
    if (at >= 0) history.splice(at, 1);
    const line = document.createElement("li");
    const what = document.createElement("span");
    what.className = "grow";
    what.textContent = `“${entry.text}” → ${entry.said}: ${message}`;
    line.append(what);
    byId("tg-problems").querySelector("ul").append(line);
    byId("tg-problems").hidden = false;
    say(`Not kept: ${message}`);
  }

  async function undo() {
    if (busy) return;
    const last = history[history.length - 1];
    if (!last) return say("There is nothing to take back.");
    busy = true;
    const sent = await outbox.flush();
    const answer = sent ? await post(data.urls.undo, { key: last.key }) : { message: "What you decided is not saved yet; undo works when it is." };
    busy = false;
    if (answer.ok || !answer.retry) {
      const at = history.indexOf(last);
      if (at >= 0 && sent) history.splice(at, 1);
    }
    if (!answer.ok) return note(answer.message);
    setProgress(answer.body.progress);
    if (current) queue.unshift(current);
    current = answer.body.item;
    show();
    note(`Taken back: “${last.text.slice(0, 60)}” was ${last.said}.`);
  }

  function say(text) {
    byId("tg-live").textContent = text;
  }

  function note(text) {
    byId("tg-note").textContent = text;
    say(text);
  }

  function showState({ waiting, failures, seconds, message }) {
    const saved = byId("tg-saved");
    byId("tg-retry").hidden = !failures;
    saved.classList.toggle("bad", failures > 0);
    if (failures) saved.textContent = `${waiting} not saved yet. ${message} Trying again in ${Math.round(seconds)} s.`;
    else saved.textContent = waiting ? `Saving ${waiting} …` : "Everything is saved";
  }

  function setProgress(latest) {
    progress = latest;
    byId("tg-today").textContent = progress.today;
    byId("tg-left").textContent = progress.left;
    const all = progress.today + progress.left;
    const percent = all ? Math.round((100 * progress.today) / all) : 0;
    byId("tg-meter").setAttribute("aria-valuenow", percent);
    byId("tg-meter").firstElementChild.style.width = `${percent}%`;
    const since = Date.now() - 60_000;
    while (times.length && times[0] < since) times.shift();
    byId("tg-rate").textContent = times.length > 1 ? String(Math.round((times.length - 1) / Math.max((Date.now() - times[0]) / 60_000, 1 / 60))) : "–";
  }

  // Skipping
  function openSkip() {
    byId("tg-skip").hidden = false;
    root.querySelector("[data-act=skip]").setAttribute("aria-expanded", "true");
    say("Why skip it? 1 not a request, 2 unclear, 3 several issues, s without a reason.");
  }

  function closeSkip() {
    byId("tg-skip").hidden = true;
    root.querySelector("[data-act=skip]").setAttribute("aria-expanded", "false");
  }

  function skip(button) {
    const reason = button.dataset.reason;
    decide("skip", { reason }, reason ? `Skipped: ${button.firstChild.textContent.trim().toLowerCase()}` : "Skipped");
  }

  function skipKey(event) {
    const buttons = [...byId("tg-skip").querySelectorAll("[data-reason]")];
    const last = buttons[buttons.length - 1];
    const chosen = event.key === "s" || event.key === "Enter" ? last : buttons[Number(event.key) - 1];
    if (event.key === "Escape") closeSkip();
    else if (chosen) skip(chosen);
    else return;
    event.preventDefault();
  }

  // A new intent: sent at once, so that a refusal finds the form as it was typed
  const dialog = byId("tg-new");
  function openNew() {
    if (!current) return;
    byId("tg-new-text").textContent = current.text;
    byId("tg-new-problem").textContent = "";
    dialog.showModal();
    byId("tg-label").focus();
  }

  function slugOf(label) {
    const plain = label.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").toLowerCase();
    const slug = plain.replace(/[^a-z0-9]+/g, "_").replace(/^_+|_+$/g, "");
    return (/^[a-z]/.test(slug) || !slug ? slug : `intent_${slug}`).slice(0, 60);
  }

  async function saveNew(event) {
    event.preventDefault();
    if (busy || !current) return;
    const item = current;
    const label = byId("tg-label").value.trim();
    busy = true;
    const answer = await post(data.urls.decide, decision(item, "proposal", { label, description: byId("tg-description").value }));
    busy = false;
    if (!answer.ok) {
      byId("tg-new-problem").textContent = answer.message;
      return;
    }
    const { intent, said, key } = answer.body;
    if (intent && !labels.has(intent.slug)) {
      labels.set(intent.slug, intent.label);
      data.intents.push({ ...intent, description: byId("tg-description").value, real: 1, is_draft: true });
    }
    history.push({ key, text: item.text.slice(0, 140), said });
    times.push(Date.now());
    byId("tg-label").value = byId("tg-description").value = byId("tg-slug").textContent = "";
    dialog.close();
    kept(answer.body);
    next();
    say(`${said}. ${current ? "Next: " + current.text : ""}`);
  }

  // Keys, touches, and the page's life
  const acts = {
    off_topic: () => decide("off_topic", {}, "Off-topic"),
    skip: () => (byId("tg-skip").hidden ? openSkip() : closeSkip()),
    new: openNew,
    undo,
  };

  function accept() {
    if (current && current.suggestion) chooseIntent(current.suggestion.slug);
    else note("Nothing is suggested for this one. Choose an intent with / or a number.");
  }

  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (document.querySelector("dialog[open]") || event.target.closest("input, textarea, select")) return;
    const onButton = event.target.closest("button, a");
    if (onButton && (event.key === "Enter" || event.key === " ")) return; // the browser presses it
    if (!byId("tg-skip").hidden) return skipKey(event);
    const digit = /^[1-9]$/.test(event.key) && byId("tg-options").querySelectorAll("[data-slug]")[Number(event.key) - 1];
    const act = {
      Enter: accept,
      a: accept,
      "/": () => choices.open(),
      c: () => choices.open(),
      o: acts.off_topic,
      s: acts.skip,
      n: acts.new,
      u: undo,
      "?": () => byId("tg-help").showModal(),
    }[event.key];
    if (digit) chooseIntent(digit.dataset.slug);
    else if (act) act();
    else return;
    event.preventDefault();
  }

  document.addEventListener("keydown", onKey);
  root.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.act) acts[button.dataset.act]();
    else if (button.dataset.slug) chooseIntent(button.dataset.slug);
    else if (button.dataset.reason !== undefined) skip(button);
    else if (button.hasAttribute("data-close")) button.closest("dialog").close();
    else return;
    if (!document.querySelector("dialog[open]")) button.blur(); // Enter means the message again
  });
  dialog.querySelector("form").addEventListener("submit", saveNew);
  byId("tg-label").addEventListener("input", (event) => {
    const slug = slugOf(event.target.value);
    byId("tg-slug").textContent = slug ? `Bots will see ${slug}` : "";
  });
  byId("tg-help-button").addEventListener("click", () => byId("tg-help").showModal());
  byId("tg-retry").addEventListener("click", () => outbox.flush());
  window.addEventListener("online", () => outbox.flush());
  window.addEventListener("beforeunload", (event) => {
    if (outbox.entries.length) event.preventDefault();
  });
  window.addEventListener("pagehide", () => {
    const body = new URLSearchParams({ held: held().filter((id) => !outbox.items.includes(id)).join(",") });
    fetch(data.urls.release, { method: "POST", headers: { "X-CSRFToken": token }, body, keepalive: true });
  });
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
  if (matchMedia("(pointer: coarse)").matches) byId("tg-input").placeholder = "Any other intent …";
  setProgress(progress);
  if (outbox.entries.length) outbox.flush();
  take();
})();
