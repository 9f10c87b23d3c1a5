"""The handoff packet: everything a person needs so that the customer repeats nothing. Pure.

``SCHEMA`` is the JSON Schema of a complete packet. A packet that misses something is handed over all the
same, flagged, with what it misses: a customer never waits for paperwork.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from jsonschema import Draft202012Validator

from runtime.contracts import TurnRequest
from runtime.flows.contracts import FlowTurn
from runtime.flows.definition import Act
from runtime.flows.events import events_of
from runtime.flows.interpreter import missing as missing_slots
from runtime.suggested_reply import suggested_reply
from runtime.turn_state import Outcome

TEXT = {"type": "string"}
FILLED = {"type": "string", "minLength": 1}
RATIO = {"type": "number", "minimum": 0, "maximum": 1}


def _object(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    return {"type": "object", "required": [*required], "properties": {**required, **optional}}


SCHEMA = _object(
    {
        "transcript": {
            "type": "array",
            "minItems": 1,
            "items": _object(
                {
                    "turn": {"type": "integer", "minimum": 1},
                    "role": {"enum": ["customer", "agent", "human"]},
                    "text": FILLED,
                    "at": FILLED,
                },
                by=TEXT,
            ),
        },
        # Known, or said why not.
        "intent": {
            "oneOf": [
                _object(
                    {
                        "intent": FILLED,
                        "label": TEXT,
                        "confidence": RATIO,
                        "threshold": RATIO,
                        "is_fallback": {"type": "boolean"},
                    },
                    chosen_by_customer={"type": "boolean"},
                    also=_object({"text": FILLED, "intent": FILLED, "label": TEXT, "decision": FILLED}),
                ),
                _object({"intent": {"type": "null"}, "unavailable": FILLED}),
            ]
        },
        "alternatives": {"type": "array", "items": _object({"intent": FILLED, "confidence": RATIO})},
        "attempted_steps": {
            "type": "array",
            "minItems": 1,
            "items": _object(
                {"turn": {"type": "integer"}, "at": FILLED, "step": FILLED, "outcome": FILLED}, detail=TEXT
            ),
        },
        "data_pulled": {
            "type": "array",
            "items": _object({"source": FILLED, "at": FILLED, "data": {"type": "object"}}),
        },
        "rule": _object(
            {
                "kind": {"enum": ["hard", "soft"]},
                "trigger": FILLED,
                "rule_id": {"type": ["integer", "null"]},
                "rule_version": {"type": ["integer", "null"]},
                "matched_text": TEXT,
            }
        ),
        "customer": _object(
            {"external_id": TEXT, "user_type": TEXT, "tier": TEXT, "verified": {"type": "boolean"}},
            channel=TEXT,
            page=TEXT,
            locale=TEXT,
        ),
        "suggested_reply": FILLED,
    },
    # Packets of an earlier version name no team.
    assigned_team=_object(
        {"id": {"type": ["integer", "null"]}, "name": TEXT, "available": {"type": "boolean"}},
        opens_at={"type": ["string", "null"]},
    ),
)
PUBLISHED_SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Handoff packet",
    "description": "What a complete packet holds. What one misses is named by path in its `missing`.",
    **SCHEMA,
}
_VALIDATOR = Draft202012Validator(SCHEMA)


@dataclass(frozen=True, slots=True)
class PastTurn:
    """What the packet tells of an earlier turn."""

    number: int
    text: str
    reply: str
    decision: str
    reason: str
    citations: Sequence[dict[str, Any]]
    at: datetime


@dataclass(frozen=True, slots=True)
class PastMessage:
    """What a person or the customer wrote in an earlier handoff, which began with turn ``number``."""

    number: int
    sender: str
    text: str
    by: str
    at: datetime


def packet_build(
    *,
    past: Sequence[PastTurn],
    request: TurnRequest,
    outcome: Outcome,
    number: int,
    at: datetime,
    messages: Sequence[PastMessage] = (),
) -> dict[str, Any]:
    """Return the checked packet of turn ``number``, which ends in a handoff."""
    now = at.isoformat()
    escalation = outcome.decision.escalation
    said = outcome.reply if outcome.placement.delivers else ""  # held back, nobody has read it
    return packet_complete(
        {
            "transcript": _transcript(past, messages, (number, request.text, said, at)),
            "intent": _intent(outcome),
            "alternatives": [
                {"intent": score.intent, "confidence": score.confidence}
                for score in (outcome.classification.alternatives if outcome.classification else ())
            ],
            "attempted_steps": [
                *map(_past_step, past),
                *_flow_steps(outcome, number, at),
                *_own_steps(outcome, number, now),
            ],
            "data_pulled": [*_collected(outcome, number, at), *_data_pulled(past, outcome, now)],
            "rule": asdict(escalation) if escalation else {},
            "customer": {
                **asdict(request.customer),
                "locale": outcome.locale,
                "channel": request.channel,
                "page": request.page,
            },
            "assigned_team": outcome.team.as_json(),
            "suggested_reply": _suggested(past, outcome),
        }
    )


def packet_complete(packet: dict[str, Any]) -> dict[str, Any]:
    """Return the packet with ``complete`` and, by path, what is ``missing`` from it."""
    missing = sorted({_path(fault) for fault in _VALIDATOR.iter_errors(packet)})
    return {**packet, "complete": not missing, "missing": missing}


def _path(fault: Any) -> str:
    path = ".".join(str(part) for part in fault.absolute_path)
    if fault.validator == "required":
        names = [name for name in fault.validator_value if name not in fault.instance]
        return ", ".join(f"{path}.{name}".lstrip(".") for name in names)
    return path or "packet"


def _transcript(
    past: Sequence[PastTurn], messages: Sequence[PastMessage], this: tuple[int, str, str, datetime]
) -> list[dict[str, Any]]:
    """Return what was said by all three, first to last."""
    turns = [*((turn.number, turn.text, turn.reply, turn.at) for turn in past), this]
    said = [
        (when, {"turn": number, "role": role, "text": words, "at": when.isoformat()})
        for number, text, reply, when in turns
        for role, words in (("customer", text), ("agent", reply))
        if words
    ]
    for one in messages:
        line = {"turn": one.number, "role": one.sender, "text": one.text, "at": one.at.isoformat()}
        said.append((one.at, {**line, "by": one.by} if one.by else line))
    return [line for _, line in sorted(said, key=lambda timed: timed[0])]


def _suggested(past: Sequence[PastTurn], outcome: Outcome) -> str:
    facts, turn = outcome.facts, outcome.flow
    known = outcome.profile if not facts.is_fallback else None
    return suggested_reply(
        reason=outcome.decision.reason,
        topic=known.label if known else "",
        collected=dict(turn.position.slots) if turn else {},
        missing=missing_slots(turn.active.flow, turn.position) if turn and turn.is_waiting else [],
        hits=outcome.search.hits if outcome.search else (),
        seen={(one.get("article_id", 0), one.get("anchor", "")) for turn in past for one in turn.citations},
    )


def _intent(outcome: Outcome) -> dict[str, Any]:
    """Return what is known of the intent, or why nothing is."""
    facts, failed = outcome.facts, outcome.failed_step
    if not facts.intent:
        return {"intent": None, "unavailable": f"{failed.name}: {failed.error}" if failed else "not asked"}
    return {
        "intent": facts.intent,
        "label": outcome.profile.label if outcome.profile else "",
        "confidence": facts.confidence,
        "threshold": facts.threshold,
        "is_fallback": facts.is_fallback,
        "chosen_by_customer": bool(outcome.chosen_intent),
        **({"also": outcome.also_json} if outcome.also_json else {}),
    }


def _past_step(turn: PastTurn) -> dict[str, Any]:
    titles = ", ".join(str(citation.get("title", "")) for citation in turn.citations)
    return {
        "turn": turn.number,
        "at": turn.at.isoformat(),
        "step": turn.decision,
        "outcome": turn.reason,
        "detail": titles,
    }


def _flow_steps(outcome: Outcome, number: int, at: datetime) -> list[dict[str, Any]]:
    """Return each thing that happened in the flow that runs, over all of its turns."""
    turn = outcome.flow or outcome.left
    if turn is None:
        return []
    events = [*turn.events_before, *events_of(turn, number, at)]
    return [
        {**event, "step": f"{turn.active.title}: {event['step'] or 'start'}", "detail": event["detail"]}
        for event in events
    ]


def _collected(outcome: Outcome, number: int, at: datetime) -> list[dict[str, Any]]:
    """Return what the customer has said for the flow's slots, what actions have given, and when."""
    turn = outcome.flow or outcome.left
    if turn is None:
        return []
    when = _times(turn, number, at)
    position, steps = turn.position, turn.active.flow.by_id
    said: dict[str, dict[str, str]] = {}
    for name, value in position.slots.items():
        asked = [when[step.id] for step in turn.active.flow.collects if step.slot == name and step.id in when]
        said.setdefault(max(asked, default=when[""]), {})[name] = value
    slots = [{"source": "customer", "at": time, "data": data} for time, data in said.items()]
    given = [
        {"source": _action_of(steps.get(name), name), "at": when.get(name, when[""]), "data": dict(data)}
        for name, data in position.results.items()
    ]
    return [*slots, *given]


