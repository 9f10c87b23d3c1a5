"""What stands between the examples and a training: too few real phrasings, one text in two intents.

Reads only. The training service refuses on blockers; the admin shows the same list beforehand.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count

from core.errors import Conflict
from intents.models import Example, Intent
from intents.ports import live_interactions
from intents.workflow import (
    ENOUGH_LIVE_INTERACTIONS,
    MANY_EXAMPLES,
    MAX_EXAMPLES_PER_TRAINING,
    MIN_INTENTS,
    MIN_REAL_EXAMPLES,
    RECOMMENDED_REAL_EXAMPLES,
)

SHOWN_TEXTS = 20


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that blocks a training or deserves a look, with a stable code."""

    code: str
    message: str
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Readiness:
    """All findings; ``example_counts`` is slug → {"real": n, "synthetic": n} of the active intents."""

    blockers: tuple[Finding, ...]
    warnings: tuple[Finding, ...]
    example_counts: dict[str, dict[str, int]]

    def refuse_if_blocked(self) -> None:
        """Raise Conflict with the first blocker's code and everything that blocks."""
        if self.blockers:
            raise Conflict(
                " ".join(blocker.message for blocker in self.blockers),
                code=self.blockers[0].code,
                extra={blocker.code: blocker.extra for blocker in self.blockers},
            )


def training_readiness() -> Readiness:
    """Return what blocks a training on the active examples of the active intents (2 or 3 queries)."""
    intents = list(Intent.objects.active().with_example_counts().order_by("slug"))
    counts = {i.slug: {"real": i.real_examples, "synthetic": i.synthetic_examples} for i in intents}
    blockers = [*_too_few_intents(intents), *_too_few_examples(intents), *_too_many_examples(counts)]
    blockers += _same_text_in_two_intents()
    warnings = [*_very_many_examples(intents), *_many_before_the_pilot(intents)]
    return Readiness(tuple(blockers), tuple(warnings), counts)


def _too_few_intents(intents: list[Any]) -> list[Finding]:
    if len(intents) >= MIN_INTENTS:
        return []
    return [
        Finding(
            "too_few_intents",
            f"A model tells at least {MIN_INTENTS} active intents apart; there are {len(intents)}.",
            {"active_intents": len(intents)},
        )
    ]


def _too_few_examples(intents: list[Any]) -> list[Finding]:
    short = [i for i in intents if i.real_examples < MIN_REAL_EXAMPLES]
    if not short:
        return []
    listed = ", ".join(f"{i.label} ({i.real_examples})" for i in short)
    return [
        Finding(
            "too_few_examples",
            f"Each active intent needs at least {MIN_REAL_EXAMPLES} examples from tickets or reviews; "
            f"synthetic ones do not count. Too few have: {listed}. Add examples, or archive the intent.",
            {
                "intents": [
                    {
                        "slug": i.slug,
                        "real_examples": i.real_examples,
                        "synthetic_examples": i.synthetic_examples,
                        "missing": MIN_REAL_EXAMPLES - i.real_examples,
                    }
                    for i in short
                ]
            },
        )
    ]


def _too_many_examples(counts: dict[str, dict[str, int]]) -> list[Finding]:
    total = sum(sum(c.values()) for c in counts.values())
    if total <= MAX_EXAMPLES_PER_TRAINING:
        return []
    return [
        Finding(
            "too_many_examples",
            f"One training takes at most {MAX_EXAMPLES_PER_TRAINING} examples, not {total}. Retire some.",
            {"examples": total},
        )
    ]


def _same_text_in_two_intents() -> list[Finding]:
    doubled = list(
        Example.objects.trained_on()
        .order_by()
        .values_list("text_hash")
        .annotate(count=Count("id"))
        .filter(count__gt=1)
        .values_list("text_hash", flat=True)[: SHOWN_TEXTS + 1]
    )
    if not doubled:
        return []
    places: dict[str, list[Example]] = {}
    for example in (
        Example.objects.trained_on().filter(text_hash__in=doubled[:SHOWN_TEXTS]).select_related("intent")
    ):
        places.setdefault(example.text_hash, []).append(example)
    texts = [
        {"text": found[0].text, "examples": [{"id": e.pk, "intent": e.intent.slug} for e in found]}
        for found in places.values()
    ]
    listed = "; ".join(
        f"“{found[0].text[:60]}” in {' and '.join(e.intent.label for e in found)}"
        for found in places.values()
    )
    more = " and more" if len(doubled) > SHOWN_TEXTS else ""
    return [
        Finding(
            "same_text_in_two_intents",
            f"A text cannot mean two intents: {listed}{more}. Move or retire one of each.",
            {"texts": texts},
        )
    ]


def _very_many_examples(intents: list[Any]) -> list[Finding]:
    return [
        Finding(
            "very_many_examples",
            f"{intent.label} has {total} examples. More than {MANY_EXAMPLES} in one intent help little and "
            "make it outweigh the others.",
            {"slug": intent.slug, "examples": total},
        )
        for intent in intents
        if (total := intent.real_examples + intent.synthetic_examples) > MANY_EXAMPLES
    ]


def _many_before_the_pilot(intents: list[Any]) -> list[Finding]:
    """Note intents with more than the guide's 8 to 12 real examples while the pilot has shown little."""
    many = [i for i in intents if i.real_examples > RECOMMENDED_REAL_EXAMPLES]
    if not many:
        return []
    seen = live_interactions(at_most=ENOUGH_LIVE_INTERACTIONS)
    if seen >= ENOUGH_LIVE_INTERACTIONS:
        return []
    listed = ", ".join(f"{i.label} ({i.real_examples})" for i in many[:SHOWN_TEXTS])
    return [
        Finding(
            "many_before_the_pilot",
            f"More than {RECOMMENDED_REAL_EXAMPLES} real examples: {listed}. They are trained on all the "
            f"same; {MIN_REAL_EXAMPLES} to {RECOMMENDED_REAL_EXAMPLES} are enough until there have been "
            f"{ENOUGH_LIVE_INTERACTIONS} live interactions ({seen} so far), which show where more help.",
            {"intents": {i.slug: i.real_examples for i in many}, "live_interactions": seen},
        )
    ]
