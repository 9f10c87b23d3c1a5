"use strict";
// Judging sampled turns: one at a time, by a key or a touch, sent in the background.
// Texts come from customers: they are only ever set as text, never as HTML.
(() => {
  const root = document.getElementById("verdicts");
  if (!root) return;
  const data = JSON.parse(document.getElementById("verdicts-data").textContent);
  const byId = (id) => document.getElementById(id);
  const token = root.querySelector("[name=csrfmiddlewaretoken]").value;
  const post = window.KeyboardQueue.poster(token);
  const TAKE = 10;
  const ENOUGH_AHEAD = 4;
  const history = [...data.recent].reverse(); // the newest last
  const queue = [];
  let current = null;
  let shownAt = 0;
  let taking = false;
  let waiting = 0; // timer
  let busy = false;
  let open = ""; // the answer whose reasons are open
  let wantsNote = ""; // the reason that waits for a note
  let progress = data.progress;

  const outbox = new window.TaggingOutbox({
    storageKey: `verdicts-outbox-${data.person}`,
    send: (fields) => post(data.urls.judge, fields),
    onKept: (entry, body) => setProgress({ ...body.progress, today: Math.max(body.progress.today, progress.today) }),
    onRefused: refused,
    onState: showState,
  });

  function held() {
    return [...new Set([...(current ? [current.id] : []), ...queue.map((one) => one.id), ...outbox.entries.map((entry) => entry.fields.sampled)])];
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
    queue.push(...answer.body.items.filter((one) => !known.has(one.id)));
    setProgress(answer.body.progress);
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

  function element(tag, className, text) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    made.textContent = text;
    return made;
  }

  function line(role, text, isThis) {
    const made = element("li", `vd-line ${role}${isThis ? " vd-this" : ""}`, "");
    made.append(element("span", "sa-note", role === "customer" ? "Customer" : "Agent"), element("div", "vd-words", text));
    made.lastChild.dir = "auto";
    return made;
  }

  function show() {
    byId("vd-card").hidden = !current;
    byId("vd-wait").hidden = Boolean(current) || !taking;
    byId("vd-done").hidden = Boolean(current) || taking;
    closeReasons();
    if (!current) {
      byId("vd-done-text").textContent = progress.left
        ? "The rest is with somebody else at the moment. This page looks again by itself."
        : "Everything in the samples is judged. The next sample comes within a week; a lead can draw one now.";
      return;
    }
    const lines = current.lines.map((one) => line(one.role, one.text, false));
    if (current.omitted) lines.unshift(element("li", "sa-note", `${current.omitted} earlier turns are not shown`));
    lines.push(line("customer", current.text, true));
    if (current.reply) lines.push(line("agent", current.reply, true));
    byId("vd-lines").replaceChildren(...lines);
    byId("vd-heading").textContent = current.escalated ? "Was handing over right?" : "Was it right not to hand over?";
    byId("vd-decision").textContent = current.decision_label;
    byId("vd-decision").className = `sa-tag ${current.escalated ? "bad" : "good"}`;
    const facts = [];
    if (current.reason_label) facts.push(["Why", current.reason_label]);
    if (current.rule) facts.push(["Rule", current.rule]);
    if (current.matched_text) facts.push(["Matched", current.matched_text]);
    if (current.intent) facts.push(["Intent", current.confidence === null ? current.intent : `${current.intent}, confidence ${current.confidence.toFixed(2)}`]);
    if (current.citations.length) facts.push(["Cited", current.citations.join(", ")]);
    facts.push(["When, where", `${current.when}, ${current.channel}`]);
    byId("vd-facts").replaceChildren(...facts.flatMap(([name, value]) => [element("dt", "", name), element("dd", "", value)]));
    byId("vd-link").href = current.url;
    for (const button of root.querySelectorAll("[data-answer]")) button.disabled = !fits(button.dataset.answer);
    byId("vd-note-text").value = "";
    byId("vd-lines").scrollTop = byId("vd-lines").scrollHeight;
    shownAt = performance.now();
    say(`${byId("vd-heading").textContent} ${current.text}`);
  }

  function fits(answer) {
    return answer === "over" ? current.escalated : answer === "under" ? !current.escalated : true;
  }

  function choose(answer) {
    if (!current) return;
    if (!fits(answer)) return note(current.escalated ? "It was handed over, so none is missing." : "It was not handed over, so it cannot be one too many.");
    if (data.reasons[answer]) return openReasons(answer);
    decide(answer, "");
  }

  function openReasons(answer) {
    open = answer;
    wantsNote = "";
    byId("vd-reasons").replaceChildren(
      element("span", "sa-note", "Why?"),
      ...data.reasons[answer].map(([value, label], index) => {
        const button = element("button", "sa-chip", `${label} `);
        button.type = "button";
        button.dataset.reason = value;
        button.append(element("kbd", "", String(index + 1)));
        return button;
      }),
    );
    byId("vd-reasons").hidden = false;
    say(`Why? ${data.reasons[answer].map(([, label], index) => `${index + 1} ${label}`).join(", ")}`);
  }

  function closeReasons() {
    open = "";
    wantsNote = "";
    byId("vd-reasons").hidden = true;
  }

  function because(reason) {
    if (reason === data.other && !byId("vd-note-text").value.trim()) {
      wantsNote = reason;
      byId("vd-note-text").focus();
      return note("Say in a few words what was wrong, then press Enter.");
    }
    decide(open, reason);
  }

  function decide(answer, reason) {
    const fields = {
      key: window.KeyboardQueue.newKey(),
      sampled: current.id,
      answer,
      reason,
      note: byId("vd-note-text").value.trim(),
      seconds: ((performance.now() - shownAt) / 1000).toFixed(1),
    };
    const entry = { fields, text: current.text.slice(0, 140), said: data.labels[answer] };
    history.push({ key: fields.key, text: entry.text, said: entry.said });
    outbox.add(entry);
    setProgress({ today: progress.today + 1, left: Math.max(0, progress.left - 1) });
    byId("vd-note-text").blur();
    byId("vd-message").textContent = "";
    next();
  }

  function refused(entry, message) {
    const at = history.findIndex((one) => one.key === entry.fields.key);
    if (at >= 0) history.splice(at, 1);
    byId("vd-problems").querySelector("ul").append(element("li", "grow", `“${entry.text}” → ${entry.said}: ${message}`));
    byId("vd-problems").hidden = false;
    say(`Not kept: ${message}`);
  }

  async function undo() {
    if (busy) return;
    const last = history[history.length - 1];
    if (!last) return note("There is nothing to take back.");
    busy = true;
    const sent = await outbox.flush();
    const answer = sent ? await post(data.urls.undo, { key: last.key }) : { message: "What you judged is not saved yet; undo works when it is." };
    busy = false;
    if (!answer.ok) return note(answer.message);
    history.splice(history.indexOf(last), 1);
    if (current) queue.unshift(current);
    current = answer.body.item;
    setProgress(answer.body.progress);
    show();
    note(`Taken back: “${last.text.slice(0, 60)}” was ${last.said.toLowerCase()}.`);
  }

  function say(text) {
    byId("vd-live").textContent = text;
  }

  function note(text) {
    byId("vd-message").textContent = text;
  }

  function showState({ waiting: unsent, failures, seconds, message }) {
    const saved = byId("vd-saved");
    byId("vd-retry").hidden = !failures;
    if (failures) saved.textContent = `${unsent} not saved yet. ${message} Trying again in ${Math.round(seconds)} s.`;
    else saved.textContent = unsent ? `Saving ${unsent} …` : "Everything is saved";
  }

  function setProgress(latest) {
    progress = latest;
    byId("vd-today").textContent = progress.today;
    byId("vd-left").textContent = progress.left;
  }

  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || document.querySelector("dialog[open]")) return;
    if (event.target === byId("vd-note-text")) {
      if (event.key === "Escape") event.target.blur();
      else if (event.key === "Enter" && wantsNote) because(wantsNote);
      else if (event.key === "Enter") event.target.blur();
      else return;
      return event.preventDefault();
    }
    if (event.target.closest("input, textarea, select")) return;
    const digit = /^[1-9]$/.test(event.key) ? Number(event.key) - 1 : -1;
    if (open && digit >= 0) {
      const reason = data.reasons[open][digit];
      if (reason) because(reason[0]);
    } else if (open && event.key === "Escape") closeReasons();
    else if (digit >= 0 && digit < data.answers.length) choose(data.answers[digit]);
    else if (event.key === "u") undo();
    else if (event.key === "n") byId("vd-note-text").focus();
    else if (event.key === "?") byId("vd-help").showModal();
    else return;
    event.preventDefault();
  }

  document.addEventListener("keydown", onKey);
  root.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.answer) choose(button.dataset.answer);
    else if (button.dataset.reason) because(button.dataset.reason);
    else if (button.dataset.act === "undo") undo();
    else if (button.hasAttribute("data-close")) button.closest("dialog").close();
    else return;
    button.blur(); // the next key is for the next turn
  });
  byId("vd-note-save").addEventListener("click", () => (wantsNote ? because(wantsNote) : byId("vd-note-text").blur()));
  byId("vd-help-button").addEventListener("click", () => byId("vd-help").showModal());
  byId("vd-retry").addEventListener("click", () => outbox.flush());
  window.addEventListener("online", () => outbox.flush());
  window.addEventListener("beforeunload", (event) => {
    if (outbox.entries.length) event.preventDefault();
  });
  window.addEventListener("pagehide", () => {
    const unsent = new Set(outbox.entries.map((entry) => entry.fields.sampled));
    const body = new URLSearchParams({ held: held().filter((id) => !unsent.has(id)).join(",") });
    fetch(data.urls.release, { method: "POST", headers: { "X-CSRFToken": token }, body, keepalive: true });
  });
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
  setProgress(progress);
  if (outbox.entries.length) outbox.flush();
  take();
})();
