"use strict";
// What each kind of step holds: its label, how it begins, and its fields. Data and small functions, no page.
window.FlowFields = (() => {
  const KINDS = {
    collect: { label: "Collect", verb: "Ask for something", blank: { slot: "", type: "text", question: "", max_tries: 3 } },
    say: { label: "Say", verb: "Say something", blank: { text: "" } },
    act: { label: "Act", verb: "Do something", blank: { action: "", arguments: {} } },
    confirm: { label: "Confirm", verb: "Ask yes or no", blank: { question: "", max_tries: 2 } },
    branch: { label: "Branch", verb: "Choose the way", blank: { on: "", cases: [] } },
    end: { label: "End", verb: "End", blank: { outcome: "resolved", text: "" } },
  };

  // Fields by kind: [name, label, sort, hint]; a sort that begins with "step" names another step.
  function fields(step) {
    const tries = ["max_tries", "Asked at most", "number", "Then a person takes over."];
    switch (step.kind) {
      case "collect":
        return [
          ["slot", "Slot", "name", "What it is called in {…}, such as email."],
          ["type", "Type", "type", ""],
          ...(step.type === "reference" ? [["pattern", "Pattern", "text", "RE2, such as INV-[0-9]+. Empty: the usual numbers."]] : []),
          ...(step.type === "choice" ? [["choices", "Choices", "lines", "One a line."]] : []),
          ...(step.type === "date" ? [["date_order", "03/04/2026 is", "order", ""]] : []),
          ...(step.type === "phone" ? [["region", "Country", "text", "Two letters such as GB, for numbers without +44."]] : []),
          ["question", "Question", "area", ""],
          ["invalid", "Where the answer does not fit", "area", "Empty: the agent's own words, then the question."],
          tries,
          ["next", "Then", "step", ""],
        ];
      case "say":
        return [["text", "Text", "area", ""], ["next", "Then", "step", ""]];
      case "act":
        return [
          ["action", "Action", "action", ""],
          ["arguments", "With", "arguments", ""],
          ["success", "Done", "step", ""],
          ["failure", "If it fails", "step-or-person", ""],
        ];
      case "confirm":
        return [["question", "Question", "area", ""], tries, ["yes", "Yes", "step", ""], ["no", "No", "step", ""]];
      case "branch":
        return [["on", "By", "reference", "A slot, or what an action gave."], ["cases", "Cases", "cases", ""], ["otherwise", "Otherwise", "step", ""]];
      default:
        return [
          ["outcome", "Outcome", "outcome", ""],
          ...(step.outcome === "escalated" ? [["reason", "Why, for the person", "text", ""]] : [["text", "Closing words", "area", ""]]),
        ];
    }
  }

  function newId(kind, steps) {
    const taken = new Set(steps.map((step) => step.id));
    for (let number = 1; ; number++) {
      const id = kind + "_" + number;
      if (!taken.has(id)) return id;
    }
  }

  function blank(kind, steps) {
    return { id: newId(kind, steps), kind, ...structuredClone(KINDS[kind].blank) };
  }

  // Every target that a step names, to be renamed with the step that it names.
  function retarget(steps, from, to) {
    for (const step of steps) {
      for (const name of ["next", "success", "failure", "yes", "no", "otherwise"]) if (step[name] === from) step[name] = to;
      for (const one of step.cases || []) if (one.next === from) one.next = to;
      if (step.on && step.on.startsWith(from + ".")) step.on = to + step.on.slice(from.length);
      const filled = (text) => text.replaceAll("{" + from + ".", "{" + to + ".");
      for (const name of ["text", "question", "invalid"]) if (step[name]) step[name] = filled(step[name]);
      for (const name of Object.keys(step.arguments || {})) step.arguments[name] = filled(step.arguments[name]);
    }
  }

  // What placeholders may name: slots, and what actions give.
  function names(steps, actions) {
    const slots = steps.filter((step) => step.kind === "collect" && step.slot).map((step) => step.slot);
    const given = steps
      .filter((step) => step.kind === "act" && actions[step.action])
      .flatMap((step) => actions[step.action].data.map((name) => "result." + name));
    return [...new Set([...slots, ...given])];
  }

  return { KINDS, fields, newId, blank, retarget, names };
})();
