"""Rules of the demo company beyond the default ones: one of each state, made through the services."""

from __future__ import annotations

from typing import Any

from core.actors import Actor
from escalation.models import Rule
from escalation.services import rule_create, rule_update
from escalation.triggers import HARD, HUMAN_REQUEST, PATTERN, SOFT

BREACH, WEEKEND, LAUNCH = "Security incident", "Weekend wishes of large plans", "Beta of the new export"
OFFICE = {"days": [1, 2, 3, 4, 5], "from": "09:00", "until": "18:00"}
ROWS: tuple[dict[str, Any], ...] = (
    {
        "name": BREACH,
        "kind": HARD,
        "trigger": PATTERN,
        "parameters": {"phrases": ["data breach", "hacked account"], "patterns": [r"CVE-\d{4}-\d{4,7}"]},
        "conditions": {},
        "priority": 15,
        "enabled": True,
    },
    {
        "name": WEEKEND,
        "kind": SOFT,
        "trigger": HUMAN_REQUEST,
        "parameters": {},
        "conditions": {"tiers": ["enterprise"], "hours": {"outside": True, "windows": [OFFICE]}},
        "priority": 18,
    },
    {
        "name": LAUNCH,
        "kind": SOFT,
        "trigger": PATTERN,
        "parameters": {"phrases": ["new export"]},
        "conditions": {
            "pages": ["/settings/**"],
            "valid_from": "2026-05-04T08:00:00+00:00",
            "valid_until": "2026-05-18T08:00:00+00:00",
        },
        "clarify_first": 1,
        "priority": 19,
    },
)


def rules_add(lead: Actor) -> int:
    """Add the rules that are not there yet, with an edit that waits; return how many were added."""
    there = set(Rule.objects.values_list("name", flat=True))
    new = [row for row in ROWS if row["name"] not in there]
    for row in new:
        rule = rule_create(actor=lead, **{"clarify_first": 0, **row})
        if row["name"] == BREACH:
            phrases = [*rule.parameters["phrases"], "leaked password"]
            rule_update(
                actor=lead,
                rule=rule,
                parameters={**rule.parameters, "phrases": phrases},
                note="Two customers wrote it this way.",
            )
    return len(new)
