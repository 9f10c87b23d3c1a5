"""What is wrong with a flow, step by step: code, message and what to do. Pure.

Errors keep a flow from being activated; warnings do not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import re2

from runtime.actions.contracts import ActionInfo
from runtime.flows import graph
from runtime.flows.definition import (
    RESULT,
    Act,
    Branch,
    Collect,
    Confirm,
    Edge,
    End,
    Flow,
    Step,
    references,
)
from runtime.flows.slot_types import CHOICE, REFERENCE

ERROR, WARNING = "error", "warning"
CONFIRMED = "(confirmed)"
Voice = Callable[[str], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend; ``step`` is "" where it is about the whole flow."""

    step: str
    level: str
    code: str
    message: str
    fix: str


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a flow may name: intents that answer now (None: not checked), actions; and the brand's voice."""

    actions: Mapping[str, ActionInfo]
    intents: Collection[str] | None = None
    voice: Voice = lambda text: ()


def check(flow: Flow, intent: str, around: Surroundings) -> list[Finding]:
    """Return what is wrong with the flow, errors first, then in the order of the steps."""
    if not flow.steps:
        return [Finding("", ERROR, "no_steps", "The flow has no steps.", "Add the first step.")]
    found = [
        *_intent(intent, around),
        *_ids(flow),
        *_ends(flow),
        *_cycles(flow),
        *_slots(flow, around),
        *_exchanges(flow),
    ]
    for step in flow.steps:
        found += [*_texts(step, around), *_own(step, around)]
    order = {step.id: number for number, step in enumerate(flow.steps)}
    found = list(dict.fromkeys(found))
    return sorted(found, key=lambda one: (one.level != ERROR, order.get(one.step, -1)))


def has_errors(findings: Sequence[Finding]) -> bool:
    """Tell whether the flow must not be activated."""
    return any(finding.level == ERROR for finding in findings)


def _intent(intent: str, around: Surroundings) -> Iterator[Finding]:
    if around.intents is not None and intent not in around.intents:
        yield Finding(
            "",
            ERROR,
            "unknown_intent",
            f"There is no active intent {intent!r}.",
            "Activate the intent, or make the flow for another one.",
        )


def _ids(flow: Flow) -> Iterator[Finding]:
    for name, count in Counter(step.id for step in flow.steps).items():
        if count > 1:
            yield Finding(name, ERROR, "same_id", f"{count} steps are called {name}.", "Rename all but one.")
    if RESULT in flow.by_id:
        yield Finding(
            RESULT, ERROR, "reserved_id", "“result” stands for what actions gave.", "Give it another name."
        )
    collected = Counter(step.slot for step in flow.collects)
    for step in flow.collects:
        if collected[step.slot] > 1 and any(
            other.slot == step.slot and other.spec.type != step.spec.type for other in flow.collects
        ):
            yield Finding(
                step.id,
                ERROR,
                "slot_of_two_types",
                f"The slot {step.slot} is collected as two types.",
                "Give one of them another name.",
            )


def _ends(flow: Flow) -> Iterator[Finding]:
    reached = graph.reached(flow)
    ends = {step.id for step in flow.steps if isinstance(step, End)}
    for step in flow.steps:
        if step.id in reached and not ends & graph.reached(flow, step.id):
            yield Finding(
                step.id,
                ERROR,
                "never_ends",
                "No way from here leads to an end.",
                "Lead one of the ways to a step that resolves or escalates.",
            )
        if step.id not in reached:
            yield Finding(
                step.id,
                ERROR,
                "unreachable",
                "No way leads here.",
                "Name it as the next step somewhere, or delete it.",
            )
        for edge, target in flow.ways(step):
            way = f"“{edge.label}”" if edge.label else "the next step"
            if edge.named and edge.named not in flow.by_id:
                message = f"For {way} it names {edge.named}, which does not exist."
                yield Finding(step.id, ERROR, "unknown_step", message, "Choose a step that exists.")
            elif not target:
                yield Finding(
                    step.id,
                    ERROR,
                    "no_end",
                    f"For {way} nothing comes after it: the flow neither resolves nor escalates.",
                    "Choose the next step, or add an end below it.",
                )


def _cycles(flow: Flow) -> Iterator[Finding]:
    for cycle in graph.idle_cycles(flow):
        yield Finding(
            cycle[0],
            ERROR,
            "endless",
            f"This goes round for ever: {' → '.join((*cycle, cycle[0]))}. Nothing on it counts tries.",
            "Lead one of the ways to an end, or ask the customer on the way: a question has a most number "
            "of tries.",
        )


def _slots(flow: Flow, around: Surroundings) -> Iterator[Finding]:
    def gives(step: Step, edge: Edge) -> Iterator[str]:
        if isinstance(step, Collect):
            yield step.slot
        elif isinstance(step, Confirm) and edge.label == "yes":
            yield CONFIRMED
        elif isinstance(step, Act) and edge.label == "done" and step.action in around.actions:
            for name in around.actions[step.action].data:
                yield f"{step.id}.{name}"
                yield f"{RESULT}.{name}"

    certain = graph.certain_at(flow, gives)
    slots = {step.slot for step in flow.collects}
    acts = {step.id: step for step in flow.steps if isinstance(step, Act)}
    for step in flow.steps:
        if step.id not in certain:
            continue
        for name in _names(step):
            if name not in certain[step.id]:
                yield _missing(step, name, slots, acts, around)
        if _writes(step, around) and CONFIRMED not in certain[step.id]:
            yield Finding(
                step.id,
                WARNING,
                "not_confirmed",
                "This changes something without having asked whether that is right.",
                "Put a confirm step before it.",
            )


