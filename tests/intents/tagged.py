"""Closed tickets of customers' messages, their categories, and people who tag them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from core.actors import Actor
from integrations.contracts import SourceMessage
from intents.models import TaggingItem
from intents.phrasings import text_hash
from intents.tagging.contracts import Answer
from intents.tagging.deciding import Decided, decision_record
from intents.tagging.policy import tagging_policy_save
from tests.tickets.builders import NOW, imported, ticket
from tickets.models import Category, Classification, Cluster, Clustering, Ticket
from tickets.services.classifying import Budget, outcomes_update
from tickets.services.renewing import texts_renew

SYSTEM = Actor.system("tests")


def close_tickets(*texts: str, first_id: int = 1, clean: bool = True) -> list[Ticket]:
    """Import one closed ticket a text, answered by an agent and thanked for, and clean them."""
    at = NOW - timedelta(days=3)
    imported(
        *(
            ticket(
                str(number),
                messages=(
                    SourceMessage("customer", text, at),
                    SourceMessage("agent", "Please look under Settings.", at + timedelta(hours=1)),
                    SourceMessage("customer", "Thank you, that has helped me.", at + timedelta(hours=2)),
                ),
            )
            for number, text in enumerate(texts, start=first_id)
        )
    )
    if clean:
        assert texts_renew(Budget.of(60))
    ids = [str(number) for number in range(first_id, first_id + len(texts))]
    by_id = {t.external_id: t for t in Ticket.objects.filter(external_id__in=ids)}
    return [by_id[external_id] for external_id in ids]


def put_into(name: str, tickets: Sequence[Ticket]) -> Category:
    """Put tickets into a new category."""
    outcomes_update(Budget.of(60))
    clustering = Clustering.objects.create(
        seed=1, encoder="words", tickets=len(tickets), mean=b"", least_similarity=0
    )
    category = Category.objects.create(name=name)
    cluster = Cluster.objects.create(
        clustering=clustering, category=category, centroid=b"", size=len(tickets)
    )
    Classification.objects.filter(pk__in=[t.pk for t in tickets]).update(cluster=cluster)
    return category


def queue_up(*texts: str, **fields: Any) -> list[TaggingItem]:
    """Put messages into the inbox as a filling would, in this order, each of a ticket of its own."""
    first = Ticket.objects.count() + 1
    rows = [
        TaggingItem(
            text=text,
            text_hash=text_hash(text),
            ticket=made,
            source_ref=f"csv:{made.external_id}",
            closed_at=made.closed_at,
            position=first + place,
            **fields,
        )
        for place, (text, made) in enumerate(
            zip(texts, close_tickets(*texts, first_id=first, clean=False), strict=True)
        )
    ]
    return TaggingItem.objects.bulk_create(rows)


SUGGESTED = {
    "suggested_slug": "billing",
    "confidence": 0.7,
    "margin": 0.5,
    "alternatives": [["bugs", 0.2], ["exports", 0.05]],
    "release": 3,
    "model_version": 2,
}


def say(actor: Actor, item: TaggingItem, answer: Answer, **more: Any) -> Decided:
    """Let a person decide."""
    return decision_record(
        actor=actor, key=uuid.uuid4(), item_id=item.pk, answer=answer, **{"seconds": 2.0, **more}
    )


def policy(**changes: Any) -> None:
    """Change the tagging policy."""
    tagging_policy_save(actor=SYSTEM, **changes)
