"""The metrics of a pilot as people read them: value, n, interval, the time before, the target. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.proportions import Share
from pilot.meter import sequential_interval
from pilot.metrics import FORMULAS, Median, Metrics

LABELS = {
    "resolution_rate": "Resolution rate",
    "csat": "CSAT",
    "escalation_rate": "Escalation rate",
    "time_to_resolution": "Time to resolution",
    "corrections": "Corrections per 100",
}
MORE_IS_BETTER = ("resolution_rate", "csat")


@dataclass(frozen=True, slots=True)
class Card:
    """One metric of the whole pilot. Texts are empty where nothing is known."""

    name: str
    label: str
    value: str
    unit: str
    n: int
    interval: str
    formula: str
    before: str
    target: str


def cards_of(whole: Metrics, *, baseline: Mapping[str, Any], targets: Mapping[str, Any]) -> list[Card]:
    """Return the four metrics and the corrections, with always-valid intervals: they are looked at live."""
    shares = {
        "resolution_rate": whole.resolution_rate,
        "csat": whole.csat,
        "escalation_rate": whole.escalation_rate,
        "corrections": whole.corrections,
    }
    cards = {name: _of_share(name, share, baseline, targets) for name, share in shares.items()}
    cards["time_to_resolution"] = _of_median(whole.time_to_resolution, baseline, targets)
    return [cards[name] for name in LABELS]


def level_of(levels: Mapping[str, Any], name: str) -> float | None:
    """Return a baseline or a target as a number (ratio or minutes); None where it is not known.

    A target is a number; a baseline is {"part", "whole"} or {"minutes", "n"}.
    """
    kept = levels.get(name)
    if isinstance(kept, bool) or kept is None:
        return None
    if isinstance(kept, int | float):
        return float(kept)
    if isinstance(kept, Mapping):
        if kept.get("whole"):
            return float(kept["part"]) / float(kept["whole"])
        if "minutes" in kept:
            return float(kept["minutes"])
    return None


def median_text(median: Median) -> str:
    """Return a median of minutes with its 95 % interval, where there are enough for one."""
    if median.value is None:
        return "not known"
    if median.low is None or median.high is None:
        return f"{minutes_text(median.value)} (n = {median.n:,})"
    interval = f"{minutes_text(median.low)} to {minutes_text(median.high)}"
    return f"{minutes_text(median.value)} ({interval}, n = {median.n:,})"


def minutes_text(minutes: float) -> str:
    """Return minutes as people say them."""
    if 60 * minutes < 1:
        return "<1 s"
    if minutes < 1:
        return f"{60 * minutes:.0f} s"
    if minutes < 120:
        return f"{minutes:.3g} min"
    return f"{minutes / 60:.3g} h" if minutes < 48 * 60 else f"{minutes / 1440:.3g} days"


def _of_share(name: str, share: Share, baseline: Mapping[str, Any], targets: Mapping[str, Any]) -> Card:
    per_100 = name == "corrections"
    value, interval = "–", ""
    if share.whole:
        found = sequential_interval(share.part, share.whole)
        value = f"{100 * share.part / share.whole:.0f}"
        interval = f"{100 * found.low:.0f}–{100 * found.high:.0f}{'' if per_100 else ' %'}"
    unit = "" if per_100 or not share.whole else "%"
    return Card(
        *(name, LABELS[name], value, unit, share.whole, interval, FORMULAS[name]),
        before=_level(baseline, name),
        target=_target(targets, name),
    )


def _of_median(median: Median, baseline: Mapping[str, Any], targets: Mapping[str, Any]) -> Card:
    name = "time_to_resolution"
    interval = ""
    if median.low is not None and median.high is not None:
        interval = f"{minutes_text(median.low)} to {minutes_text(median.high)}"
    value, _, unit = minutes_text(median.value).partition(" ") if median.value is not None else ("–", "", "")
    return Card(
        *(name, LABELS[name], value, unit, median.n, interval, FORMULAS[name]),
        before=_level(baseline, name),
        target=_target(targets, name),
    )


def _level(levels: Mapping[str, Any], name: str) -> str:
    level = level_of(levels, name)
    if level is None:
        return ""
    return minutes_text(level) if name == "time_to_resolution" else f"{100 * level:.3g} %"


def _target(targets: Mapping[str, Any], name: str) -> str:
    level = _level(targets, name)
    return f"{'at least' if name in MORE_IS_BETTER else 'at most'} {level}" if level else ""
