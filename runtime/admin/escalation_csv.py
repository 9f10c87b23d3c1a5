"""The tables of the page “Escalation figures” as CSV that no spreadsheet calculates. Counts nothing."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from core.spreadsheet import csv_text
from runtime.measures.contracts import EscalationRate, ReasonLine, Scope, Waits
from runtime.verdicts.rates import rate, rates_by_name, rates_by_week
from runtime.verdicts.selectors import judged_sample


def rate_csv(found: EscalationRate) -> str:
    """Return the weekly rates with the rate before AI."""
    before = found.baseline.share if found.baseline else None
    rows = [
        (
            *(week.monday.isoformat(), week.share.whole, week.share.part),
            *(week.share.ratio, week.share.low, week.share.high),
            *((before.ratio, before.low, before.high) if before else ("", "", "")),
        )
        for week in found.weeks
    ]
    header = ("week_from", "conversations", "handed_over", "rate", "low", "high", "before", "before_low")
    return csv_text((*header, "before_high"), rows)


def verdicts_csv(since: datetime) -> str:
    """Return both rates in all, by week and by trigger or decision; none under ENOUGH verdicts."""
    strata, judged = judged_sample(since)
    rows = []
    for kind, escalated in (("over", True), ("under", False)):
        named = [("all", rate(strata, judged, escalated=escalated))]
        named += [
            (f"week {monday.isoformat()}", found)
            for monday, found in rates_by_week(strata, judged, escalated=escalated).items()
        ]
        named += [(found.label, found) for found in rates_by_name(strata, judged, escalated=escalated)]
        for name, found in named:
            share = found.share
            figures = (share.ratio, share.low, share.high) if share and found.is_enough else ("", "", "")
            rows.append((kind, name, found.population, found.n, found.cannot_tell, *figures))
    return csv_text(("kind", "of", "turns", "verdicts", "cannot_tell", "rate", "low", "high"), rows)


def reasons_csv(lines: list[ReasonLine], scope: Scope) -> str:
    """Return the handoffs by reason and week."""
    mondays = scope.mondays(timezone.localdate())
    header = ("reason", "label", "handoffs", "share", *(monday.isoformat() for monday in mondays))
    return csv_text(
        header,
        [(line.reason, line.label, line.share.part, line.share.ratio, *line.by_week) for line in lines],
    )


def waits_csv(found: Waits) -> str:
    """Return the waits in seconds, in all, by week and by hour."""
    lines = (("all", found.total), *(("week", w) for w in found.weeks), *(("hour", h) for h in found.hours))
    return csv_text(
        ("kind", "of", "handoffs", "p50_seconds", "p80_seconds", "p95_seconds"),
        [(kind, line.label, line.n, line.p50, line.p80, line.p95) for kind, line in lines],
    )
