"""What the closed tickets that count show, by category, counted from their rows in four queries."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from django.db.models import Count, F, Q, Sum, Window
from django.db.models.functions import RowNumber

from core.proportions import Share
from tickets import outcomes
from tickets.contracts import CategoryFigures, CategoryLine, TicketAudit
from tickets.labelling import is_always_escalated
from tickets.models import Category, Ticket

CATEGORY = "classification__cluster__category"
GOOD_CSAT = 4  # and 5: the customer was satisfied
SUMS = {
    "tickets": Count("pk"),
    "judgement": Count("pk", filter=Q(classification__needs_judgement=True)),
    "policy_exception": Count("pk", filter=Q(classification__policy_exception=True)),
    "multi_system": Count("pk", filter=Q(classification__multi_system=True)),
    "reopened": Count("pk", filter=Q(reopens__gt=0)),
    "reopen_known": Count("reopens"),
    "csat_good": Count("pk", filter=Q(csat__gte=GOOD_CSAT)),
    "csat_count": Count("csat"),
    "csat_total": Sum("csat"),
    "touches_total": Sum("agent_replies"),
    "touches_known": Count("agent_replies"),
    "resolution_count": Count("resolution_seconds"),
}
ALL = "all"  # the key of all tickets together, beside category ids and None


def ticket_audit() -> TicketAudit:
    """Return everything that the map says of tickets, as it stands now."""
    by_category, cells = _figures()
    total = replace(by_category.pop(ALL), name="All tickets")
    unclassified = replace(by_category.get(None, CategoryFigures(None, "")), name="No category")
    window = _window()
    return TicketAudit(
        window_start=window.start,
        window_end=window.end,
        sources=window.sources,
        total=total,
        lines=tuple(_lines(by_category, total.tickets)),
        unclassified=unclassified,
        pivot=cells,
    )


def _lines(by_category: dict[Any, CategoryFigures], tickets: int) -> Iterable[CategoryLine]:
    categories = Category.objects.in_use().select_related("labelled_by")
    found = [
        (category, replace(by_category.get(category.pk, CategoryFigures(None, "")), name=category.name))
        for category in categories
    ]
    found.sort(key=lambda pair: (not pair[0].is_core, -pair[1].tickets, pair[0].name))
    covered = 0
    for category, figures in found:
        covered += figures.tickets
        yield CategoryLine(
            category_id=category.pk,
            name=category.name,
            is_core=category.is_core,
            label=category.label,
            label_reason=category.label_reason,
            labelled_by=str(category.labelled_by or ""),
            needs_judgement=category.needs_judgement,
            policy_exception=category.policy_exception,
            multi_system=category.multi_system,
            figures=replace(figures, category_id=category.pk),
            always_escalated=is_always_escalated(figures),
            share=figures.tickets / tickets if tickets else 0.0,
            cumulative_share=covered / tickets if tickets else 0.0,
        )


@dataclass(slots=True)
class _Sums:
    """The sums of one category while they are added up."""

    sums: Counter[str] = field(default_factory=Counter)
    paths: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)

    def add(self, row: dict[str, Any], path: str, outcome: str) -> None:
        for name in SUMS:
            self.sums[name] += row[name] or 0
        self.paths[path] += row["tickets"]
        self.outcomes[outcome] += row["tickets"]

    def figures(self, category_id: int | None, quantiles: dict[str, int]) -> CategoryFigures:
        s, n = self.sums, self.sums["tickets"]
        known = n - self.outcomes[outcomes.UNCLASSIFIED]
        return CategoryFigures(
            category_id=category_id,
            name="",
            tickets=n,
            escalated=Share(self.outcomes[outcomes.ESCALATED], known),
            judgement=Share(s["judgement"], n),
            policy_exception=Share(s["policy_exception"], n),
            multi_system=Share(s["multi_system"], n),
            reopened=Share(s["reopened"], s["reopen_known"]),
            csat_good=Share(s["csat_good"], s["csat_count"]),
            csat_sum=s["csat_total"],
            touches_sum=s["touches_total"],
            touches_known=s["touches_known"],
            paths=dict(self.paths),
            outcomes=dict(self.outcomes),
            resolution_count=s["resolution_count"],
            resolution_median_seconds=quantiles.get("median"),
            resolution_p90_seconds=quantiles.get("p90"),
        )


def _figures() -> tuple[dict[Any, CategoryFigures], dict[tuple[int | None, str, str], int]]:
    """Return the figures by category id, of None for tickets without one and of ALL, and the pivot."""
    rows = (
        Ticket.objects.counting()
        .order_by()
        .values(CATEGORY, "classification__resolution_path", "classification__escalation_outcome")
        .annotate(**SUMS)
    )
    found: defaultdict[Any, _Sums] = defaultdict(_Sums)
    found[ALL] = _Sums()
    cells: Counter[tuple[int | None, str, str]] = Counter()
    for row in rows:
        path = row["classification__resolution_path"] or outcomes.UNCLASSIFIED
        outcome = row["classification__escalation_outcome"] or outcomes.UNCLASSIFIED
        cells[row[CATEGORY], path, outcome] += row["tickets"]
        for key in (row[CATEGORY], ALL):
            found[key].add(row, path, outcome)
    counts = {key: sums.sums["resolution_count"] for key, sums in found.items()}
    quantiles = _resolution_quantiles(counts)
    figures = {
        key: sums.figures(None if key == ALL else key, quantiles.get(key, {})) for key, sums in found.items()
    }
    return figures, dict(cells)


def _resolution_quantiles(counts: dict[Any, int]) -> dict[Any, dict[str, int]]:
    """Return median and 90th percentile of the time to resolution: values of tickets, by nearest rank."""
    ranks = {
        (key, place): name
        for key, count in counts.items()
        for name, place in (("p90", -(-count * 9 // 10)), ("median", (count + 1) // 2))
        if count
    }
    if not ranks:
        return {}
    timed = Ticket.objects.counting().filter(resolution_seconds__isnull=False).order_by()
    order = [F("resolution_seconds").asc(), F("pk").asc()]
    within = timed.annotate(
        place=Window(RowNumber(), partition_by=[F(CATEGORY)], order_by=order),
        place_of_all=Window(RowNumber(), order_by=order),
    )
    wanted = {place for _, place in ranks}
    found: defaultdict[Any, dict[str, int]] = defaultdict(dict)
    rows = within.filter(Q(place__in=wanted) | Q(place_of_all__in=wanted))
    for category, place, place_of_all, seconds in rows.values_list(
        CATEGORY, "place", "place_of_all", "resolution_seconds"
    ):
        for key, rank in ((category, place), (ALL, place_of_all)):
            if rank == (counts.get(key, 0) + 1) // 2:
                found[key]["median"] = seconds
            if rank == -(-counts.get(key, 0) * 9 // 10):
                found[key]["p90"] = seconds
    return found


@dataclass(frozen=True, slots=True)
class _Window:
    start: Any
    end: Any
    sources: dict[str, int]


def _window() -> _Window:
    """Return the time that the counting tickets span by their imports, and how many come from where."""
    rows = (
        Ticket.objects.counting()
        .order_by()
        .values("source", "last_batch")
        .annotate(n=Count("pk"), start=F("last_batch__window_start"), end=F("last_batch__window_end"))
    )
    sources: Counter[str] = Counter()
    starts, ends = [], []
    for row in rows:
        sources[row["source"]] += row["n"]
        starts.append(row["start"])
        ends.append(row["end"])
    return _Window(min(starts, default=None), max(ends, default=None), dict(sources))
