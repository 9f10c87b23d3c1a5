"""Which values a handoff packet holds, by field: what a person need not ask for. Pure; judges no reply.

Looks in what flows collected and actions gave, in what the customer wrote, and in what is known of the
customer. A value that is there twice is taken from where it is surest: collected, then known, then written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from runtime.flows import slot_types
from runtime.flows.slot_types import SlotSpec
from runtime.flows.slots import find
from runtime.repeats import fields

MAX_VALUE_CHARACTERS = 300
MAX_LINES = 40
MAX_LINE_CHARACTERS = 2_000
KNOWLEDGE_BASE = "knowledge_base"
# Names of slots and of actions' results, by the field that they are.
SLOT_NAMES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern, re.IGNORECASE))
    for name, pattern in (
        (fields.EMAIL, r"e_?mail"),
        (fields.ORDER_NUMBER, r"(?:invoice|order|receipt|reference)(?:_(?:number|no|id|ref))?$"),
        (fields.ACCOUNT_ID, r"(?:account|customer|workspace|organi[sz]ation|client)_(?:id|number|no)$"),
        (fields.AMOUNT, r"(?:^|_)(?:amount|total|sum)"),
        (fields.DATE, r"(?:^|_)(?:date|since|when|day)(?:$|_)|_at$"),
        (fields.PLAN, r"(?:^|_)(?:plan|tier|subscription)(?:$|_)"),
        (fields.PAGE, r"(?:^|_)(?:page|url|screen)(?:$|_)"),
        (fields.TRIED, r"(?:^|_)(?:tried|attempts?|obstacle|steps_taken)(?:$|_)"),
        (fields.ERROR_TEXT, r"(?:^|_)error(?:$|_)"),
    )
)
WRITTEN: tuple[tuple[str, SlotSpec], ...] = (
    (fields.EMAIL, SlotSpec(slot_types.EMAIL)),
    (fields.ORDER_NUMBER, SlotSpec(slot_types.REFERENCE)),
    (fields.AMOUNT, SlotSpec(slot_types.AMOUNT)),
    (fields.DATE, SlotSpec(slot_types.DATE)),
)
PLAN_WORDS = re.compile(
    r"\b(?:on|have|using|use|our|my) (?:the |a |an )?(\w{2,20}) (?:plan|tier|subscription)\b", re.IGNORECASE
)
NOT_A_PLAN = frozenset(
    ("the", "our", "my", "your", "current", "new", "old", "same", "yearly", "monthly", "other")
)
TRIED_WORDS = re.compile(
    r"[^.!?\n]{0,80}\b(?:i|we)(?:'ve| have)?\s+(?:already\s+|also\s+)?"
    r"(?:tried|cleared|reset|restarted|reinstalled|rebooted|refreshed|logged out)\b[^.!?\n]{0,160}",
    re.IGNORECASE,
)
ERROR_WORDS = re.compile(
    r"\berror(?: message| code)?s?(?: says?| is| was|:)?\s*[:\"“”'‘]+\s*([^\"“”\n]{3,200})"
    r"|\b(error (?:code )?[A-Z]{0,4}-?\d{2,6}\b[^.!?\n]{0,80})"
    r"|\b(HTTP \d{3}|[A-Z][A-Z0-9]*_[A-Z0-9_]{3,40})\b",
    re.IGNORECASE,
)
SHOUTED = re.compile(r"[A-Z0-9_]+")


def held_values(packet: Mapping[str, Any]) -> dict[str, str]:
    """Return the known values by field, in the order of ``fields.FIELDS``; others are left out."""
    customer = packet.get("customer") or {}
    known = {
        fields.ACCOUNT_ID: customer.get("external_id"),
        fields.PLAN: customer.get("tier"),
        fields.PAGE: customer.get("page"),
    }
    found = _collected(packet.get("data_pulled") or ())
    for more in (known, _written(packet.get("transcript") or ()), {fields.TRIED: _answered(packet)}):
        for name, value in more.items():
            if value and name not in found:
                found[name] = str(value)
    return {
        field.name: " ".join(found[field.name].split())[:MAX_VALUE_CHARACTERS]
        for field in fields.FIELDS
        if found.get(field.name, "").strip()
    }


def _collected(pulled: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return what flows asked for and actions gave, by the names of slots and results."""
    found: dict[str, str] = {}
    for source in pulled:
        data = source.get("data")
        if source.get("source") == KNOWLEDGE_BASE or not isinstance(data, Mapping):
            continue
        for key, value in data.items():
            if value in (None, "") or isinstance(value, (dict, list, bool)):
                continue
            name = next((field for field, pattern in SLOT_NAMES if pattern.search(str(key))), None)
            if name and name not in found:
                found[name] = str(value)
    return found


def _written(transcript: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return what the customer wrote, the first mention of each."""
    found: dict[str, str] = {}
    for line in [one for one in transcript if one.get("role") == "customer"][:MAX_LINES]:
        text = str(line.get("text", ""))[:MAX_LINE_CHARACTERS].replace("’", "'")
        today = _day(line.get("at"))
        for name, spec in WRITTEN:
            values = find(text, spec, today=today, asked=False) if name not in found else []
            if values:
                found[name] = values[0].value
        for name, value in ((fields.PLAN, _plan(text)), (fields.TRIED, _tried(text)), _error(text)):
            if value and name not in found:
                found[name] = value
    return found


def _answered(packet: Mapping[str, Any]) -> str:
    """Return what the agent has been through with the customer already: articles and steps of flows."""
    steps = packet.get("attempted_steps") or ()
    titles = [str(step.get("detail", "")) for step in steps if step.get("step") == "answer"]
    return "; ".join(dict.fromkeys(title for title in titles if title))


def _day(at: Any) -> date:
    try:
        return datetime.fromisoformat(str(at)).date()
    except ValueError:
        return datetime.now(UTC).date()


def _plan(text: str) -> str:
    names = (match.group(1) for match in PLAN_WORDS.finditer(text))
    return next((name for name in names if name.lower() not in NOT_A_PLAN), "")


def _tried(text: str) -> str:
    match = TRIED_WORDS.search(text)
    return match.group().strip() if match else ""


def _error(text: str) -> tuple[str, str]:
    for match in ERROR_WORDS.finditer(text):
        said = next(group for group in match.groups() if group)
        if match.group(3) is None or SHOUTED.fullmatch(said) or said.upper().startswith("HTTP "):
            return fields.ERROR_TEXT, said.strip()
    return fields.ERROR_TEXT, ""
