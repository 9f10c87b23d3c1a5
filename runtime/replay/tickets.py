"""Closed tickets as cases: their opening messages are read by the engines that live turns are read by.

The pipeline runs with a decision that always hands over, so no flow begins, no action is done, and nothing is
stored but the facts. They are kept per release, index and detectors, without the customer's words; what other
people can change at any moment (who resolves an intent, its category, its flow) is read anew each time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache

from django.utils import timezone

from core.errors import Unavailable
from core.jobs import Progress
from core.writing import write_transaction
from escalation import engine
from escalation.backtest.cases import TICKET, Case, ticket_truth
from escalation.contracts import TurnFacts
from escalation.detectors_version import detectors_version
from escalation.teams.contracts import NO_TEAM
from intents.selectors import intent_profile, live_release
from kb import index_version
from runtime.contracts import TurnRequest
from runtime.engines import LIVE
from runtime.models import TicketFacts
from runtime.pipeline import run
from runtime.replay.wordless import words_left_out, words_put_back
from runtime.turn_state import FAILED, NO_RULES, Context, Engines
from tickets.contracts import EndedTicket
from tickets.selectors import ended_tickets

ROWS = 25  # read between two signs of life, and written together
MAX_CHANNEL = 32
MAX_TICKETS = 50_000
GAVE_UP_AFTER = 20  # tickets in a row that could not be read: something is broken

# A turn that is read and not answered: whatever the facts, it hands over, so that nothing begins.
READING = replace(
    LIVE,
    rule_set=lambda: NO_RULES,
    decide=lambda facts, rules: FAILED,
    assign_team=lambda case, *, at: NO_TEAM,
    wait_seconds=lambda team: None,
    handoff_message=lambda reason, *, situation, locale, tier: "",
)


def versions_now() -> str:
    """Return the versions of all that facts come from."""
    release, index = live_release(), index_version.current()
    return (
        f"release {release.number if release else 0}, index {index.epoch}.{index.number}, "
        f"detectors {detectors_version()}"
    )


def tickets_read(
    *, days: int, limit: int, progress: Progress | None = None, engines: Engines = READING
) -> dict[str, int]:
    """Read the newest tickets of the window that have no present facts, at most ``limit``; count them.

    Each portion is written by itself: stopped anywhere, the next run goes on with what is left.
    """
    versions = versions_now()
    waiting = list(_waiting(days, versions, limit))
    done = {"read": 0, "failed": 0}
    in_a_row = 0
    for first in range(0, len(waiting), ROWS):
        if progress is not None:
            progress.stop_if_cancelled()
            progress(first, len(waiting), "Reading closed tickets")
        rows: list[TicketFacts] = []
        for ticket in waiting[first : first + ROWS]:
            facts = facts_read(ticket, engines)
            in_a_row = in_a_row + 1 if facts.failed_step else 0
            if in_a_row >= GAVE_UP_AFTER:
                raise Unavailable(
                    f"The step “{facts.failed_step}” fails for every ticket. Try again once it works.",
                    code="tickets_unreadable",
                )
            if facts.failed_step:
                done["failed"] += 1
            else:
                rows.append(_row(ticket, facts, versions))
        _keep(rows)
        done["read"] += len(rows)
    return done


def facts_read(ticket: EndedTicket, engines: Engines = READING) -> TurnFacts:
    """Return what the agent would know of the ticket's opening message, as the first of a conversation."""
    request = TurnRequest(text=ticket.text, channel=ticket.channel[:MAX_CHANNEL])
    return run(request, Context(now=ticket.created_at), engines).facts


def ticket_cases(*, days: int, limit: int) -> tuple[list[Case], dict[str, int]]:
    """Return the tickets that have facts as cases, newest first, and how many are unread or outdated."""
    versions = versions_now()
    found: list[Case] = []
    counts = {"tickets": 0, "unread": 0, "outdated": 0, "left_out": 0}
    fresh = _Fresh()
    for ticket, row in _with_facts(days):
        counts["tickets"] += 1
        if row is None:
            counts["unread"] += 1
        elif len(found) >= limit:
            counts["left_out"] += 1
        else:
            counts["outdated"] += row.versions != versions
            facts = words_put_back(row.facts, ticket.text)
            found.append(Case(TICKET, ticket.ticket_id, fresh.of(facts), ticket_truth(ticket.escalation)))
    return found, counts


def kept_facts(ticket_ids: Collection[int]) -> Callable[[EndedTicket], TurnFacts | None]:
    """Return a function from a ticket to its facts as they stand now; None where they are of other words."""
    rows = TicketFacts.objects.in_bulk(list(ticket_ids))
    fresh = _Fresh()

    def of(ticket: EndedTicket) -> TurnFacts | None:
        row = rows.get(ticket.ticket_id)
        if row is None or row.text_sha256 != _sha(ticket.text):
            return None
        return fresh.of(words_put_back(row.facts, ticket.text))

    return of


class _Fresh:
    """Who resolves an intent, its category and its flow as they are now, read once an intent."""

    def __init__(self) -> None:
        self.of_intent = lru_cache(maxsize=None)(self._read)

    def of(self, facts: TurnFacts) -> TurnFacts:
        """Return the facts with what is so now."""
        resolution, category, flow = self.of_intent(facts.intent)
        return replace(
            facts,
            intent_resolution=resolution,
            intent_category=category,
            flow="" if facts.is_fallback else flow,
        )

    def _read(self, slug: str) -> tuple[str, int | None, str]:
        profile = intent_profile(slug) if slug else None
        if profile is None:
            return "", None, ""
        flow = engine.OFFERED if LIVE.active_flow(slug) is not None else ""
        return profile.resolution, profile.category_id, flow


def _with_facts(days: int) -> Iterator[tuple[EndedTicket, TicketFacts | None]]:
    """Yield the tickets of the window, newest first, with their facts if these are of the same words."""
    batch: list[EndedTicket] = []
    for ticket in ended_tickets(since=timezone.now() - timedelta(days=days), limit=MAX_TICKETS):
        batch.append(ticket)
        if len(batch) == 500:
            yield from _joined(batch)
            batch = []
    yield from _joined(batch)


def _joined(batch: list[EndedTicket]) -> Iterator[tuple[EndedTicket, TicketFacts | None]]:
    rows = TicketFacts.objects.in_bulk([ticket.ticket_id for ticket in batch])
    for ticket in batch:
        row = rows.get(ticket.ticket_id)
        yield ticket, row if row is not None and row.text_sha256 == _sha(ticket.text) else None


def _waiting(days: int, versions: str, limit: int) -> Iterable[EndedTicket]:
    left = limit
    for ticket, row in _with_facts(days):
        if left <= 0:
            return
        if row is None or row.versions != versions:
            left -= 1
            yield ticket


def _row(ticket: EndedTicket, facts: TurnFacts, versions: str) -> TicketFacts:
    return TicketFacts(
        ticket_id=ticket.ticket_id,
        facts=words_left_out(facts),
        text_sha256=_sha(ticket.text),
        versions=versions,
        read_at=timezone.now(),
    )


def _keep(rows: list[TicketFacts]) -> None:
    with write_transaction():
        TicketFacts.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["ticket"],
            update_fields=["facts", "text_sha256", "versions", "read_at"],
        )


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
