"""What is read of the tagging inbox: progress, agreement, disagreements, off-topic texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet
from django.utils import timezone

from core.agreement import DoubleTag
from core.proportions import Share
from intents.models import EvaluationCase, Intent, TaggingDecision, TaggingItem
from intents.selectors import MAX_INTENTS, live_release
from intents.tagging import workflow
from intents.tagging.contracts import InboxSummary, IntentChoice, Progress

MAX_PAIRS = 10_000
MAX_OFF_TOPIC = 2_000  # as many as a training looks at
RECENT = 20


@dataclass(frozen=True, slots=True)
class PersonFigures:
    """One person's standing decisions: how many, how often as suggested, how many golden ones right."""

    name: str
    decisions: int
    as_suggested: Share
    golden: Share
    median_seconds: float | None


def off_topic_texts() -> tuple[str, ...]:
    """Return the texts that people have found off-topic, oldest first, for training."""
    decided = TaggingItem.objects.filter(outcome=workflow.OFF_TOPIC).order_by("pk")
    tests = EvaluationCase.objects.filter(state=EvaluationCase.State.ACTIVE, text_hash=OuterRef("text_hash"))
    decided = decided.exclude(Exists(tests))  # no training takes a test phrase
    return tuple(decided.values_list("text", flat=True)[:MAX_OFF_TOPIC])


def progress_of(person_id: int) -> Progress:
    """Return how far a person is (4 queries)."""
    now = timezone.now()
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    own = TaggingDecision.objects.standing().filter(person=person_id)
    waiting = TaggingItem.objects.waiting()
    return Progress(
        today=own.filter(decided_at__gte=midnight).exclude(role=workflow.SETTLED).count(),
        left=waiting.free_for(person_id, now).not_seen_by(person_id).count(),
        awaiting_second=waiting.filter(Exists(own.filter(item=OuterRef("pk"), role=workflow.FIRST))).count(),
        awaiting_lead=TaggingItem.objects.in_adjudication().count(),
    )


def intent_choices() -> tuple[IntentChoice, ...]:
    """Return the intents that a message can be given to, by label, with their real phrasings."""
    intents = Intent.objects.exclude(state=Intent.State.ARCHIVED).with_example_counts()
    return tuple(
        IntentChoice(i.slug, i.label, i.description, i.real_examples, i.state == Intent.State.DRAFT)
        for i in intents.order_by("label", "slug")[:MAX_INTENTS]
    )


def recent_decisions(person_id: int) -> list[TaggingDecision]:
    """Return a person's last standing decisions as a tagger, newest first."""
    own = TaggingDecision.objects.standing().filter(person=person_id).exclude(role=workflow.SETTLED)
    return list(own.select_related("item", "intent").defer("item__vector")[:RECENT])


def inbox_summary() -> InboxSummary:
    """Return the inbox in figures (2 queries)."""
    live = live_release()
    first = TaggingDecision.objects.standing().filter(item=OuterRef("pk"), role=workflow.FIRST)
    waiting, adjudication = Q(state=workflow.WAITING), Q(state=workflow.ADJUDICATION)
    counts = TaggingItem.objects.annotate(has_first=Exists(first)).aggregate(
        waiting=Count("pk", filter=waiting),
        awaiting_second=Count("pk", filter=waiting & Q(has_first=True)),
        awaiting_lead=Count("pk", filter=adjudication),
        decided=Count("pk", filter=Q(outcome=workflow.INTENT)),
        off_topic=Count("pk", filter=Q(outcome=workflow.OFF_TOPIC)),
        without_suggestion=Count("pk", filter=waiting & Q(release=None)),
        outdated=Count("pk", filter=waiting & ~Q(release=live.number if live else None)),
    )
    if live is None:
        counts |= {"outdated": 0, "without_suggestion": 0}
    return InboxSummary(**counts)


def tagging_disagreements() -> int:
    """Return how many messages await a lead."""
    return TaggingItem.objects.in_adjudication().count()


def disagreements() -> QuerySet[TaggingItem]:
    """Return the messages that await a lead, oldest first, with their standing decisions."""
    standing = TaggingDecision.objects.standing().select_related("intent").order_by("pk")
    return (
        TaggingItem.objects.in_adjudication()
        .select_related("category")
        .defer("vector")
        .prefetch_related(Prefetch("decisions", standing, to_attr="standing_decisions"))
        .order_by("pk")
    )


def double_tags() -> list[DoubleTag]:
    """Return the latest doubly tagged messages, each with its first and second answer (1 query)."""
    rows = (
        TaggingDecision.objects.standing()
        .doubled()
        .filter(item__is_double=True)
        .order_by("-item_id", "role")
        .values_list(
            "item_id", "role", "person_id", "person_name", "answer", "intent__label", "proposed_label"
        )
    )
    by_item: dict[int, dict[str, tuple[str, str]]] = {}
    people: dict[str, int | None] = {}
    for item_id, role, person_id, name, answer, label, proposed in rows[: 2 * MAX_PAIRS]:
        is_namesake = people.setdefault(name, person_id) != person_id
        said = (f"{name} ({person_id})" if is_namesake else name, _answer_name(answer, label, proposed))
        by_item.setdefault(item_id, {})[role] = said
    return [
        DoubleTag(*said[workflow.FIRST], *said[workflow.SECOND])
        for said in by_item.values()
        if len(said) == 2
    ]


def people_figures() -> list[PersonFigures]:
    """Return each tagger's figures, the busiest first (2 queries)."""
    decisions = TaggingDecision.objects.standing().exclude(role=workflow.SETTLED).order_by()
    rows = decisions.values("person_id", "person_name").annotate(
        n=Count("pk"),
        agreed_n=Count("pk", filter=Q(agreed=True)),
        shown=Count("pk", filter=Q(agreed__isnull=False)),
        right=Count("pk", filter=Q(golden_right=True)),
        golden=Count("pk", filter=Q(golden_right__isnull=False)),
    )
    times: dict[str, list[float]] = {}
    for name, seconds in decisions.values_list("person_name", "seconds").order_by("-pk")[:MAX_PAIRS]:
        times.setdefault(name, []).append(seconds)
    found = [
        PersonFigures(
            row["person_name"],
            row["n"],
            Share(row["agreed_n"], row["shown"]),
            Share(row["right"], row["golden"]),
            _median(times.get(row["person_name"], [])),
        )
        for row in rows
    ]
    return sorted(found, key=lambda figures: (-figures.decisions, figures.name))


def _answer_name(answer: str, label: str | None, proposed: str) -> str:
    names: dict[str, Any] = {
        workflow.INTENT: label,
        workflow.OFF_TOPIC: "Off-topic",
        workflow.SKIP: "Skipped",
        workflow.PROPOSAL: f"New: {proposed}",
    }
    return str(names[answer])


def _median(values: Sequence[float]) -> float | None:
    ordered = sorted(values)
    return ordered[len(ordered) // 2] if ordered else None
