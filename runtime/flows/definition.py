"""A flow as it is written: steps with ids in JSON of format 1, read into frozen dataclasses. Pure.

The flow starts at its first step. Wherever a step names no next step, the step below it is next. Says what
can be read at all; whether a flow makes sense is runtime.flows.checks' business.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any

from jsonschema import Draft202012Validator

from core.api import strict_json
from core.errors import InvalidInput
from runtime.flows.slot_types import DATE_ORDERS, SLOT_TYPES, SlotSpec

FORMAT = 1
MAX_STEPS = 40
MAX_CHARACTERS = 100_000
NAME = r"^[a-z][a-z0-9_]{0,39}$"
RESULT = "result"  # {result.name}: of the latest action that gave it; no step may be called so
COLLECT, SAY, ACT, CONFIRM, BRANCH, END = "collect", "say", "act", "confirm", "branch", "end"
RESOLVED, ESCALATED = "resolved", "escalated"
PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)?)\}")

_NAME = {"type": "string", "pattern": NAME}
_TARGET = {"type": "string", "pattern": f"^$|{NAME}"}
_TEXT = {"type": "string", "maxLength": 2000}
_SHORT = {"type": "string", "maxLength": 200}
_TRIES = {"type": "integer", "minimum": 1, "maximum": 5}


def _step(kind: str, required: tuple[str, ...], **properties: Any) -> dict[str, Any]:
    own = {"id": _NAME, "kind": {"const": kind}, **properties}
    return {
        "type": "object",
        "required": ["id", "kind", *required],
        "properties": own,
        "additionalProperties": False,
    }


STEP_SCHEMAS: Mapping[str, dict[str, Any]] = {
    COLLECT: _step(
        COLLECT,
        ("slot", "type", "question"),
        slot=_NAME,
        type={"enum": list(SLOT_TYPES)},
        question=_TEXT,
        invalid=_TEXT,
        max_tries=_TRIES,
        pattern=_SHORT,
        choices={"type": "array", "maxItems": 30, "items": {"type": "string", "maxLength": 80}},
        date_order={"enum": list(DATE_ORDERS)},
        region={"type": "string", "pattern": "^$|^[A-Z]{2}$"},
        next=_TARGET,
    ),
    SAY: _step(SAY, ("text",), text=_TEXT, next=_TARGET),
    ACT: _step(
        ACT,
        ("action",),
        action={"type": "string", "maxLength": 60},
        arguments={"type": "object", "maxProperties": 20, "additionalProperties": _TEXT},
        success=_TARGET,
        failure=_TARGET,
    ),
    CONFIRM: _step(CONFIRM, ("question",), question=_TEXT, max_tries=_TRIES, yes=_TARGET, no=_TARGET),
    BRANCH: _step(
        BRANCH,
        ("on",),
        on={"type": "string", "maxLength": 90},
        cases={
            "type": "array",
            "maxItems": 20,
            "items": {
                "type": "object",
                "required": ["values"],
                "additionalProperties": False,
                "properties": {
                    "values": {"type": "array", "minItems": 1, "maxItems": 20, "items": _SHORT},
                    "next": _TARGET,
                },
            },
        },
        otherwise=_TARGET,
    ),
    END: _step(END, ("outcome",), outcome={"enum": [RESOLVED, ESCALATED]}, text=_TEXT, reason=_SHORT),
}
SCHEMA = {
    "type": "object",
    "required": ["format", "steps"],
    "additionalProperties": False,
    "properties": {
        "format": {"const": FORMAT},
        "steps": {"type": "array", "maxItems": MAX_STEPS, "items": {"type": "object"}},
    },
}
_FLOW = Draft202012Validator(SCHEMA)
_STEPS = {kind: Draft202012Validator(schema) for kind, schema in STEP_SCHEMAS.items()}


@dataclass(frozen=True, slots=True)
class Edge:
    """A way from one step to the next: what must happen, and the id that is named ("" for the step below)."""

    label: str
    named: str


@dataclass(frozen=True, slots=True)
class Step:
    """What all steps have: an id that others name."""

    id: str

    @property
    def kind(self) -> str:
        """The kind as it is written."""
        return type(self).__name__.lower()

    def edges(self) -> tuple[Edge, ...]:
        """Return the ways on."""
        return ()

    def texts(self) -> tuple[tuple[str, str], ...]:
        """Return what customers read, by field."""
        return ()

    def templates(self) -> tuple[str, ...]:
        """Return every text in which placeholders are filled in."""
        return tuple(text for _, text in self.texts())


@dataclass(frozen=True, slots=True)
class Collect(Step):
    """Ask for a slot's value until it is valid, at most ``max_tries`` times."""

    slot: str
    spec: SlotSpec
    question: str
    invalid: str = ""
    max_tries: int = 3
    next: str = ""

    def edges(self) -> tuple[Edge, ...]:
        return (Edge("", self.next),)

    def texts(self) -> tuple[tuple[str, str], ...]:
        return (("question", self.question), ("invalid", self.invalid))


@dataclass(frozen=True, slots=True)
class Say(Step):
    """Say something and go on."""

    text: str
    next: str = ""

    def edges(self) -> tuple[Edge, ...]:
        return (Edge("", self.next),)

    def texts(self) -> tuple[tuple[str, str], ...]:
        return (("text", self.text),)


@dataclass(frozen=True, slots=True)
class Act(Step):
    """Perform an action; where it fails and ``failure`` names no step, a person takes over."""

    action: str
    arguments: Mapping[str, str] = field(default_factory=dict)
    success: str = ""
    failure: str = ""

    def edges(self) -> tuple[Edge, ...]:
        on_failure = (Edge("if it fails", self.failure),) if self.failure else ()
        return (Edge("done", self.success), *on_failure)

    def templates(self) -> tuple[str, ...]:
        return tuple(self.arguments.values())


