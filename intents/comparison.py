"""A version's metrics beside those of the live version, as rows for people. Pure; decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Metrics = Mapping[str, Any]
UNCHANGED = 0.0005  # a difference that three decimals do not show


@dataclass(frozen=True, slots=True)
class Figure:
    """One key figure; ``delta`` to the live version is None where there is nothing to compare with."""

    label: str
    value: str
    note: str
    delta: str
    is_better: bool | None


@dataclass(frozen=True, slots=True)
class IntentRow:
    """One intent's cross-validated figures; ``delta`` is the change of F1 against the live version.

    ``threshold`` is the confidence from which its answers are recommended to be acted on.
    """

    slug: str
    precision: str
    recall: str
    f1: str
    n: int
    confused_with: str
    threshold: str
    delta: str
    is_better: bool | None


def key_figures(metrics: Metrics, live: Metrics | None) -> tuple[Figure, ...]:
    """Return accuracy, macro F1, calibration error and fallback ratio."""
    if not metrics:
        return ()
    fallback = metrics["fallback"]
    live_ratio = live["fallback"]["ratio"] if live else None
    interval = f"95% interval {_percent(fallback['low'])} to {_percent(fallback['high'])}"
    right = metrics["accuracy_interval"]
    accuracy_note = f"n = {metrics['n_evaluated']}, 95% interval {right['low']:.3f} to {right['high']:.3f}"
    return (
        _figure("Accuracy", metrics["accuracy"], live, "accuracy", accuracy_note),
        _figure("Macro F1", metrics["macro_f1"], live, "macro_f1", "mean over the intents"),
        _figure("Calibration error", metrics["ece"], live, "ece", "ECE, 15 bins", lower_is_better=True),
        Figure(
            "Falls back",
            _percent(fallback["ratio"]),
            f"{fallback['count']} of {fallback['n']}; {interval}",
            *_delta(fallback["ratio"], live_ratio, lower_is_better=True),
        ),
    )


def intent_rows(metrics: Metrics, live: Metrics | None) -> tuple[IntentRow, ...]:
    """Return one row per intent, worst F1 first."""
    live_f1 = {row["slug"]: row["f1"] for row in (live or {}).get("per_intent", [])}
    return tuple(
        IntentRow(
            row["slug"],
            _three(row["precision"]),
            _three(row["recall"]),
            _three(row["f1"]),
            row["n"],
            ", ".join(f"{other['slug']} ({other['n']})" for other in row["confused_with"]) or "–",
            "–" if row.get("threshold") is None else f"{row['threshold']:.2f}",
            *_delta(row["f1"], live_f1.get(row["slug"])),
        )
        for row in sorted(metrics.get("per_intent", []), key=lambda row: (row["f1"], row["slug"]))
    )


def _figure(
    label: str, value: float, live: Metrics | None, key: str, note: str, *, lower_is_better: bool = False
) -> Figure:
    delta = _delta(value, (live or {}).get(key), lower_is_better=lower_is_better)
    return Figure(label, _three(value), note, *delta)


def _delta(value: float, live: float | None, *, lower_is_better: bool = False) -> tuple[str, bool | None]:
    """Return the signed difference as text, and whether it is for the better (None: no difference)."""
    if live is None:
        return "", None
    difference = value - live
    if abs(difference) < UNCHANGED:
        return "±0.000", None
    return f"{difference:+.3f}", (difference > 0) is not lower_is_better


def _three(value: float) -> str:
    return f"{value:.3f}"


def _percent(ratio: float) -> str:
    return f"{100 * ratio:.1f}%"
