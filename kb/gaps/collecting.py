"""Signals from closed tickets, and the button that collects everything that is new.

A category counts as covered where at least half of its typical questions find a good section; of one that is
not, each unanswered typical ticket is a signal. Reads tickets downwards; what conversations tell is brought
from above, through kb.news.
"""

from __future__ import annotations

import hashlib

from django.db import transaction

from core import jobs
from core.actors import Actor
from core.models import Job
from core.permissions import require
from kb.audit.checks import ANSWERED_SCORE, ANSWERED_SHARE
from kb.contracts import MissingAnswer
from kb.gaps.signals import signals_add, signals_prepare, vectors_renew
from kb.index_loading import LoadedIndex, fresh_index
from kb.indexing import encoder
from kb.models import GapSignal, Watermark
from kb.questions.running import AT_LEAST
from kb.questions.services import questions_suggest_where_few, short_question
from tickets.contracts import TypicalTicket
from tickets.selectors import audit_state, typical_tickets

COLLECT_TASK = "runtime.tasks.collect"  # lives above: it reads conversations as well
TICKETS = "tickets"


@transaction.atomic
def collect_start(*, actor: Actor) -> Job:
    """Queue a look at everything that came in since the last one."""
    require(actor, "kb.change_article")
    return jobs.enqueue(COLLECT_TASK, dedupe_key=COLLECT_TASK, requested_by=actor.label)


def collect_job() -> Job | None:
    """Return the collection that waits or runs."""
    return Job.objects.filter(task=COLLECT_TASK, state__in=(Job.State.QUEUED, Job.State.RUNNING)).first()


def tickets_collect(*, actor: Actor, progress: jobs.Progress | None = None) -> dict[str, int]:
    """Make signals of what uncovered categories ask, and suggest test questions. Idempotent by ticket.

    Does nothing where neither tickets nor index have changed since the last time.
    """
    model = encoder()
    vectors_renew(model, model.fingerprint)
    index = fresh_index()
    state = _state(index)
    if Watermark.objects.filter(pk=TICKETS, position=state).exists():
        return {"tickets": 0, "suggested": 0}
    prepared = signals_prepare(_missing(index, progress), model)
    with transaction.atomic():
        added = signals_add(actor=actor, prepared=prepared, encoder=model.fingerprint)
        Watermark.objects.update_or_create(stream=TICKETS, defaults={"position": state})
    return {"tickets": added, "suggested": questions_suggest_where_few(at_least=AT_LEAST)}


def _missing(index: LoadedIndex, progress: jobs.Progress | None) -> list[MissingAnswer]:
    found: list[MissingAnswer] = []
    categories = typical_tickets()
    for done, category in enumerate(categories.values(), 1):
        asked = [_asked(index, ticket) for ticket in category.tickets]
        missed = [news for news, answered in asked if not answered]
        if asked and len(asked) - len(missed) < ANSWERED_SHARE * len(asked):
            found += missed
        if progress is not None:
            progress(done, len(categories), "Asking what tickets ask")
    return found


def _asked(index: LoadedIndex, ticket: TypicalTicket) -> tuple[MissingAnswer, bool]:
    """Return the signal that a ticket would be, and whether the knowledge base answers it to anybody."""
    everything = index.snapshot.article_ids
    hits = index.snapshot.search(ticket.question, allowed_articles=everything, limit=1).hits
    text, shown = short_question(ticket.opening), hits[0].article_id if hits else None
    source = f"ticket:{ticket.ticket_id}"
    news = MissingAnswer(GapSignal.Kind.TICKET, source, text, ticket.closed_on, shown)
    return news, bool(hits) and hits[0].score >= ANSWERED_SCORE


def _state(index: LoadedIndex) -> int:
    """Return a number that is another one when tickets were sorted anew or the index has changed."""
    identity = repr([audit_state(), index.version, index.encoder])
    return int.from_bytes(hashlib.sha256(identity.encode()).digest()[:7], "big")
