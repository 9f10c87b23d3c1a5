"""What others may read of closed tickets. Returns plain values, never rows; raw texts are not among them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

from django.db.models import Count, F, Max, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from core.proportions import Share
from tickets.contracts import (
    UNCLASSIFIED,
    AuditTicket,
    EndedTicket,
    FlaggedCategory,
    SignedBaseline,
    SignedCategory,
    SignedFigures,
    SignedMap,
    TicketCounts,
    TicketOpening,
    TypicalTicket,
    TypicalTickets,
)
from tickets.map_content import FLAGS, LABEL_NAMES
from tickets.models import AuditReport, Baseline, Category, Classification, Clustering, ImportBatch, Ticket
from tickets.outcomes import ESCALATED
from tickets.vectors import text_to_encode
from tickets.workflow import DONE

COUNTERS = ("rows_in", "created", "updated", "unchanged", "rejected", "outside_window", "not_closed")
READ_ROWS = 1_000
MAX_CATEGORIES = 200
OPENING_WORDS = 4
OPENING_LENGTH = 1_000
MAX_OPENING = 4_000  # of a whole first message


def ticket_counts() -> TicketCounts:
    """Count what the dashboard shows."""
    last = (
        ImportBatch.objects.filter(state=DONE).order_by("-finished_at").values_list("finished_at", flat=True)
    )
    in_use = Category.objects.in_use().aggregate(
        core=Count("pk", filter=Q(is_core=True)), unlabelled=Count("pk", filter=Q(label=""))
    )
    return TicketCounts(
        counting=Ticket.objects.counting().count(),
        last_import_at=last.first(),
        core_categories=in_use["core"],
        unlabelled_categories=in_use["unlabelled"],
        signed_version=AuditReport.objects.aggregate(latest=Max("version"))["latest"],
    )


def counting_tickets() -> Iterator[AuditTicket]:
    """Yield the tickets that count, by id, with constant memory."""
    tickets = Ticket.objects.counting().select_related("text").order_by("pk")
    for ticket in tickets.iterator(chunk_size=READ_ROWS):
        yield AuditTicket(
            ticket_id=ticket.pk,
            source=ticket.source,
            external_id=ticket.external_id,
            subject=ticket.subject,
            customer_words=ticket.text.customer_words,
            kind=ticket.kind,
            group=ticket.group,
            tags=tuple(ticket.tags),
            closed_at=ticket.closed_at,
            csat=ticket.csat,
            reopens=ticket.reopens,
            agent_replies=ticket.agent_replies,
            reassignments=ticket.reassignments,
            first_reply_seconds=ticket.first_reply_seconds,
            resolution_seconds=ticket.resolution_seconds,
            escalated=ticket.escalated,
        )


def import_report(batch: ImportBatch, *, seconds: float, rejections: int) -> dict[str, Any]:
    """Return an import as JSON can hold it, with its window, its counters and its first rejections."""
    return {
        "import": batch.pk,
        "source": batch.source,
        "file": batch.file_name,
        "sha256": batch.file_sha256,
        "state": batch.state,
        "window_days": batch.window_days,
        "window_start": batch.window_start.isoformat(),
        "window_end": batch.window_end.isoformat(),
        **{name: getattr(batch, name) for name in COUNTERS},
        "rejections": list(batch.rejections.values("line", "code", "message")[:rejections]),
        "seconds": round(seconds, 3),
        "rows_per_second": round(batch.rows_in / seconds) if seconds > 0 else None,
    }


def latest_report() -> AuditReport | None:
    """Return the signed map that holds now."""
    return AuditReport.objects.select_related("baseline").order_by("-version").first()


def signed_map() -> SignedMap | None:
    """Return the signed map that holds now as plain values; None before the first signature (2 queries)."""
    report = AuditReport.objects.order_by("-version").first()
    if report is None:
        return None
    rows = report.content["categories"]
    in_use = dict(
        Category.objects.in_use().filter(pk__in=[row["id"] for row in rows]).values_list("pk", "description")
    )
    return SignedMap(
        version=report.version,
        signed_at=report.signed_at,
        signed_by=report.signed_by_name,
        tickets=report.content["total"]["tickets"],
        categories=tuple(
            SignedCategory(
                category_id=row["id"],
                name=row["name"],
                description=in_use.get(row["id"], ""),
                is_core=row["core"],
                label=row["label"],
                label_name=LABEL_NAMES[row["label"]],
                label_reason=row["label_reason"],
                flags=tuple(FLAGS[flag] for flag in row["flags"]),
                tickets=row["figures"]["tickets"],
                share=row["share"],
                is_in_use=row["id"] in in_use,
            )
            for row in rows[:MAX_CATEGORIES]
        ),
    )


def signed_baseline() -> SignedBaseline | None:
    """Return the baseline of the signed map that holds now; None before the first signature (2 queries)."""
    baseline = Baseline.objects.select_related("report").order_by("-report__version").first()
    if baseline is None:
        return None
    rows = list(baseline.rows.values_list("category", "escalated", "escalation_known"))
    all_tickets = [Share(escalated, known) for category, escalated, known in rows if category is None]
    return SignedBaseline(
        version=baseline.report.version,
        window_start=baseline.window_start,
        window_end=baseline.window_end,
        escalated=all_tickets[0] if all_tickets else Share(0, 0),
        by_category={
            category: Share(escalated, known) for category, escalated, known in rows if category is not None
        },
    )


def signed_figures(category_id: int | None) -> SignedFigures | None:
    """Return the signed baseline of one category, or of all tickets (None); None where there is none such."""
    baseline = Baseline.objects.select_related("report").order_by("-report__version").first()
    row = baseline.rows.filter(category=category_id).first() if baseline else None
    if baseline is None or row is None:
        return None
    return SignedFigures(
        version=baseline.report.version,
        name=row.name,
        window_start=baseline.window_start,
        window_end=baseline.window_end,
        tickets=row.tickets,
        escalated=Share(row.escalated, row.escalation_known),
        csat_good=Share(row.csat_good, row.csat_count),
        resolution_median_seconds=row.resolution_median_seconds,
        resolution_count=row.resolution_count,
    )


def founded_categories(report: AuditReport | None) -> frozenset[int]:
    """Return the ids of the categories in a signed map."""
    return frozenset(row["id"] for row in report.content["categories"]) if report else frozenset()


def flagged_categories() -> tuple[FlaggedCategory, ...]:
    """Return the categories in use that carry a flag, by name."""
    flagged = Q(*((flag, True) for flag in FLAGS), _connector=Q.OR)
    rows = Category.objects.in_use().filter(flagged).order_by("name").values("pk", "name", *FLAGS)
    return tuple(
        FlaggedCategory(row["pk"], row["name"], tuple(name for flag, name in FLAGS.items() if row[flag]))
        for row in rows[:MAX_CATEGORIES]
    )


def category_names() -> list[tuple[int, str]]:
    """Return id and name of the categories in use, by name."""
    return list(Category.objects.in_use().order_by("name").values_list("pk", "name")[:MAX_CATEGORIES])


def category_questions(
    *, each: int = 20, categories: int = 30
) -> dict[int, tuple[str, int, tuple[str, ...]]]:
    """Return name, volume and the most typical questions of each category in use, by id."""
    return {
        pk: (found.name, found.volume, tuple(ticket.question for ticket in found.tickets))
        for pk, found in typical_tickets(each=each, categories=categories).items()
    }


def typical_tickets(*, each: int = 20, categories: int = 30) -> dict[int, TypicalTickets]:
    """Return the most typical tickets of each category in use, by its id, the largest categories first."""
    order = Window(
        RowNumber(),
        partition_by=[F("cluster__category")],
        order_by=[F("similarity").desc(nulls_last=True), F("pk").asc()],
    )
    rows = (
        Classification.objects.filter(ticket__in_window=True, cluster__category__retired_at=None)
        .exclude(cluster=None)
        .annotate(place=order)
        .filter(place__lte=each)
        .order_by("cluster__category", "place")
        .values_list(
            "cluster__category",
            "cluster__category__name",
            "pk",
            "ticket__subject",
            "ticket__text__customer_words",
            "ticket__closed_at",
        )
    )
    volumes = dict(
        Classification.objects.filter(ticket__in_window=True)
        .exclude(cluster=None)
        .values_list("cluster__category")
        .annotate(n=Count("pk"))
    )
    found: dict[int, TypicalTickets] = {}
    for category, name, ticket, subject, words, closed_at in rows:
        question = text_to_encode(subject, words or "")
        before = found.get(category) or TypicalTickets(name, volumes.get(category, 0), ())
        typical = TypicalTicket(ticket, question, _opening(words or "") or question, closed_at.date())
        asked = (*before.tickets, typical) if question else before.tickets
        found[category] = TypicalTickets(before.name, before.volume, asked)
    largest = sorted(found, key=lambda category: -found[category].volume)[:categories]
    return {category: found[category] for category in largest}


def recent_openings(*, limit: int) -> list[TicketOpening]:
    """Return how the newest closed tickets that count began, newest first, without those that say nothing."""
    return [o for o in _openings(Ticket.objects.counting().order_by("-closed_at", "-pk")[:limit]) if o.text]


def ticket_openings(ticket_ids: Collection[int]) -> dict[int, TicketOpening]:
    """Return how these tickets began, by id; tickets that are gone are left out."""
    return {o.ticket_id: o for o in _openings(Ticket.objects.filter(pk__in=ticket_ids))}


def ended_tickets(*, since: datetime, limit: int) -> Iterator[EndedTicket]:
    """Yield the tickets that count and were closed since then, newest first, without the wordless."""
    tickets = Ticket.objects.counting().filter(closed_at__gte=since).order_by("-closed_at", "-pk")
    yield from _ended(tickets[:limit])


def first_messages(ticket_ids: Collection[int]) -> list[EndedTicket]:
    """Return these tickets by how they began; those that are gone are left out."""
    return list(_ended(Ticket.objects.filter(pk__in=ticket_ids)))


def _ended(tickets: QuerySet[Ticket]) -> Iterator[EndedTicket]:
    rows = tickets.values_list(
        "pk",
        "subject",
        "text__conversation",
        "channel",
        "classification__escalation_outcome",
        "created_at",
        "closed_at",
    )
    for pk, subject, conversation, channel, outcome, created_at, closed_at in rows.iterator(READ_ROWS):
        first = next((said["text"] for said in conversation or () if said["author"] == "customer"), "")
        text = (first.strip() or subject.strip())[:MAX_OPENING]
        if text:
            yield EndedTicket(pk, text, channel, outcome or UNCLASSIFIED, created_at, closed_at)


def ended_tickets_state(since: datetime) -> str:
    """Return what changes when ``ended_tickets`` would yield others, or with another outcome (one query)."""
    found = (
        Ticket.objects.counting()
        .filter(closed_at__gte=since)
        .aggregate(
            n=Count("pk"),
            last=Max("updated_at"),
            batch=Max("last_batch"),
            known=Count("classification__pk"),
            escalated=Count("pk", filter=Q(classification__escalation_outcome=ESCALATED)),
        )
    )
    return ":".join(str(value) for value in found.values())


def closing_times(external_ids: Collection[str]) -> dict[str, datetime]:
    """Return when the tickets with these ids at their source were closed, by that id; the latest counts."""
    wanted = sorted(external_ids)
    found: dict[str, datetime] = {}
    for first in range(0, len(wanted), READ_ROWS):
        rows = Ticket.objects.filter(external_id__in=wanted[first : first + READ_ROWS]).order_by("closed_at")
        found.update(rows.values_list("external_id", "closed_at"))
    return found


def _openings(tickets: QuerySet[Ticket]) -> Iterator[TicketOpening]:
    rows = tickets.values_list(
        "pk",
        "classification__cluster__category_id",
        "classification__cluster__category__name",
        "subject",
        "text__customer_words",
        "closed_at",
    )
    for pk, category_id, category, subject, words, closed_at in rows:
        text = _opening(words or "") or text_to_encode(subject, words or "")
        yield TicketOpening(pk, category_id, category or "", text[:OPENING_LENGTH], closed_at)


def _opening(customer_words: str) -> str:
    """Return the customer's first paragraph that says something."""
    paragraphs = (" ".join(part.split()) for part in customer_words.split("\n\n"))
    return next((part for part in paragraphs if len(part.split()) >= OPENING_WORDS), "")


def audit_state() -> tuple[int, int, int]:
    """Return what changes when tickets are sorted anew: last clustering, tickets in clusters, last import."""
    return (
        Clustering.objects.aggregate(last=Max("pk"))["last"] or 0,
        Classification.objects.exclude(cluster=None).count(),
        ImportBatch.objects.aggregate(last=Max("pk"))["last"] or 0,
    )
