"use strict";
// The list of a flow's steps as forms. The textarea of the form below holds the definition: this reads it, writes
// it, and tells the page ("flow:changed") so that checks, picture and trial follow.
document.addEventListener("DOMContentLoaded", () => {
  const root = document.getElementById("flow-editor");
  if (!root) return;
  const { KINDS, fields, newId, blank, retarget, names } = window.FlowFields;
  const data = JSON.parse(document.getElementById("flow-data").textContent);
  const area = document.querySelector("textarea[data-flow]");
  const list = document.getElementById("flow-steps");
  const undo = document.getElementById("flow-undo");
  const state = document.getElementById("flow-state");
  const past = [];
  const saved = data.definition;
  let flow = read(area ? area.value : data.definition);
  let leaving = false;

  function read(text) {
    try {
      const raw = JSON.parse(text);
      return raw && Array.isArray(raw.steps) && raw.steps.every((step) => step && KINDS[step.kind]) ? raw : null;
    } catch (error) {
      return null;
    }
  }

  const text = () => JSON.stringify(flow, null, 2);

  function changed() {
    if (area && flow) area.value = text();
    tell();
  }

  function tell() {
    const definition = area ? area.value : flow ? text() : data.definition;
    document.dispatchEvent(new CustomEvent("flow:changed", { detail: { definition } }));
  }

  // A change of the list itself can be taken back, step by step.
  function remember(what) {
    past.push(text());
    if (past.length > 50) past.shift();
    undo.disabled = false;
    state.textContent = what;
  }

  function takeBack() {
    if (!past.length) return;
    flow = JSON.parse(past.pop());
    undo.disabled = !past.length;
    state.textContent = "Taken back.";
    render();
    changed();
  }

  function make(tag, className, content) {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (content !== undefined) element.textContent = content;
    return element;
  }

  function option(select, value, label, chosen) {
    const one = make("option", "", label);
    one.value = value;
    one.selected = value === chosen;
    select.append(one);
  }

  function select(options, chosen, onChange) {
    const element = make("select", "sa-input");
    for (const [value, label] of options) option(element, value, label, chosen);
    if (chosen && !options.some(([value]) => value === chosen)) option(element, chosen, chosen + " (does not exist)", chosen);
    element.addEventListener("change", () => onChange(element.value));
    return element;
  }

  function input(kind, value, onInput) {
    const element = make(kind === "area" || kind === "lines" ? "textarea" : "input", "sa-input");
    if (element.tagName === "TEXTAREA") element.rows = 2;
    if (kind === "number") Object.assign(element, { type: "number", min: 1, max: 5 });
    element.value = value;
    element.addEventListener("input", () => onInput(element.value));
    return element;
  }

  function targets(step, withPerson) {
    const rest = flow.steps.filter((other) => other !== step).map((other) => [other.id, other.id]);
    return [["", withPerson ? "a person takes over" : "the step below"], ...rest];
  }

  function keep(step, name, value) {
    if (value === "" && ["next", "success", "failure", "yes", "no", "otherwise", "pattern", "region", "invalid"].includes(name)) delete step[name];
    else step[name] = value;
    changed();
  }

  // A change after which other fields are shown, or other names are known.
  function keepAndRender(step, name, value) {
    keep(step, name, value);
    render({ step: step.id, field: name });
  }

  function control(step, name, sort) {
    const value = step[name];
    if (sort === "step" || sort === "step-or-person") return select(targets(step, sort !== "step"), value || "", (to) => keep(step, name, to));
    if (sort === "type") return select(Object.entries(data.types), value, (type) => keepAndRender(step, name, type));
    if (sort === "order") return select([["ask", "unclear: ask again"], ["day_first", "3 April"], ["month_first", "4 March"]], value || "ask", (order) => keep(step, name, order));
    if (sort === "outcome") return select([["resolved", "resolved"], ["escalated", "a person takes over"]], value, (outcome) => {
      delete step[outcome === "resolved" ? "reason" : "text"];
      keepAndRender(step, name, outcome);
    });
    if (sort === "action") return select([["", "Choose …"], ...Object.entries(data.actions).map(([slug, info]) => [slug, info.label])], value, (slug) => {
      step.arguments = {};
      keepAndRender(step, name, slug);
    });
    if (sort === "reference") return select([["", "Choose …"], ...names(flow.steps, data.actions).map((one) => [one, one])], value, (on) => keep(step, name, on));
    if (sort === "number") return input("number", value || KINDS[step.kind].blank.max_tries, (typed) => { if (/^[1-5]$/.test(typed)) keep(step, name, Number(typed)); });
    if (sort === "lines") return input("lines", (value || []).join("\n"), (typed) => keep(step, name, typed.split("\n").map((line) => line.trim()).filter(Boolean)));
    if (sort === "arguments") return argumentFields(step);
    if (sort === "cases") return caseFields(step);
    const element = input(sort, value || "", (typed) => keep(step, name, typed.trim() === typed || sort === "area" ? typed : typed.trim()));
    if (sort === "name") element.addEventListener("change", () => render({ step: step.id, field: name }));
    return element;
  }

  function argumentFields(step) {
    const box = make("div", "fl-pairs");
    const info = data.actions[step.action];
    if (!info) return make("p", "sa-note", "Choose the action first.");
    if (info.parameters === null) {
      const shown = Object.entries(step.arguments || {}).map(([name, value]) => name + "=" + value).join("\n");
      const element = input("lines", shown, (typed) => keep(step, "arguments", Object.fromEntries(typed.split("\n").filter((line) => line.includes("=")).map((line) => [line.slice(0, line.indexOf("=")).trim(), line.slice(line.indexOf("=") + 1).trim()]))));
      element.setAttribute("aria-label", "Arguments, one name=value a line");
      box.append(element, make("p", "sa-note", "One name=value a line."));
      return box;
    }
    for (const name of info.parameters) {
      const label = make("label", "fl-pair");
      label.append(make("span", "", name + (info.required.includes(name) ? " *" : "")));
      label.append(input("area", (step.arguments || {})[name] || "", (typed) => {
        const rest = { ...step.arguments, [name]: typed };
        if (!typed) delete rest[name];
        keep(step, "arguments", rest);
      }));
      box.append(label);
    }
    if (info.data.length) box.append(make("p", "sa-note", "Gives " + info.data.map((name) => "{result." + name + "}").join(" ")));
    return box;
  }

  function caseFields(step) {
    const box = make("div", "fl-pairs");
    step.cases.forEach((one, place) => {
      const row = make("div", "fl-case");
      const values = input("text", one.values.join(", "), (typed) => {
        one.values = typed.split(",").map((value) => value.trim()).filter(Boolean);
        if (one.values.length) changed();
      });
      values.setAttribute("aria-label", "Case " + (place + 1) + ": values, separated by commas");
      const target = select(targets(step, false), one.next || "", (to) => { one.next = to; changed(); });
      target.setAttribute("aria-label", "Case " + (place + 1) + ": next step");
      row.append(values, make("span", "", "→"), target, button("✕", "Delete case " + (place + 1), () => {
        remember("A case is deleted.");
        step.cases.splice(place, 1);
        render({ step: step.id });
        changed();
      }));
      box.append(row);
    });
    box.append(button("Add a case", "", () => {
      remember("A case is added.");
      step.cases.push({ values: ["…"], next: "" });
      render({ step: step.id });
      changed();
    }));
    return box;
  }

  function button(label, name, act) {
    const element = make("button", "sa-button plain fl-small", label);
    element.type = "button";
    if (name) element.setAttribute("aria-label", name);
    element.addEventListener("click", act);
    return element;
  }

  function move(place, by) {
    const to = place + by;
    if (to < 0 || to >= flow.steps.length) return;
    const [step] = flow.steps.slice(place, place + 1);
    remember(step.id + " is step " + (to + 1) + " now.");
    flow.steps.splice(place, 1);
    flow.steps.splice(to, 0, step);
    render({ step: step.id, field: by < 0 ? "up" : "down" });
    changed();
  }

  function rename(step, field) {
    const id = field.value.trim();
    if (id === step.id) return;
    if (!/^[a-z][a-z0-9_]{0,39}$/.test(id) || flow.steps.some((other) => other.id === id)) {
      state.textContent = "A step's name is small letters, digits and _, and no other step's.";
      field.value = step.id;
      return;
    }
    remember(step.id + " is called " + id + " now.");
    retarget(flow.steps, step.id, id);
    step.id = id;
    render({ step: id, field: "id" });
    changed();
  }

  function header(step, place) {
    const head = make("div", "fl-step-head");
    const id = input("text", step.id, () => {});
    id.className = "sa-input fl-id";
    id.dataset.field = "id";
    id.setAttribute("aria-label", "Name of step " + (place + 1));
    id.addEventListener("change", () => rename(step, id));
    const tools = make("div", "fl-tools");
    const up = button("↑", "Move " + step.id + " up", () => move(place, -1));
    const down = button("↓", "Move " + step.id + " down", () => move(place, 1));
    up.dataset.field = "up";
    down.dataset.field = "down";
    up.disabled = place === 0;
    down.disabled = place === flow.steps.length - 1;
    tools.append(up, down,
      button("Copy", "Duplicate " + step.id, () => {
        remember(step.id + " is duplicated.");
        const copy = { ...structuredClone(step), id: newId(step.kind, flow.steps) };
        flow.steps.splice(place + 1, 0, copy);
        render({ step: copy.id, field: "id" });
        changed();
      }),
      button("Delete", "Delete " + step.id, () => {
        remember(step.id + " is deleted. Undo brings it back.");
        flow.steps.splice(place, 1);
        render();
        undo.focus();
        changed();
      }));
    head.append(make("span", "fl-number", String(place + 1)), make("span", "sa-tag fl-kind", KINDS[step.kind].label), id, tools);
    return head;
  }

  function stepItem(step, place) {
    const item = make("li", "sa-card fl-step");
    item.dataset.step = step.id;
    const set = make("fieldset", "fl-set");
    set.disabled = !data.may_change;
    set.append(make("legend", "sa-visually-hidden", "Step " + (place + 1) + ", " + KINDS[step.kind].label + " " + step.id), header(step, place));
    for (const [name, label, sort, hint] of fields(step)) {
      const isGroup = sort === "arguments" || sort === "cases";
      const row = make(isGroup ? "div" : "label", "fl-field");
      row.append(make("span", "fl-field-name", label));
      const element = control(step, name, sort);
      element.dataset.field = name;
      row.append(element);
      if (hint) row.append(make("span", "sa-note", hint));
      set.append(row);
    }
    item.append(set, make("ul", "fl-findings"));
    item.addEventListener("keydown", (event) => {
      if (!event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key) || !data.may_change) return;
      event.preventDefault();
      move(flow.steps.indexOf(step), event.key === "ArrowUp" ? -1 : 1);
    });
    return item;
  }

  function render(focus) {
    const known = names(flow.steps, data.actions);
    document.getElementById("flow-names").textContent = known.length ? "In texts you can use " + known.map((name) => "{" + name + "}").join(" ") : "";
    list.replaceChildren(...flow.steps.map(stepItem));
    document.dispatchEvent(new CustomEvent("flow:rendered"));
    if (!focus) return;
    const item = [...list.children].find((one) => one.dataset.step === focus.step);
    const field = item && [...item.querySelectorAll("[data-field]")].find((one) => one.dataset.field === focus.field);
    if (field && !field.disabled) field.focus();
    else if (item) item.querySelector("input, select, textarea, button")?.focus();
  }

  function addButtons() {
    const box = document.getElementById("flow-add");
    box.hidden = !data.may_change;
    box.append(make("span", "sa-note", "Add:"));
    for (const [kind, { verb }] of Object.entries(KINDS)) {
      box.append(button(verb, "", () => {
        const step = blank(kind, flow.steps);
        remember(step.id + " is added at the end.");
        flow.steps.push(step);
        render({ step: step.id, field: "id" });
        changed();
      }));
    }
  }

  function showJson() {
    const row = area && (area.closest("[class*=field-definition]") || area.closest(".form-row") || area.parentElement);
    if (!row) return;
    row.classList.add("fl-json");
    const toggle = button("Show the JSON", "", () => {
      row.hidden = !row.hidden;
      toggle.textContent = row.hidden ? "Show the JSON" : "Hide the JSON";
    });
    row.hidden = !!flow;
    if (!flow) toggle.textContent = "Hide the JSON";
    document.querySelector(".fl-head-row").append(toggle);
    area.addEventListener("input", () => {
      const typed = read(area.value);
      if (typed) {
        flow = typed;
        render();
      }
      tell();
    });
  }

  undo.addEventListener("click", takeBack);
  document.addEventListener("keydown", (event) => {
    const typing = ["INPUT", "TEXTAREA", "SELECT"].includes(document.activeElement.tagName);
    if ((event.ctrlKey || event.metaKey) && event.key === "z" && !typing) { event.preventDefault(); takeBack(); }
  });
  if (area) {
    area.form.addEventListener("submit", () => { leaving = true; });
    window.addEventListener("beforeunload", (event) => { if (!leaving && area.value !== saved && differs(area.value, saved)) event.preventDefault(); });
  }
  const differs = (one, other) => {
    const [a, b] = [read(one), read(other)];
    return !a || !b || JSON.stringify(a) !== JSON.stringify(b);
  };
  if (flow) {
    addButtons();
    render();
  }
  showJson();
  tell();
});
