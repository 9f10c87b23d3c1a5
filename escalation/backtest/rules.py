"""Rule sets for a back-test from rows: the live one, and the one that a change would make of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from core.errors import Conflict, InvalidInput, NotFound
from escalation.backtest.candidate import AS_IT_IS, DISABLE, ENABLE, NUMBER, Change, Row, rows_changed
from escalation.backtest.dial import Dial, dials_of
from escalation.contracts import RuleSet
from escalation.firing import DOUBTS
from escalation.models import Rule, RuleSetVersion, RuleVersion
from escalation.selectors import rule_set_of
from escalation.triggers import parameters_validate

MAX_RULES = 500


@dataclass(frozen=True, slots=True)
class Trial:
    """A change with the rows before and after it."""

    change: Change
    live_number: int
    live_rows: tuple[Row, ...]
    rows: tuple[Row, ...]

    @property
    def live(self) -> RuleSet:
        """The rules that decide now."""
        return rule_set_of(self.live_number, self.live_rows)

    @property
    def candidate(self) -> RuleSet:
        """The rules as they would be."""
        return rule_set_of(self.live_number, self.rows)


def live_rows() -> tuple[int, tuple[dict[str, Any], ...]]:
    """Return number and rows of the live rule set; 0 and nothing before the first rule."""
    latest = RuleSetVersion.objects.order_by("-number").first()
    return (latest.number, tuple(latest.rules)) if latest else (0, ())


def proposed_row(rule_id: int, version: int | None = None) -> dict[str, Any]:
    """Return a rule's row in one version (None: its newest) at its place of now, or raise NotFound."""
    versions = RuleVersion.objects.filter(rule_id=rule_id).select_related("rule").order_by("-version")
    found = (versions if version is None else versions.filter(version=version)).first()
    if found is None:
        raise NotFound("There is no such rule.", code="unknown_rule")
    return {"id": rule_id, "version": found.version, **found.fields, "priority": found.rule.priority}


def trial_of(change: Change) -> Trial:
    """Return the trial of a change against the rules as they are now, or raise DomainError."""
    number, live = live_rows()
    if change.kind not in (AS_IT_IS, ENABLE, DISABLE, NUMBER):
        raise InvalidInput("Choose what to try.", code="unknown_change")
    proposed = None
    if change.kind in (ENABLE, NUMBER):
        proposed = proposed_row(change.rule_id or 0, change.rule_version)
        if change.kind == NUMBER:
            _number_check(proposed, change)
        else:
            change = replace(change, rule_version=proposed["version"])
    if change.kind == DISABLE and all(row["id"] != change.rule_id for row in live):
        raise Conflict("This rule does not decide anything now.", code="rule_not_live")
    return Trial(change, number, live, tuple(rows_changed(live, change, proposed)))


def dial_of(rule_id: int, name: str) -> Dial:
    """Return one number of a rule's newest version, or raise NotFound."""
    row = proposed_row(rule_id)
    for dial in dials_of(rule_id, row["name"], row["trigger"], row["parameters"]):
        if dial.name == name:
            return dial
    raise NotFound("This rule has no such number.", code="unknown_number")


def dials() -> tuple[Dial, ...]:
    """Return the numbers of all rules: those of the agent's own doubt first, then those that decide now."""
    rules = Rule.objects.filter(archived_at=None).order_by("kind", "priority", "id")[:MAX_RULES]
    live = {row["id"] for row in live_rows()[1]}
    found = [dial for rule in rules for dial in dials_of(rule.pk, rule.name, rule.trigger, rule.parameters)]
    doubts = {rule.pk for rule in rules if rule.trigger in DOUBTS}
    return tuple(sorted(found, key=lambda dial: (dial.rule_id not in live, dial.rule_id not in doubts)))


def _number_check(row: Row, change: Change) -> None:
    if change.value is None or all(
        dial.name != change.name
        for dial in dials_of(row["id"], row["name"], row["trigger"], row["parameters"])
    ):
        raise InvalidInput("This rule has no such number.", code="unknown_number")
    parameters_validate(row["trigger"], {**row["parameters"], change.name: change.value})