@dataclass(frozen=True, slots=True)
class Confirm(Step):
    """Ask a question that is answered by yes or no."""

    question: str
    max_tries: int = 2
    yes: str = ""
    no: str = ""

    def edges(self) -> tuple[Edge, ...]:
        return (Edge("yes", self.yes), Edge("no", self.no))

    def texts(self) -> tuple[tuple[str, str], ...]:
        return (("question", self.question),)


@dataclass(frozen=True, slots=True)
class Case:
    """Where to go for some values, compared without regard to case."""

    values: tuple[str, ...]
    next: str = ""


@dataclass(frozen=True, slots=True)
class Branch(Step):
    """Go on by a slot's value, or by what an action gave (``on``: slot, result.name or step.name)."""

    on: str
    cases: tuple[Case, ...] = ()
    otherwise: str = ""

    def edges(self) -> tuple[Edge, ...]:
        named = tuple(Edge(" or ".join(case.values), case.next) for case in self.cases)
        return (*named, Edge("otherwise", self.otherwise))


@dataclass(frozen=True, slots=True)
class End(Step):
    """The end: resolved, or a person takes over for ``reason``."""

    outcome: str
    text: str = ""
    reason: str = ""

    def texts(self) -> tuple[tuple[str, str], ...]:
        return (("text", self.text),) if self.outcome == RESOLVED else ()


@dataclass(frozen=True)
class Flow:
    """A flow that can be read. Ids may be named twice or not exist: the checks say so."""

    steps: tuple[Step, ...]

    @cached_property
    def by_id(self) -> Mapping[str, Step]:
        """The steps by id; of two with the same id the first."""
        return {step.id: step for step in reversed(self.steps)}

    @cached_property
    def _below(self) -> Mapping[str, str]:
        ids = [step.id for step in self.steps]
        return dict(reversed([*pairwise(ids)]))

    def target(self, step: Step, named: str) -> str:
        """Return the id that a way leads to: the one named, or the step below; "" where there is none."""
        return named or self._below.get(step.id, "")

    def ways(self, step: Step) -> Iterator[tuple[Edge, str]]:
        """Yield each way on from a step with the id that it leads to."""
        for edge in step.edges():
            yield edge, self.target(step, edge.named)

    @cached_property
    def collects(self) -> tuple[Collect, ...]:
        """The collecting steps, first to last."""
        return tuple(step for step in self.steps if isinstance(step, Collect))


def flow_read(raw: Any) -> Flow:
    """Return the flow that a decoded JSON value says, or raise InvalidInput naming the first fault."""
    _refuse(next(_FLOW.iter_errors(raw), None), "The flow")
    steps = []
    for number, fields in enumerate(raw["steps"], 1):
        kind = fields.get("kind")
        where = f"Step {number} ({fields.get('id', 'without an id')})"
        if not isinstance(kind, str) or kind not in _STEPS:
            raise InvalidInput(
                f"{where} has no known kind: write one of {', '.join(_STEPS)}.", code="bad_definition"
            )
        _refuse(next(_STEPS[kind].iter_errors(fields), None), where)
        steps.append(_READERS[kind](fields))
    return Flow(tuple(steps))


def flow_loads(text: str) -> tuple[Flow, dict[str, Any]]:
    """Return the flow and its JSON value, from text; raise InvalidInput where it cannot be read."""
    if len(text) > MAX_CHARACTERS:
        raise InvalidInput(f"A flow takes at most {MAX_CHARACTERS} characters.", code="too_long")
    try:
        raw = strict_json.loads(text.encode("utf-8", "surrogatepass"))
    except strict_json.BadJson as error:
        raise InvalidInput(f"This is no JSON: {error}", code="bad_definition") from error
    return flow_read(raw), raw


def flow_dumps(raw: Mapping[str, Any]) -> str:
    """Return the JSON of a definition as people read it."""
    return json.dumps(raw, indent=2, ensure_ascii=False)


def flow_hash(raw: Mapping[str, Any]) -> str:
    """Return the sha256 of a definition, whatever the order of its keys."""
    canonical = json.dumps(raw, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def references(text: str) -> list[str]:
    """Return what the placeholders of a text refer to: slots, and results as ``where.name``."""
    return PLACEHOLDER.findall(text)


def _refuse(fault: Any, where: str) -> None:
    if fault is not None:
        path = ".".join(str(part) for part in fault.absolute_path)
        raise InvalidInput(
            f"{where}{f', {path}' if path else ''}: {fault.message[:200]}", code="bad_definition"
        )


def _collect(fields: Mapping[str, Any]) -> Collect:
    spec = SlotSpec(
        type=fields["type"],
        pattern=fields.get("pattern", ""),
        choices=tuple(fields.get("choices", ())),
        date_order=fields.get("date_order", DATE_ORDERS[0]),
        region=fields.get("region", ""),
    )
    own = {name: fields[name] for name in ("question", "invalid", "max_tries", "next") if name in fields}
    return Collect(fields["id"], fields["slot"], spec, **own)


def _branch(fields: Mapping[str, Any]) -> Branch:
    cases = tuple(Case(tuple(case["values"]), case.get("next", "")) for case in fields.get("cases", ()))
    return Branch(fields["id"], fields["on"], cases, fields.get("otherwise", ""))


def _plain(kind: type[Step]) -> Any:
    return lambda fields: kind(**{name: value for name, value in fields.items() if name != "kind"})


_READERS: Mapping[str, Any] = {
    COLLECT: _collect,
    BRANCH: _branch,
    **{kind: _plain(cls) for kind, cls in {SAY: Say, ACT: Act, CONFIRM: Confirm, END: End}.items()},
}
