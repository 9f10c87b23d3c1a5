"""Count the measures of escalation from rows: every query is grouped in the database or bounded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

from django.db.models import Case, Count, Exists, OuterRef, Q, QuerySet, SmallIntegerField, Value, When
from django.utils import timezone

from core.proportions import Share
from intents.mapping import category_mapping
from runtime import workflow
from runtime.measures import waits
from runtime.measures.contracts import (
    BaselineRate,
    EscalationRate,
    Proxy,
    ReasonLine,
    Scope,
    Waits,
    WeekRate,
    reason_lines,
)
from runtime.models import REASONS, Conversation, Feedback, Handoff, Turn
from tickets.selectors import signed_baseline

MAX_HANDOFFS = 50_000
MAX_CHOICES = 50
LOW_CSAT = 2


def escalation_rate(scope: Scope, *, today: date | None = None) -> EscalationRate:
    """Return the share of conversations that went to a person, by week, with the baseline before AI."""
    mondays = scope.mondays(today or timezone.localdate())
    handed = Handoff.objects.filter(conversation=OuterRef("pk"))
    if scope.intent:
        handed = handed.filter(turn__intent=scope.intent)
    rows = (
        _conversations(scope, mondays[0])
        .annotate(week=_week("created_at", mondays), handed=Exists(handed))
        .order_by()
        .values_list("week", "handed")
        .annotate(n=Count("pk"))
    )
    counts = {(week, handed): n for week, handed, n in rows}
    weeks = tuple(
        WeekRate(
            monday,
            Share(counts.get((i, True), 0), counts.get((i, True), 0) + counts.get((i, False), 0)),
            is_running=monday == mondays[-1],
        )
        for i, monday in enumerate(mondays)
    )
    total = Share(sum(w.share.part for w in weeks), sum(w.share.whole for w in weeks))
    return EscalationRate(weeks, total, baseline_rate(scope))


def baseline_rate(scope: Scope) -> BaselineRate | None:
    """Return the signed rate before AI: of all tickets, or of the categories that the intent is mapped to.

    Tickets know neither tier nor channel of a conversation, so these do not narrow it.
    """
    signed = signed_baseline()
    if signed is None:
        return None
    share, about = signed.escalated, "all tickets"
    if scope.intent:
        names = _categories_of(scope.intent)
        known = [signed.by_category[pk] for pk in names if pk in signed.by_category]
        if known:
            share = Share(sum(one.part for one in known), sum(one.whole for one in known))
            about = f"tickets about {', '.join(names[pk] for pk in names if pk in signed.by_category)}"
        else:
            about = "all tickets: no category of the signed map is mapped to this intent"
    return BaselineRate(share, signed.version, signed.window_start, signed.window_end, about)


def handoff_reasons(scope: Scope, *, today: date | None = None) -> list[ReasonLine]:
    """Return the handoffs by reason and week (1 query)."""
    mondays = scope.mondays(today or timezone.localdate())
    rows = (
        _handoffs(scope, mondays[0])
        .annotate(week=_week("requested_at", mondays))
        .order_by()
        .values_list("week", "reason")
        .annotate(n=Count("pk"))
    )
    counts = {(mondays[week], reason): n for week, reason, n in rows}
    return reason_lines(counts, mondays, {name: str(label) for name, label in REASONS})


def queue_waits(scope: Scope, *, today: date | None = None) -> Waits:
    """Return how long customers waited for a person, of the newest MAX_HANDOFFS handoffs (2 queries)."""
    mondays = scope.mondays(today or timezone.localdate())
    handoffs = _handoffs(scope, mondays[0])
    taken = handoffs.filter(accepted_at__isnull=False).order_by("-requested_at")
    times = taken.values_list("requested_at", "accepted_at")[:MAX_HANDOFFS]
    rows = [(requested, accepted) for requested, accepted in times if accepted is not None]
    left = handoffs.filter(accepted_at=None).aggregate(
        waiting=Count("pk", filter=Q(state__in=workflow.OPEN_HANDOFF)),
        never=Count("pk", filter=~Q(state__in=workflow.OPEN_HANDOFF)),
    )
    zone = timezone.get_current_timezone()
    seconds = [(accepted - requested).total_seconds() for requested, accepted in rows]
    return Waits(
        total=waits.wait_line("All", seconds),
        weeks=waits.by_week(rows, mondays, zone),
        hours=waits.by_hour(rows, zone),
        open_=left["waiting"],
        never=left["never"],
    )


def proxies(scope: Scope, *, today: date | None = None) -> tuple[list[Proxy], list[Proxy]]:
    """Return signs of over- and of under-escalation that nobody judged (2 queries)."""
    monday = scope.mondays(today or timezone.localdate())[0]
    over = Proxy(
        "solved_with_agents_answer",
        "Handed over, but the person solved it with the agent’s own answer",
        _solved_with_answer(_handoffs(scope, monday)),
        "of resolved handoffs whose outcome the person named",
    )
    feedback = _kept_feedback(scope, monday).aggregate(
        came_back=Count("pk", filter=Q(reopened=True)),
        reopen_known=Count("pk", filter=Q(reopened__isnull=False)),
        low=Count("pk", filter=Q(csat__lte=LOW_CSAT)),
        csat_known=Count("csat"),
        down=Count("pk", filter=Q(rating=Feedback.Rating.DOWN)),
        rated=Count("pk", filter=~Q(rating="")),
    )
    under = [
        Proxy(
            "reopened",
            "Not handed over, but reopened",
            Share(feedback["came_back"], feedback["reopen_known"]),
            "of turns of which that is known",
        ),
        Proxy(
            "low_csat",
            f"Not handed over, but CSAT {LOW_CSAT} or less",
            Share(feedback["low"], feedback["csat_known"]),
            "of turns with a CSAT",
        ),
        Proxy(
            "thumbs_down",
            "Not handed over, but thumbs down",
            Share(feedback["down"], feedback["rated"]),
            "of rated turns",
        ),
    ]
    return [over], under


def scope_choices() -> dict[str, list[str]]:
    """Return the channels and tiers that conversations had (2 queries)."""
    return {
        name: list(
            Conversation.objects.exclude(**{name: ""})
            .order_by(name)
            .values_list(name, flat=True)
            .distinct()[:MAX_CHOICES]
        )
        for name in ("channel", "tier")
    }


def _conversations(scope: Scope, monday: date) -> QuerySet[Conversation]:
    rows = Conversation.objects.served().filter(created_at__gte=_midnight(monday))
    if scope.channel:
        rows = rows.filter(channel=scope.channel)
    if scope.tier:
        rows = rows.filter(tier=scope.tier)
    if scope.intent:
        spoke = Turn.objects.served().filter(conversation=OuterRef("pk"), intent=scope.intent)
        rows = rows.filter(Exists(spoke))
    return rows


def _handoffs(scope: Scope, monday: date) -> QuerySet[Handoff]:
    rows = Handoff.objects.filter(requested_at__gte=_midnight(monday))
    return rows.filter(**_narrowed(scope, "conversation__"))


def _kept_feedback(scope: Scope, monday: date) -> QuerySet[Feedback]:
    """Return feedback on turns of conversations that no person took over."""
    handed = Handoff.objects.filter(conversation=OuterRef("turn__conversation"))
    rows = Feedback.objects.on_served().filter(~Exists(handed), turn__created_at__gte=_midnight(monday))
    return rows.filter(**_narrowed(scope, "turn__conversation__"))


def _narrowed(scope: Scope, conversation: str) -> dict[str, Any]:
    wanted = {f"{conversation}channel": scope.channel, f"{conversation}tier": scope.tier}
    return {name: value for name, value in {**wanted, "turn__intent": scope.intent}.items() if value}


def _solved_with_answer(handoffs: QuerySet[Handoff]) -> Share:
    """Count outcomes that people named when they resolved."""
    named = handoffs.filter(state=workflow.RESOLVED).exclude(outcome="")
    as_answered = Q(outcome=Handoff.Outcome.AS_ANSWERED)
    found = named.aggregate(n=Count("pk"), solved=Count("pk", filter=as_answered))
    return Share(found["solved"], found["n"])


def _categories_of(intent: str) -> dict[int, str]:
    mapping = category_mapping()
    if mapping is None:
        return {}
    lines = (*mapping.mapped, *mapping.later, *mapping.left_out, *mapping.retired)
    return {
        line.category.category_id: line.category.name
        for line in lines
        if any(mapped.slug == intent for mapped in line.intents)
    }


def _week(field: str, mondays: Sequence[date]) -> Case:
    """Return the index of the week that a time is in, computed in the database.

    TruncWeek is a function of Python on SQLite: called for each row, it takes ten times as long.
    """
    later = [
        When(**{f"{field}__gte": _midnight(monday)}, then=Value(index))
        for index, monday in reversed(list(enumerate(mondays)))
    ]
    return Case(*later, default=Value(0), output_field=SmallIntegerField())


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
