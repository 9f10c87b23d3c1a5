"""Take the phrasings of a file in: unknown intents as drafts, sound phrasings through examples_add.

All of it in one transaction: done, or nothing changed.
"""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction

from core import activity
from core.actors import Actor
from core.errors import Conflict
from core.permissions import require
from intents.exchange.contracts import Reading
from intents.exchange.planning import CREATED, Plan, plan
from intents.models import Intent
from intents.services import NewExample, examples_add, intent_create
from intents.workflow import MAX_BULK_EXAMPLES

PERMISSION = "intents.add_intent"
Progress = Callable[[int, int], None]


def phrasings_import(
    *, actor: Actor, reading: Reading, progress: Progress = lambda done, total: None
) -> Plan:
    """Create what the plan creates and return that plan; a second time everything is unchanged."""
    require(actor, PERMISSION)
    with transaction.atomic():
        found = plan(reading)
        for slug, label in found.new_intents.items():
            intent_create(actor=actor, slug=slug, label=label)
        by_slug: dict[str, list[NewExample]] = {}
        for row in found.rows:
            if row.outcome == CREATED:
                by_slug.setdefault(row.slug, []).append(NewExample(row.text, row.origin, row.source_ref))
        intents = {intent.slug: intent for intent in Intent.objects.filter(slug__in=by_slug)}
        total, done = sum(map(len, by_slug.values())), 0
        for slug, rows in by_slug.items():
            for first in range(0, len(rows), MAX_BULK_EXAMPLES):
                batch = rows[first : first + MAX_BULK_EXAMPLES]
                report = examples_add(actor=actor, intent=intents[slug], rows=batch)
                if report.refused:  # cannot be, unless somebody was quicker
                    raise Conflict(
                        f"“{report.refused[0].text[:80]}”: {report.refused[0].message} Nothing was taken in; "
                        "look at the file again.",
                        code="stale_import",
                    )
                done += len(batch)
                progress(done, total)
        for slug in found.new_intents:
            activity.record(
                actor, "intent.imported", intents[slug], after={"examples": len(by_slug.get(slug, ()))}
            )
    return found
