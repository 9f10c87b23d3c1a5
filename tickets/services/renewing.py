"""Clean stored tickets anew after glossary or cleaning have changed, as far as raw text is kept."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from core import activity, jobs
from core.actors import Actor
from core.errors import Conflict
from core.models import Job
from core.permissions import require
from nlp.ticket_text import version_of
from tickets.glossary import current_glossary
from tickets.models import RawText, TicketText
from tickets.services.classifying import Budget
from tickets.texts import message_text, prepare

TASK = "tickets.tasks.renew_texts"
ROWS = 200
MAX_EXPORTED = 10_000


@transaction.atomic
def texts_renew_start(*, actor: Actor) -> Job:
    """Queue the cleaning of every ticket that was cleaned otherwise than it would be now."""
    require(actor, "tickets.change_glossaryterm")
    job = jobs.enqueue(TASK, dedupe_key=TASK, requested_by=actor.label)
    activity.record(actor, "texts.renewed", job)
    return job


def texts_renew(budget: Budget) -> bool:
    """Clean outdated texts anew from their raw texts; return whether all are done. Idempotent by version."""
    glossary = current_glossary()
    version = version_of(glossary)
    waiting = RawText.objects.exclude(ticket__text__pipeline_version=version).exclude(ticket__text=None)
    total, done = waiting.count(), 0
    while rows := list(waiting.order_by("pk")[:ROWS]):
        texts = []
        for raw in rows:
            conversation = [
                {
                    "author": message["author"],
                    "at": message["at"],
                    "is_public": message["is_public"],
                    "text": message_text(message["text"], is_html=message["is_html"], glossary=glossary),
                }
                for message in raw.conversation
            ]
            words = [
                m["text"] for m in conversation if m["author"] == "customer" and m["is_public"] and m["text"]
            ]
            texts.append(
                TicketText(
                    ticket_id=raw.pk,
                    customer_words="\n\n".join(words),
                    conversation=conversation,
                    csat_comment=prepare(raw.csat_comment),
                    pipeline_version=version,
                )
            )
        fields = ["customer_words", "conversation", "csat_comment", "pipeline_version"]
        TicketText.objects.bulk_update(texts, fields)
        done += len(rows)
        budget.progress(done, total, "Cleaning texts anew")
        if budget.is_spent:
            return False
    return True


def training_texts(*, actor: Actor, tickets: Sequence[int]) -> list[dict[str, str]]:
    """Return the cleaned words of tickets for training; refuse if one was not cleaned as it would be now."""
    require(actor, "tickets.view_ticket")
    if len(tickets) > MAX_EXPORTED:
        raise Conflict(f"Export at most {MAX_EXPORTED:,} tickets at a time.", code="too_many")
    version = version_of(current_glossary())
    texts = TicketText.objects.filter(pk__in=tickets).select_related("ticket").order_by("pk")
    uncleaned = texts.exclude(pipeline_version=version).count() + len(set(tickets)) - texts.count()
    if uncleaned:
        raise Conflict(
            f"{uncleaned} of these tickets are not cleaned with the present glossary. Clean them anew on the "
            "glossary's page, or leave them out.",
            code="not_cleaned",
        )
    return [
        {"ticket": f"{text.ticket.source}:{text.ticket.external_id}", "text": text.customer_words}
        for text in texts
        if text.customer_words
    ]