def _action_of(step: Any, name: str) -> str:
    return step.action if isinstance(step, Act) else name


def _times(turn: FlowTurn, number: int, at: datetime) -> Mapping[str, str]:
    """Return when each step of the flow last had a part; under "" the time of the run's first event."""
    events = [*turn.events_before, *events_of(turn, number, at)]
    first = next((str(event["at"]) for event in events if event["at"]), at.isoformat())
    return {"": first, **{str(event["step"]): str(event["at"]) for event in events if event["at"]}}


def _own_steps(outcome: Outcome, number: int, now: str) -> list[dict[str, Any]]:
    return [
        {
            "turn": number,
            "at": now,
            "step": step.name,
            "outcome": f"failed: {step.error}" if step.error else "done",
        }
        for step in outcome.steps
    ]


def _data_pulled(past: Sequence[PastTurn], outcome: Outcome, now: str) -> list[dict[str, Any]]:
    """Return the articles that were cited or found."""
    pulled = [
        {"source": "knowledge_base", "at": turn.at.isoformat(), "data": citation}
        for turn in past
        for citation in turn.citations
    ]
    for hit in outcome.search.hits if outcome.search else ():
        data = {key: value for key, value in asdict(hit).items() if key != "quote"}
        pulled.append({"source": "knowledge_base", "at": now, "data": data})
    return pulled
