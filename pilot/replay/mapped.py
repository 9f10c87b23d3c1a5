"""Which intents a ticket's category is mapped to: what its opening message should have been taken for."""

from __future__ import annotations

from collections.abc import Mapping

from intents.models import Intent, ServedCategory

MAX_LINKS = 2_000


def intents_by_category() -> Mapping[int, tuple[str, ...]]:
    """Return the slugs of the active intents of each category, in order (two queries)."""
    found: dict[int, set[str]] = {}
    own = Intent.objects.active().exclude(category=None).values_list("category_id", "slug")
    served = ServedCategory.objects.filter(intent__state=Intent.State.ACTIVE)
    for category, slug in [*own[:MAX_LINKS], *served.values_list("category_id", "intent__slug")[:MAX_LINKS]]:
        found.setdefault(category or 0, set()).add(slug)
    return {category: tuple(sorted(slugs)) for category, slugs in found.items()}
