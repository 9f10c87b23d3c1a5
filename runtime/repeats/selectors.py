"""What is read of repeated questions: rates per field and in all, cases, and the order of a packet's fields.

A single person is never shown: people appear only as a range over at least five of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from core.proportions import Share
from runtime.models import RepeatCheck, RepeatField
from runtime.repeats.fields import FIELDS
from runtime.repeats.held import held_values

ORDER_DAYS = 90
FEWEST_TO_REORDER = 5  # packets that held a field, before what people ask moves it
FEWEST_PEOPLE = 5
FEWEST_OF_A_PERSON = 5
MAX_PEOPLE = 500


@dataclass(frozen=True, slots=True)
class FieldRate:
    """In how many of the packets that held a field the person asked for it again."""

    name: str
    label: str
    share: Share


@dataclass(frozen=True, slots=True)
class PeopleRange:
    """How unlike people are, without saying who is who: lowest, middle and highest share of ``people``."""

    people: int
    lowest: float
    middle: float
    highest: float


def field_rates(since: datetime) -> list[FieldRate]:
    """Return the rate of each field, those asked again most often first (1 query)."""
    rows = (
        RepeatField.objects.filter(check_row__checked_at__gte=since)
        .order_by()
        .values_list("field")
        .annotate(held=Count("pk"), asked=Count("pk", filter=Q(asked=True)))
    )
    counts = {name: Share(asked, held) for name, held, asked in rows}
    rates = [FieldRate(f.name, f.label, counts.get(f.name, Share(0, 0))) for f in FIELDS]
    return sorted(rates, key=lambda rate: -rate.share.part)


def handoff_repeats(since: datetime) -> Share:
    """Return in how many checked handoffs something was asked again (1 query)."""
    checks = RepeatCheck.objects.filter(checked_at__gte=since)
    found = checks.aggregate(n=Count("pk"), repeated=Count("pk", filter=Exists(_asked())))
    return Share(found["repeated"], found["n"])


def people_range(since: datetime) -> PeopleRange | None:
    """Return how unlike people are; None under five people with five checked handoffs each (1 query)."""
    rows = (
        RepeatCheck.objects.filter(checked_at__gte=since)
        .exclude(handoff__accepted_by="")
        .order_by()
        .values_list("handoff__accepted_by")
        .annotate(n=Count("pk"), repeated=Count("pk", filter=Exists(_asked())))
        .filter(n__gte=FEWEST_OF_A_PERSON)[:MAX_PEOPLE]
    )
    shares = [repeated / n for _, n, repeated in rows]
    if len(shares) < FEWEST_PEOPLE:
        return None
    return PeopleRange(len(shares), min(shares), median(shares), max(shares))


def repeated_questions() -> QuerySet[RepeatField]:
    """Return the cases, the newest first."""
    return RepeatField.objects.filter(asked=True).order_by("-pk")


def packet_field_order() -> tuple[str, ...]:
    """Return all fields in the order in which a packet should show them (1 query).

    What people asked again most often in ORDER_DAYS stands first, by the lower end of its rate's interval, so
    that one case of two does not beat twenty of sixty. The rest keeps its place.
    """
    rates = {rate.name: rate.share for rate in field_rates(timezone.now() - timedelta(days=ORDER_DAYS))}

    def weight(name: str) -> float:
        share = rates[name]
        return share.low if share.part and share.whole >= FEWEST_TO_REORDER else 0.0

    return tuple(sorted((field.name for field in FIELDS), key=lambda name: -weight(name)))


def packet_glance(packet: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return (label, value) of what a packet holds, in the order of ``packet_field_order``."""
    labels = {field.name: field.label for field in FIELDS}
    held = held_values(packet)
    return [(labels[name], held[name]) for name in packet_field_order() if name in held]


def _asked() -> QuerySet[RepeatField]:
    return RepeatField.objects.filter(check_row=OuterRef("pk"), asked=True)
