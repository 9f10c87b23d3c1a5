"""From the categories of the signed audit map to intents: what is mapped, what is left out, what is missing.

In scope are the core categories of the signed map that are still in use and that nobody has put out of scope;
each needs an intent. Reads only; intents.services.mapping writes.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from urllib.parse import urlencode

from intents.models import Intent, OutOfScopeCategory, ServedCategory
from tickets.contracts import SignedCategory, SignedMap
from tickets.selectors import signed_map

MAX_LINKS = 2_000
SLUG_LENGTH = 60
PREFILLED_LENGTH = 500


@dataclass(frozen=True, slots=True)
class MappedIntent:
    """An intent that a category is mapped to; ``is_served``: besides the category that it comes from."""

    intent_id: int
    slug: str
    label: str
    state: str
    is_served: bool


@dataclass(frozen=True, slots=True)
class ScopeDecision:
    """Why a category is out of scope, and who said so."""

    decision_id: int
    reason: str
    decided_by: str


@dataclass(frozen=True, slots=True)
class MappingLine:
    """A category of the signed map, the intents it is mapped to, and the decision to leave it out, if any."""

    category: SignedCategory
    intents: tuple[MappedIntent, ...] = ()
    out_of_scope: ScopeDecision | None = None

    @property
    def is_in_scope(self) -> bool:
        """Whether it needs an intent."""
        return self.category.is_core and self.category.is_in_use and self.out_of_scope is None

    @property
    def is_unmapped(self) -> bool:
        """Whether an intent is missing."""
        return self.is_in_scope and not self.intents


@dataclass(frozen=True, slots=True)
class Mapping:
    """All lines by volume within: unmapped, mapped, not core, out of scope or no longer in use."""

    map: SignedMap
    unmapped: tuple[MappingLine, ...] = ()
    mapped: tuple[MappingLine, ...] = ()
    later: tuple[MappingLine, ...] = ()
    left_out: tuple[MappingLine, ...] = ()
    retired: tuple[MappingLine, ...] = field(default=())

    @property
    def in_scope(self) -> int:
        """How many categories need an intent."""
        return len(self.unmapped) + len(self.mapped)

    @property
    def covered_percent(self) -> float:
        """Share of all tickets of the window whose category has an intent, in percent."""
        covered = sum(line.category.tickets for line in (*self.mapped, *self.later) if line.intents)
        return 100 * covered / self.map.tickets if self.map.tickets else 0.0


def category_mapping() -> Mapping | None:
    """Return how the signed map is mapped (5 queries); None before the first signature."""
    signed = signed_map()
    if signed is None:
        return None
    mapped, decisions = _mapped_intents(), _decisions()
    lines = [
        MappingLine(c, tuple(mapped.get(c.category_id, ())), decisions.get(c.category_id))
        for c in signed.categories
    ]
    in_use = [line for line in lines if line.category.is_in_use]
    return Mapping(
        map=signed,
        unmapped=tuple(line for line in in_use if line.is_unmapped),
        mapped=tuple(line for line in in_use if line.is_in_scope and line.intents),
        later=tuple(line for line in in_use if not line.category.is_core and line.out_of_scope is None),
        left_out=tuple(line for line in in_use if line.out_of_scope is not None),
        retired=tuple(line for line in lines if not line.category.is_in_use),
    )


def prefilled_fields(version: int, category: SignedCategory) -> dict[str, str]:
    """Return the fields of a new intent as the audit suggests them, with the reason it gives."""
    words = f"Map {version}: {category.label_name}; {category.tickets:,} tickets."
    reason = f"{words} {category.label_reason}".strip()
    fields = {
        "slug": slug_of(category.name),
        "label": category.name,
        "description": category.description,
        "resolution": category.label or Intent.Resolution.AI_ASSISTED.value,
        "resolution_reason": reason[:PREFILLED_LENGTH],
        "category": str(category.category_id),
    }
    return {name: value for name, value in fields.items() if value}


def prefilled_query(version: int, category: SignedCategory) -> str:
    """Return ``prefilled_fields`` as the query of the admin's form for a new intent."""
    return urlencode(prefilled_fields(version, category))


def slug_of(name: str) -> str:
    """Return a name as bots see it: small ASCII letters, digits and underscores, beginning with a letter."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().casefold()
    slug = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
    if slug and not slug[0].isalpha():
        slug = f"intent_{slug}"
    return slug[:SLUG_LENGTH].strip("_")


def _mapped_intents() -> dict[int, list[MappedIntent]]:
    """Return the intents of each category that are not archived, by label."""
    found: dict[int, list[MappedIntent]] = {}
    own = Intent.objects.exclude(state=Intent.State.ARCHIVED).exclude(category=None).order_by("label", "pk")
    own_rows = own.values_list("category_id", "pk", "slug", "label", "state")[:MAX_LINKS]
    for category, pk, slug, label, state in own_rows:
        found.setdefault(category or 0, []).append(MappedIntent(pk, slug, label, state, is_served=False))
    served = ServedCategory.objects.exclude(intent__state=Intent.State.ARCHIVED)
    rows = served.order_by("intent__label", "pk").values_list(
        "category_id", "intent_id", "intent__slug", "intent__label", "intent__state"
    )
    for category, pk, slug, label, state in rows[:MAX_LINKS]:
        found.setdefault(category, []).append(MappedIntent(pk, slug, label, state, is_served=True))
    return found


def _decisions() -> dict[int, ScopeDecision]:
    rows = OutOfScopeCategory.objects.filter(taken_back_at=None).values_list(
        "category_id", "pk", "reason", "decided_by__username"
    )
    return {
        category: ScopeDecision(pk, reason, who or "somebody who has left")
        for category, pk, reason, who in rows[:MAX_LINKS]
    }
