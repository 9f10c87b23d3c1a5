"""Take in what conversations tell the knowledge base: how articles are used and liked, and what was missing.

Called from above with plain values. Each batch of turns is taken once: the watermark moves in the
transaction that keeps what was read, so a crash or a second reader never counts anything twice. Votes are
written by turn, so they may be read again. Decides nothing about what counts as missing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime

from django.db import transaction
from django.db.models import F

from core.actors import Actor
from kb.contracts import MissingAnswer, TurnNews, VoteNews
from kb.gaps.signals import signals_add, signals_forget, signals_prepare
from kb.indexing import encoder
from kb.models import Article, ArticleUsage, ArticleVote, GapSignal, Watermark

TURNS, VOTES = "turns", "votes"


def position_of(stream: str) -> tuple[int, datetime | None]:
    """Return how far a stream has been read: the last id and the last moment."""
    row = Watermark.objects.filter(pk=stream).values_list("position", "at").first()
    return row or (0, None)


def turns_take(*, actor: Actor, turns: Sequence[TurnNews], after: int, up_to: int) -> int | None:
    """Keep what the turns after id ``after`` up to ``up_to`` tell; return how many signals are new.

    None, and nothing is written, where another reader has taken them first.
    """
    model = encoder()
    missing = [
        MissingAnswer(news.kind, news.source, news.text, news.day, news.article_id)
        for news in turns
        if news.kind
    ]
    prepared = signals_prepare(missing, model)
    with transaction.atomic():
        if not _advance(TURNS, after, up_to):
            return None
        _count(turns)
        return signals_add(actor=actor, prepared=prepared, encoder=model.fingerprint)


def votes_take(*, actor: Actor, votes: Sequence[VoteNews], up_to: datetime) -> int:
    """Keep the latest word of each turn's customer; return how many thumbs down are new signals."""
    model = encoder()
    down = [
        MissingAnswer(
            GapSignal.Kind.THUMBS_DOWN, turn_source(vote.turn_id), vote.text, vote.day, _first(vote.cited)
        )
        for vote in votes
        if vote.helpful is False
    ]
    prepared = signals_prepare(down, model)
    with transaction.atomic():
        mark, _ = Watermark.objects.select_for_update().get_or_create(stream=VOTES)
        known = _existing({pk for vote in votes for pk in vote.cited})
        for vote in votes:
            _vote(vote, known)
        up = [turn_source(vote.turn_id) for vote in votes if vote.helpful is not False]
        signals_forget(kind=GapSignal.Kind.THUMBS_DOWN, sources=up)
        mark.at = max(mark.at, up_to) if mark.at else up_to
        mark.save(update_fields=["at"])
        return signals_add(actor=actor, prepared=prepared, encoder=model.fingerprint)


def turn_source(turn_id: int) -> str:
    """Return the name of a turn as the source of a signal."""
    return f"turn:{turn_id}"


def _advance(stream: str, after: int, up_to: int) -> bool:
    """Move the watermark by compare-and-set."""
    Watermark.objects.get_or_create(stream=stream)
    return bool(Watermark.objects.filter(pk=stream, position=after).update(position=up_to))


def _count(turns: Sequence[TurnNews]) -> None:
    retrieved: Counter[tuple[int, date]] = Counter()
    cited: Counter[tuple[int, date]] = Counter()
    for news in turns:
        retrieved.update((pk, news.day) for pk in set(news.retrieved))
        cited.update((pk, news.day) for pk in set(news.cited))
    known = _existing({pk for pk, _ in [*retrieved, *cited]})
    for article_id, day in sorted({*retrieved, *cited}):
        if article_id not in known:
            continue
        ArticleUsage.objects.get_or_create(article_id=article_id, day=day)
        ArticleUsage.objects.filter(article_id=article_id, day=day).update(
            retrieved=F("retrieved") + retrieved[article_id, day], cited=F("cited") + cited[article_id, day]
        )


def _vote(vote: VoteNews, known: set[int]) -> None:
    if vote.helpful is None:
        ArticleVote.objects.filter(turn_id=vote.turn_id).delete()
        return
    for article_id in known.intersection(vote.cited):
        ArticleVote.objects.update_or_create(
            article_id=article_id,
            turn_id=vote.turn_id,
            defaults={"helpful": vote.helpful, "day": vote.day},
        )


def _existing(article_ids: set[int]) -> set[int]:
    return set(Article.objects.filter(pk__in=article_ids).values_list("pk", flat=True))


def _first(article_ids: Sequence[int]) -> int | None:
    return article_ids[0] if article_ids else None
