"""What has changed between two runs, by the scenario's name. Pure.

First what broke, then what was mended, then what passes or fails as before but in other words or ways.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

BROKE, FIXED, CHANGED, ONLY_BEFORE, ONLY_AFTER, SAME = (
    "broke",
    "fixed",
    "changed",
    "only_before",
    "only_after",
    "same",
)
ORDER = (BROKE, FIXED, CHANGED, ONLY_BEFORE, ONLY_AFTER, SAME)
LABELS: Mapping[str, str] = {
    BROKE: "passed, now fails",
    FIXED: "failed, now passes",
    CHANGED: "answers otherwise",
    ONLY_BEFORE: "only in the earlier run",
    ONLY_AFTER: "only in the later run",
    SAME: "the same",
}
COMPARED = (
    "decision",
    "reason",
    "intent",
    "mode",
    "citations",
    "flow_step",
    "flow_outcome",
    "actions",
    "reply",
)
Result = Mapping[str, Any]  # name, sha256, passed, failures, transcript


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing of one turn that is another."""

    step: int
    what: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Compared:
    """One scenario in both runs; ``is_rewritten`` where its definition is another one now."""

    name: str
    kind: str
    is_rewritten: bool
    differences: tuple[Difference, ...]
    failures: tuple[Mapping[str, Any], ...]  # of the later run

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            **asdict(self),
            "differences": [asdict(one) for one in self.differences],
            "failures": list(self.failures),
        }


def runs_compare(before: Sequence[Result], after: Sequence[Result]) -> list[Compared]:
    """Return every scenario of either run, in the order of what needs a person's eye first."""
    old = {one["name"]: one for one in before}
    new = {one["name"]: one for one in after}
    found = [_compared(name, old.get(name), new.get(name)) for name in {**old, **new}]
    return sorted(found, key=lambda one: (ORDER.index(one.kind), one.name))


def counts_of(compared: Sequence[Compared]) -> dict[str, int]:
    """Return how many scenarios are of each kind."""
    return {kind: sum(one.kind == kind for one in compared) for kind in ORDER}


def _compared(name: str, before: Result | None, after: Result | None) -> Compared:
    if before is None or after is None:
        kind = ONLY_AFTER if before is None else ONLY_BEFORE
        return Compared(name, kind, False, (), tuple(after["failures"]) if after else ())
    differences = tuple(_differences(before["transcript"], after["transcript"]))
    if before["passed"] != after["passed"]:
        kind = FIXED if after["passed"] else BROKE
    else:
        kind = CHANGED if differences else SAME
    return Compared(name, kind, before["sha256"] != after["sha256"], differences, tuple(after["failures"]))


def _differences(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> list[Difference]:
    found = []
    for place in range(max(len(before), len(after))):
        old = before[place] if place < len(before) else {}
        new = after[place] if place < len(after) else {}
        found += [
            Difference(place + 1, what.replace("_", " "), _said(what, old), _said(what, new))
            for what in COMPARED
            if _said(what, old) != _said(what, new)
        ]
    return found


def _said(what: str, turn: Mapping[str, Any]) -> str:
    value = turn.get(what)
    if what == "citations":
        return ", ".join(str(one["title"]) for one in value or ())
    if what == "actions":
        return ", ".join(
            f"{one['action']}({', '.join(f'{k}={v}' for k, v in one['arguments'].items())}): {one['state']}"
            for one in value or ()
        )
    return str(value or "")
