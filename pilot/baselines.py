"""The time before AI as a pilot keeps it: read once at its start from the signed map, then locked.

``Pilot.baseline`` is empty where nothing is signed, else {"version", "about", "window_start", "window_end",
"tickets", "escalation_rate": {"part", "whole"}, "csat": {"part", "whole"}, "time_to_resolution": {"minutes",
"n"}}; a metric that the tickets did not tell is left out. There is no resolution rate: before AI no agent
resolved anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.proportions import Share
from tickets.selectors import signed_figures


def baseline_of(category_id: int | None) -> dict[str, Any]:
    """Return the signed figures of a category, or of all tickets, as a pilot keeps them."""
    signed = signed_figures(category_id)
    if signed is None:
        return {}
    found: dict[str, Any] = {
        "version": signed.version,
        "about": signed.name,
        "window_start": signed.window_start.isoformat(),
        "window_end": signed.window_end.isoformat(),
        "tickets": signed.tickets,
    }
    if signed.escalated.whole:
        found["escalation_rate"] = _share_json(signed.escalated)
    if signed.csat_good.whole:
        found["csat"] = _share_json(signed.csat_good)
    if signed.resolution_median_seconds is not None:
        minutes = round(signed.resolution_median_seconds / 60, 1)
        found["time_to_resolution"] = {"minutes": minutes, "n": signed.resolution_count}
    return found


def said(baseline: Mapping[str, Any], metric: str) -> str:
    """Return a metric of a kept baseline in words; empty where it is not known."""
    value = baseline.get(metric)
    if value is None:
        return ""
    if "minutes" in value:
        return f"{value['minutes']:.4g} minutes (n = {value['n']:,})"
    return Share(value["part"], value["whole"]).with_interval()


def _share_json(share: Share) -> dict[str, int]:
    return {"part": share.part, "whole": share.whole}
