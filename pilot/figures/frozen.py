"""A week's figures as JSON: what a weekly review keeps and the metrics endpoint tells. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.proportions import Share
from pilot.figures.cards import LABELS, median_text
from pilot.meter import sequential_interval
from pilot.metrics import FORMULAS, Median, Metrics

COUNTS = (
    *("interactions", "resolved", "confirmed", "assumed", "judged", "withdrawn", "corrected"),
    *("escalated", "abandoned", "pending", "not_sampled"),
)
WILSON, ALWAYS_VALID, ORDER_STATISTICS = "wilson", "always_valid", "order_statistics"


def metrics_json(metrics: Metrics, *, live: bool) -> dict[str, Any]:
    """Return counts and metrics, each with n, 95 % interval and formula.

    ``live`` figures are looked at again and again, so their intervals hold at every look.
    """
    shares = {
        "resolution_rate": metrics.resolution_rate,
        "csat": metrics.csat,
        "escalation_rate": metrics.escalation_rate,
        "corrections": metrics.corrections,
    }
    return {
        "counts": {name: getattr(metrics, name) for name in COUNTS},
        "metrics": {
            **{name: share_json(share, live=live) | _formula(name) for name, share in shares.items()},
            "time_to_resolution": _median_json(metrics.time_to_resolution) | _formula("time_to_resolution"),
        },
        "coverage": share_json(metrics.coverage, live=live),
        "inferred_score": {
            "mean": metrics.inferred_mean,
            "four_or_more": share_json(metrics.inferred_good, live=live),
            "coverage": share_json(metrics.inferred_coverage, live=live),
        },
    }


def share_json(share: Share, *, live: bool) -> dict[str, Any]:
    """Return a share with its interval; all None where nothing is known."""
    method = ALWAYS_VALID if live else WILSON
    if not share.whole:
        return {"value": None, "low": None, "high": None, "part": 0, "n": 0, "interval": method}
    low, high = share.low, share.high
    if live:
        found = sequential_interval(share.part, share.whole)
        low, high = found.low, found.high
    return {
        "value": share.ratio,
        "low": low,
        "high": high,
        "part": share.part,
        "n": share.whole,
        "interval": method,
    }


def _median_json(median: Median) -> dict[str, Any]:
    return {
        "value": median.value,
        "low": median.low,
        "high": median.high,
        "n": median.n,
        "interval": ORDER_STATISTICS,
    }


def _formula(name: str) -> dict[str, str]:
    return {"formula": FORMULAS[name]}


@dataclass(frozen=True, slots=True)
class Line:
    """One figure as it was frozen and as it is now, in words."""

    label: str
    frozen: str
    now: str

    @property
    def has_moved(self) -> bool:
        """Whether late news changed it."""
        return self.frozen != self.now


def compared(frozen: Mapping[str, Any], now: Mapping[str, Any]) -> list[Line]:
    """Return a week's figures then and now; both as ``metrics_json`` gives them."""
    counts = [
        Line(
            name.replace("_", " ").capitalize(),
            f"{frozen.get('counts', {}).get(name, 0):,}",
            f"{now['counts'][name]:,}",
        )
        for name in COUNTS
    ]
    metrics = [
        Line(label, _said(name, frozen.get("metrics", {}).get(name)), _said(name, now["metrics"][name]))
        for name, label in LABELS.items()
    ]
    return [*metrics, *counts]


def _said(name: str, figure: Mapping[str, Any] | None) -> str:
    """Return a metric of the JSON in words."""
    if not figure or figure.get("value") is None:
        return "not known"
    if name == "time_to_resolution":
        return median_text(Median(figure["value"], figure["low"], figure["high"], figure["n"]))
    unit = "" if name == "corrections" else " %"
    value, low, high = (f"{100 * figure[key]:.0f}" for key in ("value", "low", "high"))
    return f"{value}{unit} ({low}–{high}{unit}, n = {figure['n']:,})"
