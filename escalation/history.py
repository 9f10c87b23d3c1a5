"""The history of a rule and of the set, in words: what each change altered, by whom and when. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from escalation.models import Rule, RuleSetVersion
from escalation.selectors import rule_as_kept, rule_of, sentence_names
from escalation.sentences import Names, rule_sentence
from kb.diff import Line, side_by_side

MAX_VERSIONS = 30


@dataclass(frozen=True, slots=True)
class Step:
    """One version of a rule beside the one before it."""

    version: int
    at: datetime
    changed_by: str
    note: str
    name: str
    said: str
    before: Line | None  # None for the first version
    after: Line | None
    is_live: bool
    is_pending: bool


@dataclass(frozen=True, slots=True)
class SetChange:
    """What one version of the set altered against the one before it, in sentences."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[tuple[Line, Line], ...]
    is_reordered: bool

    @property
    def summary(self) -> str:
        """The change in a few words."""
        counted = ((self.added, "enabled"), (self.removed, "disabled"), (self.changed, "changed"))
        parts = [f"{len(rules)} {verb}" for rules, verb in counted if rules]
        return ", ".join([*parts, "new order"] if self.is_reordered else parts) or "no change"


def rule_steps(rule: Rule, names: Names | None = None) -> list[Step]:
    """Return the rule's newest versions, newest first, each with what it changed in words."""
    names = names or sentence_names()
    kept = list(rule.versions.order_by("-version")[: MAX_VERSIONS + 1])
    said = {one.version: _titled(rule_as_kept(one), names) for one in kept}
    steps = []
    for place, one in enumerate(kept[:MAX_VERSIONS]):
        earlier = kept[place + 1].version if place + 1 < len(kept) else None
        before, after = compared(said[earlier], said[one.version]) if earlier else (None, None)
        steps.append(
            Step(
                version=one.version,
                at=one.at,
                changed_by=one.changed_by,
                note=one.note,
                name=one.fields["name"],
                said=said[one.version],
                before=before,
                after=after,
                is_live=one.version == rule.live_version,
                is_pending=one.version == rule.version and rule.is_pending,
            )
        )
    return steps


def set_change(rules: Sequence[dict[str, Any]], before: Sequence[dict[str, Any]], names: Names) -> SetChange:
    """Compare two versions of the set, as they are kept."""
    old = {rule["id"]: rule for rule in before}
    new = {rule["id"]: rule for rule in rules}
    stayed = [key for key in new if key in old]
    return SetChange(
        added=tuple(_titled(rule_of(new[key]), names) for key in new if key not in old),
        removed=tuple(_titled(rule_of(old[key]), names) for key in old if key not in new),
        changed=tuple(
            _lines(_titled(rule_of(old[key]), names), _titled(rule_of(new[key]), names))
            for key in stayed
            if old[key]["version"] != new[key]["version"]
        ),
        is_reordered=stayed != [key for key in old if key in new],
    )


def set_in_force(at: datetime) -> RuleSetVersion | None:
    """Return the version of the set that decided at a moment, or None where there was none yet."""
    return RuleSetVersion.objects.filter(at__lte=at).order_by("-number").first()


def compared(before: str, after: str) -> tuple[Line | None, Line | None]:
    """Return two sentences cut into the words that changed and those that did not."""
    row = side_by_side(before, after)[0]
    return row.left, row.right


def _lines(before: str, after: str) -> tuple[Line, Line]:
    left, right = compared(before, after)
    return left or Line("same", ()), right or Line("same", ())


def _titled(rule: Any, names: Names) -> str:
    return f"{rule.name}: {rule_sentence(rule, names)}".replace("\n", " ")