def _writes(step: Step, around: Surroundings) -> bool:
    return isinstance(step, Act) and step.action in around.actions and around.actions[step.action].writes


def _names(step: Step) -> list[str]:
    """Return what the step refers to, in order."""
    named = [name for text in step.templates() for name in references(text)]
    return list(dict.fromkeys([*named, step.on] if isinstance(step, Branch) else named))


def _missing(
    step: Step, name: str, slots: Collection[str], acts: Mapping[str, Act], around: Surroundings
) -> Finding:
    where, dot, field = name.partition(".")
    if not dot:
        if name in slots:
            return Finding(
                step.id,
                ERROR,
                "slot_before_collected",
                f"{{{name}}} is used here, but not every way to this step has collected it.",
                "Collect it before, on every way.",
            )
        return Finding(
            step.id,
            ERROR,
            "unknown_slot",
            f"No step collects {{{name}}}.",
            "Correct the name, or add a step that collects it.",
        )
    declaring = [
        act
        for act in acts.values()
        if (where in (RESULT, act.id))
        and act.action in around.actions
        and field in around.actions[act.action].data
    ]
    if declaring:
        return Finding(
            step.id,
            ERROR,
            "result_before_action",
            f"{{{name}}} is used here, but not every way to this step has had that action succeed.",
            "Use it only after the action's “done” way.",
        )
    return Finding(
        step.id,
        ERROR,
        "unknown_result",
        f"No action before gives {{{name}}}.",
        "See beside the action's name what it gives.",
    )


def _exchanges(flow: Flow) -> Iterator[Finding]:
    for path in graph.paths(flow):
        if not path.end:
            continue
        if path.exchanges < graph.MIN_EXCHANGES:
            yield Finding(
                path.steps[-1],
                WARNING,
                "one_exchange",
                f"Ends after a single exchange: {path.text}.",
                "An article answers this as well; a flow asks at least once.",
            )
        elif path.exchanges > graph.MAX_EXCHANGES:
            yield Finding(
                path.steps[-1],
                WARNING,
                "many_exchanges",
                f"Takes up to {path.exchanges} exchanges, where two to four are usual: {path.text}.",
                "Ask for two things in one question, or leave one out.",
            )


def _texts(step: Step, around: Surroundings) -> Iterator[Finding]:
    for field, text in step.texts():
        if not text.strip() and not (field == "invalid" or isinstance(step, End)):
            yield Finding(
                step.id, ERROR, "empty_text", f"The {field} is empty.", "Write what the customer reads."
            )
        for hit in around.voice(text):
            yield Finding(
                step.id, WARNING, "voice", f"The {field} does not keep the brand's voice. {hit}", "Reword it."
            )
    if isinstance(step, End) and step.outcome == "resolved" and not step.text.strip():
        yield Finding(
            step.id, WARNING, "silent_end", "The flow ends without a word.", "Write a closing sentence."
        )


def _own(step: Step, around: Surroundings) -> Iterator[Finding]:
    """Yield what is wrong with the step by itself."""
    if isinstance(step, Act):
        yield from _action(step, around)
    elif isinstance(step, End) and step.outcome == "escalated" and not step.reason.strip():
        yield Finding(
            step.id, ERROR, "no_reason", "A person takes over without a reason.", "Say why, for that person."
        )
    elif isinstance(step, Branch) and not step.cases:
        yield Finding(step.id, WARNING, "no_cases", "All go the same way here.", "Add a case, or delete it.")
    elif isinstance(step, Collect):
        if step.spec.type == CHOICE and len([one for one in step.spec.choices if one.strip()]) < 2:
            yield Finding(step.id, ERROR, "few_choices", "There is nothing to choose from.", "List them.")
        if (
            step.spec.type == REFERENCE
            and step.spec.pattern
            and (fault := pattern_problem(step.spec.pattern))
        ):
            yield Finding(
                step.id, ERROR, "bad_pattern", f"The pattern cannot be read: {fault}", "Write RE2 syntax."
            )


def _action(step: Act, around: Surroundings) -> Iterator[Finding]:
    info = around.actions.get(step.action)
    if info is None:
        message = f"There is no action {step.action!r}." if step.action else "No action is chosen."
        fix = "Choose one of the list, or have it set up under Actions."
        yield Finding(step.id, ERROR, "unknown_action", message, fix)
        return
    if not info.is_ready:
        message = f"“{info.label}” or its connection is switched off: customers would be handed to a person."
        yield Finding(step.id, WARNING, "action_off", message, "Switch it on under Actions and Connections.")
    given = {name for name, value in step.arguments.items() if value.strip()}
    for name in info.required:
        if name not in given:
            yield Finding(
                step.id,
                ERROR,
                "argument_missing",
                f"{info.label} needs {name}.",
                "Fill it in, with a slot such as {email}.",
            )
    for name in step.arguments:
        if info.parameters is not None and name not in info.parameters:
            message = f"{info.label} does not take {name}."
            yield Finding(step.id, ERROR, "unknown_argument", message, "Take it out.")


def pattern_problem(pattern: str) -> str:
    """Return why RE2 does not take the pattern, or ""."""
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(pattern, options)
    except re2.error as fault:
        said = fault.args[0] if fault.args else ""
        return (said.decode(errors="replace") if isinstance(said, bytes) else str(said))[:200]
    return ""
