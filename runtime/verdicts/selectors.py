"""What is read of samples and verdicts. Returns plain values; writes nothing."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from core.agreement import Agreement, DoubleTag, overall_agreement
from runtime.models import SampledTurn, Verdict, VerdictStratum
from runtime.verdicts import workflow
from runtime.verdicts.contracts import Progress
from runtime.verdicts.rates import JudgedTurn, Stratum

MAX_VERDICTS = 20_000
MAX_PAIRS = 5_000
RECENT = 20


def verdicts_waiting() -> int:
    """Return how many sampled turns still want a verdict."""
    return SampledTurn.objects.waiting().count()


def progress_of(person: int) -> Progress:
    """Return how far a person is."""
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    return Progress(
        today=Verdict.objects.standing().filter(person=person, judged_at__gte=today).count(),
        left=SampledTurn.objects.waiting().not_judged_by(person).count(),
    )


def recent_verdicts(person: int) -> QuerySet[Verdict]:
    """Return a person's last verdicts that stand, the newest first."""
    mine = Verdict.objects.standing().filter(person=person, sampled__isnull=False)
    return mine.select_related("sampled__turn").order_by("-pk")[:RECENT]


def judged_sample(since: datetime) -> tuple[list[Stratum], list[JudgedTurn]]:
    """Return strata whose window ended after ``since`` and the first verdicts on their turns (2 queries).

    Counts the newest MAX_VERDICTS verdicts.
    """
    rows = VerdictStratum.objects.filter(draw__window_end__gt=since)
    strata = [
        Stratum(pk, name, escalated, population)
        for pk, name, escalated, population in rows.values_list("pk", "name", "escalated", "population")
    ]
    first = Verdict.objects.standing().filter(
        role=workflow.FIRST, sampled__stratum__draw__window_end__gt=since
    )
    said = first.order_by("-pk").values_list("sampled__stratum_id", "answer", "sampled__turn__created_at")
    judged = [JudgedTurn(stratum, answer, week_of(at)) for stratum, answer, at in said[:MAX_VERDICTS]]
    return strata, judged


def verdict_agreement(since: datetime) -> Agreement:
    """Return how far first and second persons agree on turns that both judged."""
    rows = Verdict.objects.standing().filter(sampled__is_double=True, judged_at__gte=since)
    said: dict[int, dict[str, tuple[str, str]]] = {}
    for sampled, role, name, answer in rows.order_by("-pk").values_list(
        "sampled_id", "role", "person_name", "answer"
    )[: 2 * MAX_PAIRS]:
        said.setdefault(sampled, {})[role] = (name, answer)
    pairs = [
        DoubleTag(*both[workflow.FIRST], *both[workflow.SECOND]) for both in said.values() if len(both) == 2
    ]
    return overall_agreement(pairs)


def fault_reasons(since: datetime) -> list[tuple[str, str, int]]:
    """Return (answer, reason in words, how often) of the first verdicts that found a fault."""
    rows = (
        Verdict.objects.standing()
        .filter(role=workflow.FIRST, sampled__stratum__draw__window_end__gt=since)
        .exclude(reason="")
        .order_by("-pk")
        .values_list("answer", "reason")[:MAX_VERDICTS]
    )
    counts: Counter[Any] = Counter(rows)
    return [
        (answer, workflow.REASONS.get(answer, {}).get(reason, reason), count)
        for (answer, reason), count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    ]


def week_of(at: datetime) -> date:
    """Return the Monday of the week, in the workspace's time zone."""
    day = timezone.localdate(at)
    return day - timedelta(days=day.weekday())
