"""How much of a pilot people have reviewed, how far they agree, and who reviewed how much. Writes nothing."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Count, Exists, OuterRef, Q
from django.utils import timezone

from core.agreement import Agreement, DoubleTag, overall_agreement
from pilot import workflow
from pilot.drafts.contracts import Coverage, Progress, ReviewerCount
from pilot.drafts.queue import not_reviewed_by, standing, waiting
from pilot.models import Draft, Pilot, Review

MAX_PAIRS = 5_000
MAX_WEEKS = 520
MAX_REVIEWERS = 200
WHOLE = "all"


def coverage_of(pilot: Pilot) -> list[Coverage]:
    """Return the coverage of each week, first to last, and then of the whole pilot (``week`` "all")."""
    first = Review.objects.filter(draft=OuterRef("pk"), role=workflow.FIRST, undone_at=None)
    second = Review.objects.filter(draft=OuterRef("pk"), role=workflow.SECOND, undone_at=None)
    rows = (
        Draft.objects.filter(pilot=pilot)
        .annotate(has_first=Exists(first), has_second=Exists(second))
        .order_by("week")
        .values("week")
        .annotate(
            n=Count("pk"),
            sampled=Count("pk", filter=Q(in_sample=True)),
            reviewed=Count("pk", filter=Q(has_first=True)),
            double=Count("pk", filter=Q(is_double=True)),
            twice=Count("pk", filter=Q(has_second=True)),
        )
    )
    weeks = [
        Coverage(
            row["week"].isoformat(), row["n"], row["sampled"], row["reviewed"], row["double"], row["twice"]
        )
        for row in rows[:MAX_WEEKS]
    ]
    sums = [
        sum(getattr(week, name) for week in weeks)
        for name in ("all", "in_sample", "reviewed", "double", "reviewed_twice")
    ]
    return [*weeks, Coverage(WHOLE, *sums)]


def kappa_of(pilot: Pilot) -> Agreement:
    """Return how far first and second reviewers agree on the verdict (the newest MAX_PAIRS drafts)."""
    rows = standing().filter(draft__pilot=pilot, draft__is_double=True).order_by("-draft_id", "role")
    said: dict[int, dict[str, tuple[str, str]]] = {}
    for draft, role, name, verdict in rows.values_list("draft_id", "role", "person_name", "verdict")[
        : 2 * MAX_PAIRS
    ]:
        said.setdefault(draft, {})[role] = (name, verdict)
    pairs = [
        DoubleTag(*both[workflow.FIRST], *both[workflow.SECOND]) for both in said.values() if len(both) == 2
    ]
    return overall_agreement(pairs)


def reviewers_of(pilot: Pilot | None = None) -> list[ReviewerCount]:
    """Return the people who reviewed, the busiest of this week first."""
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    monday = today - timedelta(days=today.weekday())
    reviews = standing() if pilot is None else standing().filter(draft__pilot=pilot)
    rows = (
        reviews.order_by()
        .values("person_id", "person_name")
        .annotate(
            n=Count("pk"),
            today=Count("pk", filter=Q(reviewed_at__gte=today)),
            week=Count("pk", filter=Q(reviewed_at__gte=monday)),
        )
        .order_by("-week", "-n", "person_name")
    )
    return [ReviewerCount(r["person_name"], r["today"], r["week"], r["n"]) for r in rows[:MAX_REVIEWERS]]


def progress_of(person_id: int, pilot_id: int | None = None) -> Progress:
    """Return how far a person is."""
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    monday = today - timedelta(days=today.weekday())
    mine = standing().filter(person=person_id, reviewed_at__gte=monday)
    counts = mine.aggregate(week=Count("pk"), today=Count("pk", filter=Q(reviewed_at__gte=today)))
    left = not_reviewed_by(waiting(pilot_id), person_id).count()
    return Progress(today=counts["today"], week=counts["week"], left=left)


def recent_reviews(person_id: int, at_most: int = 20) -> list[Review]:
    """Return a person's last reviews that stand, the newest first, with draft and turn."""
    mine = standing().filter(person=person_id).select_related("draft__turn")
    return list(mine.order_by("-pk")[:at_most])
