"""What turns and feedback tell the knowledge base. Reads rows of the runtime, calls kb's services; no more.

One turn is at most one signal: excluded by an article, handed over or asked back for want of an answer, or
nothing near enough was found while the intent was uncertain too. A wish for a person says nothing about
articles. Drafts of shadow mode tell of gaps as any turn does; what no pilot covers and what was replayed from
a ticket tells nothing (tickets tell their own). A thumb counts where the agent's own words were read.
"""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from core.actors import Actor
from core.jobs import Progress
from escalation.triggers import LOW_CONFIDENCE, NO_ANSWER, TRIGGERS
from kb import news
from kb.contracts import TurnNews, VoteNews
from runtime.models import Feedback, Turn

BATCH = 500
# On PostgreSQL a turn can be committed after one with a higher id; the watermark stays so far behind.
SETTLE_SECONDS = 60
VOTES_OVERLAP = timedelta(minutes=5)  # read again: a feedback is written by turn, so twice is once
REACHED_RANK, REACHED_SCORE = 3, 0.3  # a hit below is noise, as kb.ranking says


def turns_collect(*, actor: Actor, progress: Progress | None = None) -> dict[str, int]:
    """Tell the knowledge base of every turn since the last time, batch by batch. Idempotent by watermark."""
    found = {"turns": 0, "signals": 0}
    while True:
        after, _ = news.position_of(news.TURNS)
        turns = _turns_after(after)
        if not turns:
            return found
        new = news.turns_take(
            actor=actor,
            turns=[turn_news(turn) for turn in turns if _tells(turn)],
            after=after,
            up_to=turns[-1].pk,
        )
        if new is None:  # another reader has them
            return found
        found["turns"] += len(turns)
        found["signals"] += new
        if progress is not None:
            progress(found["turns"], found["turns"], "Reading turns")


def votes_collect(*, actor: Actor) -> dict[str, int]:
    """Tell the knowledge base of the thumbs that were given or changed since the last time."""
    _, since = news.position_of(news.VOTES)
    rows = Feedback.objects.on_served().select_related("turn").order_by("updated_at", "pk")
    if since is not None:
        rows = rows.filter(updated_at__gte=since - VOTES_OVERLAP)
    found = {"votes": 0, "thumbs_down": 0}
    batch: list[Feedback] = []
    for row in rows.iterator(chunk_size=BATCH):
        batch.append(row)
        if len(batch) == BATCH:
            _take_votes(actor, batch, found)
            batch = []
    if batch:
        _take_votes(actor, batch, found)
    return found


def turn_news(turn: Turn) -> TurnNews:
    """Return what one turn tells."""
    hits = _hits(turn)
    kind, source = _missing(turn, hits)
    cited = _cited(turn)
    shown = [*cited, *(hit["article_id"] for hit in hits[:1])]
    if turn.exclusion:
        shown.insert(0, turn.exclusion["article_id"])
    return TurnNews(
        day=turn.created_at.astimezone(UTC).date(),
        text=turn.text,
        retrieved=tuple(hit["article_id"] for hit in hits[:REACHED_RANK] if hit["score"] >= REACHED_SCORE),
        cited=cited,
        kind=kind,
        source=source,
        article_id=shown[0] if shown else None,
    )


def _tells(turn: Turn) -> bool:
    return turn.conversation.ticket_id is None and turn.decision != Turn.Decision.NOT_IN_PILOT


def _missing(turn: Turn, hits: list[dict[str, Any]]) -> tuple[str, str]:
    """Return kind and source of the signal that the turn is, if it is one."""
    if turn.decision == Turn.Decision.OUT_OF_SCOPE:
        return "out_of_scope", news.turn_source(turn.pk)
    if turn.reason == NO_ANSWER:
        if turn.decision == Turn.Decision.ESCALATE:
            handoff = getattr(turn, "handoff", None)
            return "handoff", f"handoff:{handoff.pk}" if handoff else news.turn_source(turn.pk)
        return "unanswered", news.turn_source(turn.pk)
    best = max((hit["score"] for hit in hits), default=0.0)
    searched = any(step["name"] == "search" and not step["error"] for step in turn.trace.steps)
    if turn.reason == LOW_CONFIDENCE and searched and best < TRIGGERS[NO_ANSWER].defaults["minimum_score"]:
        return "low_score", news.turn_source(turn.pk)
    return "", ""


def _hits(turn: Turn) -> list[dict[str, Any]]:
    for step in turn.trace.steps:
        if step["name"] == "search":
            return list(step["details"].get("hits", []))
    return []


def _cited(turn: Turn) -> tuple[int, ...]:
    return tuple(dict.fromkeys(citation["article_id"] for citation in turn.citations))


def _turns_after(after: int) -> list[Turn]:
    rows = Turn.objects.filter(pk__gt=after).select_related("trace", "handoff", "conversation").order_by("pk")
    if connection.vendor != "sqlite":
        rows = rows.filter(created_at__lt=timezone.now() - timedelta(seconds=SETTLE_SECONDS))
    return list(rows[:BATCH])


def _take_votes(actor: Actor, rows: list[Feedback], found: dict[str, int]) -> None:
    helpful = {Feedback.Rating.UP: True, Feedback.Rating.DOWN: False}
    votes = [
        VoteNews(
            turn_id=row.turn_id,
            day=row.turn.created_at.astimezone(UTC).date(),
            text=row.turn.text,
            helpful=helpful.get(Feedback.Rating(row.rating)) if row.rating else None,
            cited=_cited(row.turn),
        )
        for row in rows
    ]
    found["votes"] += len(votes)
    found["thumbs_down"] += news.votes_take(actor=actor, votes=votes, up_to=rows[-1].updated_at)
