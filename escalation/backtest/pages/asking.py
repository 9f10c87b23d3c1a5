"""What the dial's form says, read from the address: never trusted, always bounded."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from core.errors import DomainError
from escalation.backtest.candidate import AS_IT_IS, DISABLE, ENABLE, NUMBER, Change
from escalation.backtest.cases import TICKET, TURN
from escalation.backtest.dial import Dial
from escalation.backtest.figures import SETTLED, TO_A_PERSON
from escalation.backtest.replaying import DAYS, MAX_DAYS, MAX_MINUTES, Settings, default_minutes
from escalation.backtest.rules import dials, live_rows
from escalation.models import Rule

KINDS = {"both": (TURN, TICKET), "turns": (TURN,), "tickets": (TICKET,)}
KIND_LABELS = {"both": "Turns and closed tickets", "turns": "Turns only", "tickets": "Closed tickets only"}
QUESTION_LABELS = {
    TO_A_PERSON: "The question does not help: it ends with a person",
    SETTLED: "The question settles it",
}
MAX_CHOICES = 500


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that can be tried: its value in the form, and what it says."""

    value: str
    label: str
    group: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What the form asks for: what is tried, at which value, with which settings."""

    choice: str
    change: Change
    dial: Dial | None
    settings: Settings
    kinds: str
    minutes_are_known: bool


def choices() -> list[Choice]:
    """Return everything that can be tried: numbers first, then versions to enable, then rules to disable."""
    found = [
        Choice(f"number:{dial.rule_id}:{dial.name}", f"{dial.rule_name} · {dial.label}", "Move a number")
        for dial in dials()
    ]
    live = {row["id"]: row for row in live_rows()[1]}
    rules = list(Rule.objects.order_by("kind", "priority", "id")[:MAX_CHOICES])
    found += [
        Choice(f"enable:{rule.pk}", f"{rule.name} (version {rule.version})", "Enable a draft or an edit")
        for rule in rules
        if rule.pk not in live or live[rule.pk]["version"] != rule.version
    ]
    found += [Choice(f"disable:{pk}", row["name"], "Disable a rule") for pk, row in live.items()]
    return found[:MAX_CHOICES]


def asked_of(query: Mapping[str, Any], offered: list[Choice]) -> Asked:
    """Return what a form's fields say; what cannot be meant falls back to the default."""
    wanted = str(query.get("try", ""))
    choice = wanted if any(one.value == wanted for one in offered) else (offered[0].value if offered else "")
    kind, rule_id, name = ([*choice.split(":"), "", ""])[:3]
    dial = next((d for d in dials() if f"number:{d.rule_id}:{d.name}" == choice), None)
    change = Change(AS_IT_IS)
    if kind == NUMBER and dial is not None:
        value = _number(query.get("value"), dial.low, max(dial.high, dial.current))
        at = dial.current if value is None else value
        change = Change(NUMBER, dial.rule_id, name=name, value=dial.setting(at))
    elif kind in (ENABLE, DISABLE):
        change = Change(kind, int(rule_id))
    settings, known = _settings(query)
    kinds = str(query.get("kinds", "both"))
    kinds = kinds if kinds in KINDS else "both"
    return Asked(choice, change, dial, replace(settings, kinds=KINDS[kinds]), kinds, known)


def _settings(query: Mapping[str, Any]) -> tuple[Settings, bool]:
    minutes, known = default_minutes()
    days = _number(query.get("days"), 1, MAX_DAYS)
    given = _number(query.get("minutes"), 0, MAX_MINUTES)
    questions = str(query.get("questions", TO_A_PERSON))
    settings = Settings(
        days=DAYS if days is None else round(days),
        minutes=minutes if given is None else given,
        questions=questions if questions in QUESTION_LABELS else TO_A_PERSON,
    )
    try:
        settings.check()
    except DomainError:
        return Settings(minutes=minutes), known
    return settings, known


def _number(text: Any, low: float, high: float) -> float | None:
    """Return a finite number within its ends; None where the text is none."""
    try:
        value = float(str(text))
    except ValueError:
        return None
    return min(max(value, low), high) if math.isfinite(value) else None
