"""Take a flow from one message of the customer to the next. Pure but for the actions, which are passed in.

A position is all there is to a run: from it, the flow and the message everything else follows. Before an
action is performed the position *at* that action is given to ``before_act``; whoever keeps it can go on from
there after a crash: the same action is then asked for with the same key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import Any

from runtime.actions.contracts import DRY_RUN, FAILED, SUCCEEDED, ActionCall, ActionResult, ActionRunner
from runtime.flows import leaving
from runtime.flows.definition import (
    RESOLVED,
    RESULT,
    Act,
    Branch,
    Collect,
    Confirm,
    End,
    Flow,
    Say,
    Step,
)
from runtime.flows.graph import reached
from runtime.flows.slot_types import TEXT, YES_NO
from runtime.flows.slots import fill, yes_or_no
from runtime.flows.texts import CANCELLED, argument_text, invalid_text, reply_text

MAX_MOVES = 100  # in one turn: the checks let no flow be activated that could take more
# How a run can end; FAILED_ACTION is an action without a way for its failure.
RUNNING, DONE, ESCALATES, FAILED_ACTION, CANCELS = "", "resolved", "escalated", "tool_failure", "cancelled"
Values = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Position:
    """Where a run stands.

    ``step``: the step that waits for an answer, or the action that is about to be performed; "" before the
    start. ``asked``, ``passed`` and ``visits`` count by step: questions put, values taken, actions performed.
    ``results``: what actions gave, by step, the latest last.
    """

    step: str = ""
    slots: Values = field(default_factory=dict)
    asked: Mapping[str, int] = field(default_factory=dict)
    passed: Mapping[str, int] = field(default_factory=dict)
    visits: Mapping[str, int] = field(default_factory=dict)
    results: Mapping[str, Values] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the position as plain JSON values; results as pairs, since databases reorder keys."""
        return {**asdict(self), "results": [[step, dict(given)] for step, given in self.results.items()]}

    @classmethod
    def of_json(cls, raw: Mapping[str, Any]) -> Position:
        """Return the position that ``as_json`` gave."""
        return cls(**{**raw, "results": dict(raw["results"])})

    def value_of(self, reference: str) -> str:
        """Return what a placeholder stands for, "" where nothing is known."""
        where, dot, name = reference.partition(".")
        if not dot:
            return self.slots.get(reference, "")
        if where != RESULT:
            return self.results.get(where, {}).get(name, "")
        given = (values[name] for values in reversed(list(self.results.values())) if name in values)
        return next(given, "")


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened at a step, without any value: asked, answered, not understood, said …"""

    step: str
    outcome: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ActionTaken:
    """An action as the bot is told of it."""

    step: str
    action: str
    state: str
    message: str
    data: Values

    def as_json(self) -> dict[str, Any]:
        """Return what POST /turns says of it."""
        return {
            "action": self.action,
            "state": self.state,
            "message": self.message,
            "data": dict(self.data),
        }


@dataclass(slots=True)
class Progress:
    """What one message led to. ``outcome`` is RUNNING while a question waits for its answer."""

    position: Position
    says: list[str] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    actions: list[ActionTaken] = field(default_factory=list)
    outcome: str = RUNNING
    reason: str = ""

    @property
    def reply(self) -> str:
        """What the customer reads."""
        return "\n\n".join(text for text in self.says if text)


@dataclass(frozen=True, slots=True)
class Means:
    """What a run needs of the world. ``key`` begins the idempotency key of each of its actions."""

    run_action: ActionRunner
    today: date
    key: str
    dry_run: bool = False
    before_act: Callable[[Position], None] = lambda position: None


def begin(flow: Flow, opening: str, means: Means) -> Progress:
    """Start at the first step with what the opening message says already."""
    specs = {step.slot: step.spec for step in reversed(flow.collects)}
    found = fill(opening, specs, asked="", today=means.today)
    position = Position(slots={name: one.value for name, one in found.items()})
    return _Walk(flow, means, Progress(position), frozenset()).go(flow.steps[0].id if flow.steps else "")


def proceed(flow: Flow, position: Position, message: str, means: Means) -> Progress:
    """Take the customer's message as the answer to the question that waits, and go on from there."""
    step = flow.by_id.get(position.step)
    walk = _Walk(flow, means, Progress(position), frozenset())
    if isinstance(step, Act):  # it was about to be performed when the process ended
        return walk.go(step.id, resumed=True)
    if leaving.message_kind(flow, position.step, message, today=means.today) == leaving.CANCEL:
        return Progress(position, [CANCELLED], [Event(position.step, "called off")], [], CANCELS)
    if isinstance(step, Collect):
        return walk.collected(step, message)
    if isinstance(step, Confirm):
        return walk.confirmed(step, message)
    raise LookupError(f"The run waits at {position.step!r}, where the flow asks nothing.")


