"use strict";
// Reviewing drafts: one at a time, by a key or a touch, sent in the background. What is decided while the network is
// away waits in the browser and is sent under the same key. How a draft looks is draft_card.js's business.
(() => {
  const root = document.getElementById("review");
  if (!root) return;
  const data = JSON.parse(document.getElementById("review-data").textContent);
  const byId = (id) => document.getElementById(id);
  const card = window.DraftCard;
  const token = root.querySelector("[name=csrfmiddlewaretoken]").value;
  const post = window.KeyboardQueue.poster(token);
  const TAKE = 8;
  const ENOUGH_AHEAD = 4;
  const DIFF_PAUSE_MS = 300;
  const labels = new Map(data.verdicts);
  const history = [...data.recent].reverse(); // the newest last
  const queue = [];
  const skipped = new Set();
  let current = null;
  let shownAt = 0;
  let taking = false;
  let waiting = 0; // timer of the empty page
  let diffTimer = 0;
  let diffAsked = 0;
  let busy = false;
  let outcome = ""; // what waits for its verdict: edited or rejected
  let verdict = ""; // what waits for its tier
  let progress = data.progress;

  const outbox = new window.TaggingOutbox({
    storageKey: `review-outbox-${data.person}`,
    send: (fields) => post(data.urls.record, fields),
    onKept: kept,
    onRefused: refused,
    onState: showState,
  });

  function held() {
    return [...new Set([...(current ? [current.id] : []), ...queue.map((one) => one.id), ...outbox.entries.map((entry) => entry.fields.draft)])];
  }

  async function take() {
    if (taking) return;
    taking = true;
    const answer = await post(data.urls.take, { held: held().join(","), skipped: [...skipped].join(","), want: TAKE, pilot: data.pilot });
    taking = false;
    if (!answer.ok) {
      note(answer.message);
      if (!current) byId("rd-wait").querySelector("p").textContent = answer.message;
      if (answer.retry) setTimeout(take, 2000);
      return;
    }
    const known = new Set(held());
    queue.push(...answer.body.items.filter((one) => !known.has(one.id) && !skipped.has(one.id)));
    setProgress({ ...answer.body.progress, left: Math.max(0, answer.body.progress.left - outbox.entries.length) });
    if (current) return;
    if (queue.length) return next();
    show();
    clearTimeout(waiting);
    waiting = setTimeout(() => (document.hidden ? null : take()), 15_000);
  }

  function next() {
    current = queue.shift() || null;
    show();
    if (queue.length < ENOUGH_AHEAD) take();
  }

  function show() {
    byId("rd-card").hidden = !current;
    byId("rd-wait").hidden = Boolean(current) || !taking;
    byId("rd-done").hidden = Boolean(current) || taking;
    closeEdit();
    if (!current) {
      byId("rd-unskip").hidden = !skipped.size;
      byId("rd-done-text").textContent = emptyText();
      return;
    }
    card.show(current);
    byId("rd-note").value = "";
    byId("rd-text").value = current.draft;
    shownAt = performance.now();
    say(`${current.text} Draft: ${byId("rd-reply").textContent}`);
  }

  function emptyText() {
    if (skipped.size) return `You skipped ${skipped.size}. They wait for somebody else, or for you.`;
    if (progress.left) return "The rest is with somebody else at the moment. This page looks again by itself.";
    return "Every draft that asks for a review has one. New drafts come as customers write; this page looks by itself.";
  }

  // Words that somebody has typed are not dropped by a key for something else.
  function keepsEdit() {
    const isChanged = current && !byId("rd-edit").hidden && byId("rd-text").value.trim() !== current.draft.trim();
    if (isChanged) note("You have changed the text: save it (Ctrl Enter), or go back (Esc) first.");
    return isChanged;
  }

  // Decide
  function approve() {
    if (!current || keepsEdit()) return;
    if (current.sends && current.undone.length) return note(`${current.undone.join(", ")} was only rehearsed. Do it in the other system, then press e and say what was done.`);
    if (!current.draft.trim()) return note("There is no draft to approve: edit or reject it.");
    decide("approved", "correct");
  }

  function edit() {
    if (!current) return;
    closeVerdicts();
    byId("rd-edit").hidden = false;
    byId("rd-reply").hidden = true;
    byId("rd-text").focus();
    byId("rd-text").setSelectionRange(0, 0);
    compare();
  }

  function closeEdit() {
    if (!byId("rd-edit").hidden) note("");
    byId("rd-edit").hidden = true;
    byId("rd-reply").hidden = false;
    card.diff(byId("rd-diff"), []);
    closeVerdicts();
  }

  function save() {
    const text = byId("rd-text").value.trim();
    if (!text) return note("Write the text, or go back and reject the draft.");
    if (text === current.draft.trim()) return note("Nothing is changed yet. Change the text, or go back and approve it.");
    ask("edited", "What was wrong with the draft?");
  }

  function reject() {
    if (!current || keepsEdit()) return;
    byId("rd-edit").hidden = true;
    byId("rd-reply").hidden = false;
    ask("rejected", "Rejected. What is wrong with it?");
  }

  function ask(what, question) {
    outcome = what;
    verdict = "";
    byId("rd-text").blur();
    byId("rd-verdicts-title").textContent = question;
    byId("rd-tier").hidden = true;
    byId("rd-verdicts").hidden = false;
    byId("rd-verdicts").scrollIntoView({ block: "nearest" });
    say(`${question} ${data.verdicts.map(([, label], index) => `${index + 1} ${label}`).join(", ")}`);
  }

  function closeVerdicts() {
    outcome = "";
    verdict = "";
    byId("rd-verdicts").hidden = true;
  }

  function judge(value) {
    if (!outcome) return;
    if (value !== "wrong_segment") return decide(outcome, value);
    verdict = value;
    byId("rd-tier").hidden = false;
    byId("rd-tier-text").value = current.tier;
    byId("rd-tier-text").focus();
    byId("rd-tier-text").select();
  }

  function tierGiven() {
    const tier = byId("rd-tier-text").value.trim();
    if (!tier) return note("Say for which kind of account the draft is wrong.");
    decide(outcome, verdict, tier);
  }

  function decide(what, why, tier = "") {
    const fields = {
      key: window.KeyboardQueue.newKey(),
      draft: current.id,
      outcome: what,
      verdict: why,
      tier,
      final_text: what === "edited" ? byId("rd-text").value.trim() : "",
      note: byId("rd-note").value.trim(),
      seconds: ((performance.now() - shownAt) / 1000).toFixed(1),
      pilot: data.pilot,
    };
    const said = what === "approved" ? "approved" : `${what}: ${labels.get(why)}${tier ? ` (${tier})` : ""}`;
    const entry = { fields, text: current.text.slice(0, 140), said };
    history.push({ key: fields.key, text: entry.text, said });
    document.activeElement?.blur();
    byId("rd-message").textContent = "";
    outbox.add(entry);
    setProgress({ today: progress.today + 1, week: progress.week + 1, left: Math.max(0, progress.left - 1) });
    next();
  }

  function skip() {
    if (!current || keepsEdit()) return;
    skipped.add(current.id);
    post(data.urls.release, { held: current.id });
    note("Skipped: somebody else gets it.");
    next();
  }

  function unskip() {
    skipped.clear();
    take();
  }

  function kept(entry, body) {
    setProgress({ today: Math.max(body.progress.today, progress.today), week: Math.max(body.progress.week, progress.week), left: Math.max(0, body.progress.left - outbox.entries.length) });
    if (body.sent) note(`Sent to the customer: “${entry.text.slice(0, 60)}”.`);
    else if (!body.sends_note.startsWith("Shadow")) note(body.sends_note);
  }

  function refused(entry, message) {
    const at = history.findIndex((one) => one.key === entry.fields.key);
    if (at >= 0) history.splice(at, 1);
    const line = card.element("li", "grow", `“${entry.text}” → ${entry.said}: ${message}`);
    if (entry.fields.final_text) line.append(card.element("div", "rd-lost", `Your text: ${entry.fields.final_text}`));
    byId("rd-problems").querySelector("ul").append(line);
    byId("rd-problems").hidden = false;
    setProgress({ ...progress, today: Math.max(0, progress.today - 1), week: Math.max(0, progress.week - 1) });
    say(`Not kept: ${message}`);
    take();
  }

  async function undo() {
    if (busy || keepsEdit()) return;
    const last = history[history.length - 1];
    if (!last) return note("There is nothing to take back.");
    busy = true;
    const sent = await outbox.flush();
    const answer = sent ? await post(data.urls.undo, { key: last.key, pilot: data.pilot }) : { message: "What you decided is not saved yet; undo works when it is." };
    busy = false;
    if (!answer.ok) {
      if (answer.code === "already_sent" || answer.code === "second_stands") history.splice(history.indexOf(last), 1);
      return note(answer.message);
    }
    history.splice(history.indexOf(last), 1);
    if (current) queue.unshift(current);
    current = answer.body.item;
    setProgress(answer.body.progress);
    show();
    note(`Taken back: “${last.text.slice(0, 60)}” was ${last.said}.`);
  }

  // What the edit changes, word by word; the server compares.
  function compare() {
    clearTimeout(diffTimer);
    diffTimer = setTimeout(async () => {
      if (!current || byId("rd-edit").hidden) return; // decided in the meantime
      const asked = ++diffAsked;
      const answer = await post(data.urls.diff, { draft: current.id, text: byId("rd-text").value.trim() });
      if (asked !== diffAsked || byId("rd-edit").hidden) return;
      if (answer.ok) card.diff(byId("rd-diff"), answer.body.diff);
      else byId("rd-diff").textContent = `The comparison comes back with the network; your text is safe here. ${answer.message}`;
    }, DIFF_PAUSE_MS);
  }

  function say(text) {
    byId("rd-live").textContent = text;
  }

  function note(text) {
    byId("rd-message").textContent = text;
  }

  function showState({ waiting: unsent, failures, seconds, message }) {
    const saved = byId("rd-saved");
    byId("rd-retry").hidden = !failures;
    if (failures) saved.textContent = `${unsent} not saved yet. ${message} Trying again in ${Math.round(seconds)} s.`;
    else saved.textContent = unsent ? `Saving ${unsent} …` : "Everything is saved";
  }

  function setProgress(latest) {
    progress = latest;
    for (const name of ["today", "week", "left"]) byId(`rd-${name}`).textContent = progress[name];
  }

  // Keys
  const ACTS = { approve, edit, reject, skip, undo, save, tier: tierGiven, unskip, cancel: closeEdit };
  const KEYS = { a: approve, e: edit, r: reject, s: skip, u: undo };

  function inField(event) {
    const field = event.target;
    const withControl = event.ctrlKey || event.metaKey;
    if (event.key === "Escape") {
      field.blur();
      if (field === byId("rd-text")) closeEdit();
      else if (field === byId("rd-tier-text")) closeVerdicts();
    } else if (event.key === "Enter" && field === byId("rd-text") && withControl) save();
    else if (event.key === "Enter" && field === byId("rd-tier-text")) tierGiven();
    else if (event.key === "Enter" && field === byId("rd-note")) field.blur();
    else return;
    event.preventDefault();
  }

  function onKey(event) {
    if (event.altKey || event.repeat || event.isComposing || document.querySelector("dialog[open]")) return;
    if (root.contains(event.target) && event.target.matches("input, textarea")) return inField(event);
    if (event.ctrlKey || event.metaKey || event.target.closest("input, textarea, select")) return;
    const digit = /^[1-9]$/.test(event.key) ? Number(event.key) - 1 : -1;
    if (digit >= 0 && outcome && data.verdicts[digit]) judge(data.verdicts[digit][0]);
    else if (event.key === "Escape" && outcome === "edited") closeVerdicts();
    else if (event.key === "Escape") closeEdit();
    else if (event.key === "n" && current) byId("rd-note").focus();
    else if (event.key === "?") byId("rd-help").showModal();
    else if (KEYS[event.key]) KEYS[event.key]();
    else return;
    event.preventDefault();
  }

  document.addEventListener("keydown", onKey);
  byId("rd-text").addEventListener("input", compare);
  root.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.verdict) judge(button.dataset.verdict);
    else if (button.dataset.act) ACTS[button.dataset.act]();
    else if (button.hasAttribute("data-close")) button.closest("dialog").close();
    else return;
    button.blur(); // the next key is for the next draft
  });
  byId("rd-help-button").addEventListener("click", () => byId("rd-help").showModal());
  byId("rd-retry").addEventListener("click", () => outbox.flush());
  byId("rd-pilot")?.addEventListener("change", (event) => {
    location.search = event.target.value ? `?pilot=${event.target.value}` : "";
  });
  window.addEventListener("online", () => outbox.flush());
  window.addEventListener("beforeunload", (event) => {
    if (outbox.entries.length || keepsEdit()) event.preventDefault();
  });
  window.addEventListener("pagehide", () => {
    const unsent = new Set(outbox.entries.map((entry) => entry.fields.draft));
    const body = new URLSearchParams({ held: held().filter((id) => !unsent.has(id)).join(",") });
    fetch(data.urls.release, { method: "POST", headers: { "X-CSRFToken": token }, body, keepalive: true });
  });
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
  if (matchMedia("(max-width: 639px)").matches) byId("rd-why").open = false;
  setProgress(progress);
  if (outbox.entries.length) outbox.flush();
  take();
})();
