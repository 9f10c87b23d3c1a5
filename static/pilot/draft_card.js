"use strict";
// How the review desk draws one draft. Words of customers and people are only ever set as text; the draft itself is
// HTML that the server has sanitised. Decides nothing and sends nothing (see review_desk.js).
window.DraftCard = (() => {
  const byId = (id) => document.getElementById(id);
  const ROLES = { customer: "Customer", agent: "Agent", person: "What the customer got", draft: "Drafted, never sent" };

  function element(tag, className, text) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function line(role, text, isThis) {
    const made = element("li", `rd-line ${role}${isThis ? " rd-this" : ""}`);
    made.append(element("span", "sa-note", ROLES[role] || role), element("div", "rd-words", text));
    made.lastChild.dir = "auto";
    return made;
  }

  function pairs(list, entries) {
    list.replaceChildren(...entries.flatMap(([name, value]) => [element("dt", "", name), element("dd", "", value)]));
  }

  // A comparison word by word: what went as <del>, what came as <ins>.
  function diff(target, parts) {
    const tags = { removed: "del", added: "ins" };
    target.replaceChildren(...parts.map(([change, text]) => (change === "same" ? document.createTextNode(text) : element(tags[change], "", text))));
    target.dir = "auto";
  }

  function section(title, ...children) {
    const made = element("section", "rd-fact");
    made.append(element("h3", "", title), ...children.filter(Boolean));
    return made;
  }

  function link(text, href) {
    const made = element("a", "", text);
    made.href = href;
    made.target = "_blank";
    made.rel = "noopener";
    return made;
  }

  function sources(one) {
    return one.sources.map((source) => {
      const made = element("div", "rd-source");
      made.append(source.article_url ? link(source.title, source.article_url) : element("span", "", source.title));
      if (source.revision_url) made.append(" · ", link("this revision", source.revision_url));
      if (source.quote) made.append(element("blockquote", "rd-quote", source.quote));
      return made;
    });
  }

  function flow(one) {
    const found = one.flow;
    const where = found.step ? `waits at ${found.step}` : "does not wait";
    const missing = found.missing.length ? `; still missing: ${found.missing.join(", ")}` : "";
    const made = [element("p", "", `${found.title}, version ${found.version}: ${where}${missing}`)];
    if (found.slots.length) {
      const list = element("dl", "rd-pairs");
      pairs(list, found.slots);
      made.push(list);
    }
    return made;
  }

  function facts(one) {
    const made = [];
    const why = element("p", "", one.reason === "answered" ? one.decision_label : `${one.decision_label}: ${one.reason}`);
    const rule = one.rule ? element("p", "", one.rule) : null;
    const matched = one.matched_text ? element("p", "") : null;
    if (matched) matched.append("Matched: ", element("q", "", one.matched_text));
    made.push(section("Decision", why, rule, matched));
    if (one.intent) {
      const sure = one.confidence === null ? "" : `, ${percent(one.confidence)} certain${one.threshold === null ? "" : ` (${percent(one.threshold)} needed)`}`;
      const others = one.alternatives.length ? element("p", "sa-note", `Else: ${one.alternatives.map(([name, share]) => `${spaced(name)} ${percent(share)}`).join(", ")}`) : null;
      made.push(section("Intent", element("p", "", `${spaced(one.intent)}${sure}`), others));
    }
    if (one.options.length) made.push(section("Offered", element("p", "", one.options.join(" · "))));
    if (one.sources.length) made.push(section("Cited", ...sources(one)));
    if (one.written.length) made.push(section("Worded by", ...one.written.map((words) => element("p", "", words))));
    if (one.flow) made.push(section("Flow", ...flow(one)));
    if (one.actions.length) made.push(section("Actions", ...one.actions.map(([name, state, message]) => element("p", "", `${name}: ${spaced(state)}${message ? `, ${message}` : ""}`))));
    return made;
  }

  const percent = (share) => `${Math.round(100 * share)} %`;
  const spaced = (name) => name.replaceAll("_", " ");

  function tags(one) {
    const made = [];
    if (one.first) made.push(element("span", "sa-tag warn", "Not understood"));
    made.push(element("span", `sa-tag ${one.decision === "escalate" ? "bad" : "good"}`, one.decision_label));
    made.push(element("span", `sa-tag ${one.sends ? "info" : ""}`, one.sends ? "Assist: approving sends it" : one.mode));
    return made;
  }

  function show(one) {
    const lines = one.lines.map((said) => line(said.role, said.text, false));
    if (one.omitted) lines.unshift(element("li", "sa-note", `${one.omitted} earlier messages are not shown`));
    lines.push(line("customer", one.text, true));
    byId("rd-lines").replaceChildren(...lines);
    byId("rd-lines").scrollTop = byId("rd-lines").scrollHeight;
    byId("rd-when").textContent = `${one.when}, ${one.channel}`;
    byId("rd-tags").replaceChildren(...tags(one));
    byId("rd-reply").innerHTML = one.html; // sanitised on the server
    if (!one.draft.trim()) byId("rd-reply").textContent = "The agent drafted nothing.";
    const warning = one.undone.length
      ? `Only rehearsed: ${one.undone.join(", ")}. ${one.sends ? "Do it first, then edit the draft so that it says what was done." : "Nothing of it has been done."}`
      : one.sends || one.sends_note.startsWith("Shadow") ? "" : one.sends_note;
    byId("rd-warning").textContent = warning;
    byId("rd-warning").hidden = !warning;
    byId("rd-approve").parentElement.disabled = !one.draft.trim() || (one.sends && one.undone.length > 0);
    byId("rd-approve").textContent = one.sends ? "Approve and send" : "Approve";
    byId("rd-facts").replaceChildren(...facts(one));
    pairs(byId("rd-customer"), one.customer);
    byId("rd-human").hidden = !one.human_text;
    const compared = one.human_diff.length ? "Struck: only in the draft; underlined: only in what was sent." : "It shares few words with the draft.";
    byId("rd-human-via").textContent = `${one.human_via}. ${compared}`;
    diff(byId("rd-human-diff"), one.human_diff.length ? one.human_diff : [["same", one.human_text]]);
    byId("rd-turn").href = one.turn_url;
    byId("rd-conversation").href = one.conversation_url;
    byId("rd-ticket").href = one.ticket_url;
    byId("rd-ticket").hidden = !one.ticket_url;
  }

  return { show, diff, element };
})();