def missing(flow: Flow, position: Position) -> list[str]:
    """Return the slots that may still be asked for from here on, in the order of the steps."""
    ahead = reached(flow, position.step)
    waits = flow.by_id.get(position.step)
    return list(
        dict.fromkeys(
            step.slot
            for step in flow.collects
            if step.id in ahead and (step.slot not in position.slots or step is waits)
        )
    )


@dataclass(slots=True)
class _Walk:
    """One message's way through the flow; ``fresh``: the slots that this message has filled."""

    flow: Flow
    means: Means
    progress: Progress
    fresh: frozenset[str]

    def collected(self, step: Collect, message: str) -> Progress:
        position = self.progress.position
        specs = {one.slot: one.spec for one in reversed(self.flow.collects) if one.slot not in position.slots}
        specs[step.slot] = step.spec
        found = fill(message, specs, asked=step.slot, today=self.means.today)
        self._take({name: one.value for name, one in found.items()})
        if step.slot in found:
            self._count("passed", step.id)
            self._note(step, "answered")
            return self.go(self.flow.target(step, step.next))
        self._note(step, "not understood")
        words = step.invalid.strip()
        again = [words] if words else [invalid_text(step.spec.type, step.spec.choices), step.question]
        return self._ask(step, again, f"No valid {step.slot} after {step.max_tries} tries.")

    def confirmed(self, step: Confirm, message: str) -> Progress:
        answer = yes_or_no(message)
        if answer:
            self._note(step, "yes")
            return self.go(self.flow.target(step, step.yes))
        corrected = self._corrections(message)
        self._take(corrected)
        if answer is False:
            self._note(step, "no")
            return self.go(self.flow.target(step, step.no))
        self._note(step, "corrected" if corrected else "not understood")
        again = [step.question] if corrected else [invalid_text(YES_NO, ()), step.question]
        return self._ask(step, again, f"No clear yes or no after {step.max_tries} tries.")

    def go(self, name: str, *, resumed: bool = False) -> Progress:
        """Walk on until a question waits or the flow ends."""
        for _ in range(MAX_MOVES):
            step = self.flow.by_id.get(name)
            if step is None:
                return self._end(ESCALATES, f"The flow names no step after {self.progress.position.step}.")
            if isinstance(step, Collect):
                if self._is_known(step):
                    self._count("passed", step.id)
                    name = self.flow.target(step, step.next)
                    continue
                return self._ask(step, [step.question], f"Asked for {step.slot} {step.max_tries} times.")
            if isinstance(step, Confirm):
                return self._ask(step, [step.question], f"Asked {step.max_tries} times.")
            if isinstance(step, End):
                return self._close(step)
            if isinstance(step, Act):
                next_name = self._act(step, resumed=resumed)
                if next_name is None:
                    return self.progress
                name = next_name
            else:
                name = self._pass(step)
            resumed = False
        return self._end(ESCALATES, "The flow goes round in circles.")

    def _pass(self, step: Step) -> str:
        """Say something or choose the way, and return the next step."""
        if isinstance(step, Say):
            self.progress.says.append(self._text(step.text))
            self._note(step, "said")
            return self.flow.target(step, step.next)
        if not isinstance(step, Branch):
            raise TypeError(f"A flow cannot hold {step.kind}.")
        value = self.progress.position.value_of(step.on).strip().casefold()
        for case in step.cases:
            if any(value == one.strip().casefold() for one in case.values):
                return self.flow.target(step, case.next)
        return self.flow.target(step, step.otherwise)

    def _act(self, step: Act, *, resumed: bool) -> str | None:
        """Perform the action; return the next step, or None where a person must take over."""
        if not resumed:
            self._count("visits", step.id)
        self._change(step=step.id)
        position = self.progress.position
        self.means.before_act(position)
        result = self.means.run_action(
            ActionCall(
                action=step.action,
                arguments={
                    name: argument_text(text, position.value_of) for name, text in step.arguments.items()
                },
                idempotency_key=f"{self.means.key}:{step.id}:{position.visits[step.id]}",
                dry_run=self.means.dry_run,
                reference=f"step {step.id}",
            )
        )
        self._note(step, f"{step.action}: {result.state}", result.message[:300])
        self.progress.actions.append(_taken(step, result))
        if result.state in (SUCCEEDED, DRY_RUN):
            others = {name: given for name, given in position.results.items() if name != step.id}
            self._change(results={**others, step.id: dict(result.data)})
            return self.flow.target(step, step.success)
        if result.state == FAILED and step.failure:
            return step.failure
        # What may have happened is never tried again without a person.
        self._end(FAILED_ACTION, result.message or f"{step.action}: {result.state}")
        return None

    def _ask(self, step: Collect | Confirm, words: list[str], reason: str) -> Progress:
        """Put a question, unless it has been put as often as the step allows."""
        self._change(step=step.id)
        if self.progress.position.asked.get(step.id, 0) >= step.max_tries:
            return self._end(ESCALATES, reason)
        self._count("asked", step.id)
        self._note(step, "asked")
        self.progress.says.extend(self._text(text) for text in words)
        return self.progress

    def _close(self, step: End) -> Progress:
        self._change(step=step.id)
        if step.outcome == RESOLVED:
            if step.text.strip():
                self.progress.says.append(self._text(step.text))
            return self._end(DONE, "")
        return self._end(ESCALATES, step.reason)

    def _end(self, outcome: str, reason: str) -> Progress:
        self.progress.outcome, self.progress.reason = outcome, reason
        self.progress.events.append(Event(self.progress.position.step, outcome, reason[:300]))
        return self.progress

    def _is_known(self, step: Collect) -> bool:
        """Tell whether the slot's value is there and need not be asked again: coming back asks anew."""
        position = self.progress.position
        if step.slot not in position.slots:
            return False
        return step.slot in self.fresh or not position.passed.get(step.id)

    def _corrections(self, message: str) -> dict[str, str]:
        """Return other values for known slots, where the message holds such that cannot be mistaken."""
        known = self.progress.position.slots
        specs = {
            step.slot: step.spec
            for step in reversed(self.flow.collects)
            if step.slot in known and step.spec.type not in (TEXT, YES_NO)
        }
        found = fill(message, specs, asked="", today=self.means.today)
        return {name: one.value for name, one in found.items() if one.value != known[name]}

    def _take(self, values: Values) -> None:
        self._change(slots={**self.progress.position.slots, **values})
        self.fresh |= values.keys()

    def _change(self, **changes: Any) -> None:
        self.progress.position = replace(self.progress.position, **changes)

    def _count(self, what: str, step_id: str) -> None:
        counts = getattr(self.progress.position, what)
        self._change(**{what: {**counts, step_id: counts.get(step_id, 0) + 1}})

    def _note(self, step: Step, outcome: str, detail: str = "") -> None:
        self.progress.events.append(Event(step.id, outcome, detail))

    def _text(self, text: str) -> str:
        return reply_text(text, self.progress.position.value_of)


def _taken(step: Act, result: ActionResult) -> ActionTaken:
    return ActionTaken(step.id, step.action, result.state, result.message, dict(result.data))
