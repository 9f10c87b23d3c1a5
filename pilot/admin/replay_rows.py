"""Lines of replays as pages show them: the customer's words are read from the ticket, where it still is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from kb.models import Article
from pilot.models import ReplayResult, ReplayRun
from pilot.replay.summary import (
    AGREEMENTS,
    DECISIONS,
    GROUPS,
    Flip,
    agrees_with_people,
    intent_is_right,
    shares_of,
)
from tickets.histories import ticket_histories

GONE = "The ticket is no longer kept."
HIDDEN = "You may not read tickets."
NOT_KNOWN = "nobody knows whether people escalated"


@dataclass(frozen=True, slots=True)
class ShareLine:
    """One share in words, of one run or of two."""

    label: str
    share: str
    interval: str
    other: str = ""


@dataclass(frozen=True, slots=True)
class Side:
    """What the agent did with a ticket, in words."""

    action: str
    tone: str
    why: str


@dataclass(frozen=True, slots=True)
class TicketLine:
    """A replayed ticket; of two runs, ``after`` is the other one."""

    text: str
    url: str
    at: str
    side: Side
    truth: str
    tag: str
    tone: str
    after: Side | None = None


def share_lines(run: ReplayRun, other: ReplayRun | None = None) -> list[tuple[str, list[ShareLine]]]:
    """Return the groups of a run with their shares, beside those of another where one is given."""
    found = []
    for group, title in GROUPS.items():
        shares = shares_of(run.summary, group)
        if not shares:
            continue
        beside = shares_of(other.summary, group) if other else {}
        lines = [
            ShareLine(
                label,
                str(shares[name]),
                _interval(shares[name]),
                f"{beside[name]}" if name in beside else "",
            )
            for name, label in (DECISIONS | AGREEMENTS).items()
            if name in shares
        ]
        found.append((title, lines))
    return found


def result_lines(rows: Sequence[ReplayResult], *, with_words: bool) -> list[TicketLine]:
    """Return tickets of one run (three queries)."""
    articles = _titles(rows)
    words = _Words([row.ticket_id for row in rows], with_words)
    found = []
    for row in rows:
        text, url, at = words.of(row.ticket_id)
        tag, tone = _tag(row)
        found.append(TicketLine(text, url, at, _side(row, articles), _truth(row), tag, tone))
    return found


def flip_lines(flips: Sequence[Flip], *, with_words: bool) -> list[TicketLine]:
    """Return flips between two runs (three queries)."""
    articles = _titles([row for flip in flips for row in (flip.before, flip.after)])
    words = _Words([flip.ticket_id for flip in flips], with_words)
    tags = {True: ("better", "good"), False: ("worse", "bad"), None: ("", "")}
    found = []
    for flip in flips:
        text, url, at = words.of(flip.ticket_id)
        tag, tone = tags[flip.better]
        before, after = _side(flip.before, articles), _side(flip.after, articles)
        found.append(TicketLine(text, url, at, before, _truth(flip.after), tag, tone, after))
    return found


class _Words:
    """How tickets began, for those who may read them."""

    def __init__(self, ticket_ids: Sequence[int], with_words: bool) -> None:
        self._with_words = with_words
        found = ticket_histories(ticket_ids) if with_words else iter(())
        self._tickets = {ticket.ticket_id: ticket for ticket in found}

    def of(self, ticket_id: int) -> tuple[str, str, str]:
        """Return text, address and day."""
        ticket = self._tickets.get(ticket_id)
        if ticket is None:
            return (GONE if self._with_words else HIDDEN), "", ""
        url = reverse("admin:tickets_ticket_change", args=(ticket_id,))
        return ticket.opening, url, f"{ticket.created_at:%Y-%m-%d}"


def _titles(rows: Sequence[Any]) -> dict[int, str]:
    wanted = {row.article_id for row in rows if row.article_id}
    return dict(Article.objects.filter(pk__in=wanted).values_list("pk", "slug"))


def _side(row: Any, articles: dict[int, str]) -> Side:
    parts = []
    if row.intent:
        sure = "not certain" if row.is_fallback else "certain"
        parts.append(f"{row.intent} ({100 * (row.confidence or 0):.0f} %, {sure})")
    if row.article_id:
        parts.append(f"cites {articles.get(row.article_id, 'an article that is gone')}")
    if row.actions:
        parts.append(f"would do {', '.join(row.actions)}")
    if row.failed_step:
        parts.append(f"the step “{row.failed_step}” failed")
    parts.append(row.reason.replace("_", " "))
    return Side(row.decision.replace("_", " "), row.decision, " · ".join(parts))


def _truth(row: Any) -> str:
    known = {None: NOT_KNOWN, True: "people escalated it", False: "people did not escalate it"}[row.needed]
    category = f"; its category means {', '.join(row.expected)}" if row.expected else ""
    return f"{known}{category}"


def _tag(row: ReplayResult) -> tuple[str, str]:
    if row.seen:
        return "seen in training", "warn"
    verdicts = [found for found in (intent_is_right(row), agrees_with_people(row)) if found is not None]
    if not verdicts:
        return "", ""
    return ("agrees", "good") if all(verdicts) else ("differs", "bad")


def _interval(share: Any) -> str:
    return f"{100 * share.low:.0f}–{100 * share.high:.0f} %" if share.whole else "–"
