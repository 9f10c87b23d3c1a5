"""A run in words and figures, as the admin and ``replay_rules`` show it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.proportions import Share
from escalation.backtest.candidate import DISABLE, ENABLE, NUMBER, Change
from escalation.backtest.figures import Figures
from escalation.triggers import TRIGGERS

BETTER, WORSE = "good", "bad"


@dataclass(frozen=True, slots=True)
class Line:
    """One figure under the live rules and under the changed ones; ``tone`` says whether the change helps."""

    label: str
    says: str
    before: str
    after: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class RuleLine:
    """What one rule decided under both rule sets."""

    name: str
    before: int
    after: int
    precision: str


def figure_lines(before: Figures, after: Figures) -> tuple[Line, ...]:
    """Return the figures of two rule sets side by side."""
    return (
        Line(
            "Reach a person",
            "of all cases",
            before.rate.with_interval(),
            after.rate.with_interval(),
        ),
        Line("At once", "escalated without a question", f"{before.escalated:,}", f"{after.escalated:,}"),
        Line("Asked first", "one clarifying question", f"{before.asked:,}", f"{after.asked:,}"),
        _share("Precision", "of those that reach a person, how many needed one", before, after, "precision"),
        _share("Recall", "of those that needed a person, how many reach one", before, after, "recall"),
        _share(
            "Over-escalation",
            "of those that needed no person, how many reach one",
            before,
            after,
            "over_share",
            less_is_better=True,
        ),
        _share(
            "Under-escalation",
            "of those that needed a person, how many reach none",
            before,
            after,
            "under_share",
            less_is_better=True,
        ),
        _share(
            "Confident and wrong",
            "answered without a question although a person was needed, of those whose truth is known",
            before,
            after,
            "confident_wrong_share",
            less_is_better=True,
        ),
        Line(
            "A person's time",
            "escalations × minutes each",
            duration(before.minutes),
            duration(after.minutes),
            _tone(before.minutes, after.minutes, less_is_better=True),
        ),
    )


def figures_of_run(content: Mapping[str, Any]) -> tuple[Figures, Figures]:
    """Return a run's figures under the live rules and under the changed ones."""
    return Figures.from_json(content["before"]), Figures.from_json(content["after"])


def rule_lines(content: Mapping[str, Any]) -> tuple[RuleLine, ...]:
    """Return what each rule decided, in the order of the rule set; the engine's own decisions last."""
    return tuple(
        RuleLine(
            name=row["name"] or f"No rule: {reason_label(row['reason'])}",
            before=row["before"]["fires"],
            after=row["after"]["fires"],
            precision=str(Share(row["after"]["needed"], row["after"]["known"])),
        )
        for row in content["rules"]
    )


def change_says(change: Change, name: str) -> str:
    """Return what was tried, in a line; ``name`` is the rule's."""
    if change.kind == ENABLE:
        return f"“{name}” version {change.rule_version} enabled"
    if change.kind == DISABLE:
        return f"“{name}” disabled"
    if change.kind == NUMBER:
        return f"“{name}” with {change.name.replace('_', ' ')} = {change.value:g}"
    return "The rules as they are"


def reason_label(reason: str) -> str:
    """Return a decision's reason in words."""
    return TRIGGERS[reason].label if reason in TRIGGERS else reason.replace("_", " ")


def duration(minutes: float) -> str:
    """Return minutes as hours and minutes."""
    whole = round(minutes)
    return f"{whole // 60:,} h {whole % 60:02} min" if whole >= 60 else f"{whole} min"


def _share(
    label: str, says: str, before: Figures, after: Figures, name: str, *, less_is_better: bool = False
) -> Line:
    one, other = getattr(before, name), getattr(after, name)
    tone = ""
    if one.ratio is not None and other.ratio is not None:
        tone = _tone(one.ratio, other.ratio, less_is_better=less_is_better)
    return Line(label, says, one.with_interval(), other.with_interval(), tone)


def _tone(before: float, after: float, *, less_is_better: bool) -> str:
    if before == after:
        return ""
    return BETTER if (after < before) == less_is_better else WORSE
