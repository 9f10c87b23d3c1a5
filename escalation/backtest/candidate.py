"""A change of the rules that is tried before it is made, over rule sets as they are stored. Pure.

A rule set is the list of rows that RuleSetVersion keeps: dictionaries with id, version, kind, priority and
parameters. Decides neither whether a change is sensible nor whether it may be made.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import InvalidInput

Row = Mapping[str, Any]

AS_IT_IS, ENABLE, DISABLE, NUMBER = "as_it_is", "enable", "disable", "number"


@dataclass(frozen=True, slots=True)
class Change:
    """What is tried: nothing, a rule's version, a rule left out, or one number of a rule set elsewhere."""

    kind: str = AS_IT_IS
    rule_id: int | None = None
    rule_version: int | None = None
    name: str = ""
    value: float | None = None

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Change:
        """Return a change as ``dataclasses.asdict`` and JSON have left it."""
        return cls(**stored)


def rows_changed(live: Sequence[Row], change: Change, proposed: Row | None = None) -> list[Row]:
    """Return the rows as they would be; ``proposed`` is the rule's row in the version that is tried.

    A number is set in the proposed row, so that it can be tried on a rule that is not enabled too.
    """
    if change.kind == AS_IT_IS:
        return list(live)
    others = [row for row in live if row["id"] != change.rule_id]
    if change.kind == DISABLE:
        return others
    if proposed is None:
        raise InvalidInput("There is no such rule.", code="unknown_rule")
    row = dict(proposed)
    if change.kind == NUMBER:
        row["parameters"] = {**row["parameters"], change.name: change.value}
    return sorted([*others, row], key=lambda r: (r["kind"], r["priority"], r["id"]))


def rows_digest(rows: Sequence[Row]) -> str:
    """Return the sha256 of what the rows decide by: equal for equal rules in equal order."""
    return digest([{name: row[name] for name in row if name != "enabled"} for row in rows])


def digest(content: Any) -> str:
    """Return the sha256 of JSON in its one canonical form."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
