"""Take in signals: mask them, put each to its gap or begin one, count, open again what was closed too soon.

A source counts once a kind, so reading the same news twice changes nothing. Encoding happens outside any
transaction. Decides nothing about where signals come from.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from django.db.models import Count, Max

from core import activity
from core.actors import Actor
from kb.contracts import MissingAnswer
from kb.embedding import Encoder, pack, unpack
from kb.gaps import workflow
from kb.gaps.clustering import SAME_GAP_COSINE, Centroids, mean_of, most_typical
from kb.gate import policy
from kb.models import SIGNAL_LENGTH, TITLE_LENGTH, Article, Gap, GapChange, GapSignal
from nlp.bm25 import tokenize
from nlp.redaction import redact

MAX_GAPS = 20_000  # compared with each new signal; the most frequent ones
MEAN_OF_SIGNALS = 1_000  # more of them move the mean no further than signal by signal
FEWEST_WORDS = 2  # "yes please" and "hello?" ask for nothing that could be written down
LOOKED_UP = 500  # sources a query


@dataclass(frozen=True, slots=True)
class Prepared:
    """A signal ready to be stored: masked text and vector (d,) float32."""

    news: MissingAnswer
    text: str
    vector: np.ndarray


def signals_prepare(news: Iterable[MissingAnswer], encoder: Encoder) -> list[Prepared]:
    """Mask, bound and encode the signals that are new and have words to search for."""
    fresh = _unknown(news)
    texts = [_masked(item.text) for item in fresh]
    kept = [
        (item, text) for item, text in zip(fresh, texts, strict=True) if len(tokenize(text)) >= FEWEST_WORDS
    ]
    vectors = encoder.encode([text for _, text in kept])
    return [Prepared(item, text, vector) for (item, text), vector in zip(kept, vectors, strict=True)]


def signals_add(*, actor: Actor, prepared: Sequence[Prepared], encoder: str) -> int:
    """Put the signals to their gaps; call in a transaction. Return how many were new."""
    known = _keys(item.news for item in prepared)
    fresh = [item for item in prepared if (item.news.kind, item.news.source) not in known]
    if not fresh:
        return 0
    centroids = _centroids(encoder, len(fresh[0].vector))
    touched: set[int] = set()
    shown = {item.news.article_id for item in fresh if item.news.article_id is not None}
    articles = set(Article.objects.filter(pk__in=shown).values_list("pk", flat=True))
    for item in fresh:
        near = centroids.nearest(item.vector)
        if near is not None and near[1] >= SAME_GAP_COSINE:
            gap_id = near[0]
        else:
            gap_id = Gap.objects.create(
                title=title_of(item.text),
                centroid=pack(item.vector),
                encoder=encoder,
                last_seen=item.news.day,
            ).pk
        mean = centroids.add(gap_id, item.vector)
        _store(item, gap_id, mean, encoder, articles)
        touched.add(gap_id)
    for gap in Gap.objects.filter(pk__in=touched):
        gap_recount(gap)
        _open_again(actor, gap)
    return len(fresh)


def signals_forget(*, kind: str, sources: Sequence[str]) -> int:
    """Take signals back whose source says otherwise by now; call in a transaction."""
    gone = GapSignal.objects.filter(kind=kind, source__in=sources)
    gap_ids = set(gone.values_list("gap_id", flat=True))
    count = gone.delete()[0]
    for gap in Gap.objects.filter(pk__in=gap_ids):
        gap_recount(gap)
    return count


def gap_recount(gap: Gap) -> None:
    """Write count, last day and title anew from the signals, and the mean if they are not too many.

    A gap without any signal keeps its words.
    """
    facts = gap.signals.aggregate(count=Count("pk"), last=Max("day"))
    gap.count = facts["count"]
    if gap.count:
        rows = list(gap.signals.order_by("-pk").values_list("text", "vector")[:MEAN_OF_SIGNALS])
        vectors = np.stack([np.frombuffer(bytes(vector), "<f2") for _, vector in rows]).astype(np.float32)
        gap.last_seen = facts["last"]
        if gap.count <= MEAN_OF_SIGNALS:
            gap.centroid = pack(mean_of(vectors))
        if gap.state == workflow.OPEN:
            gap.title = title_of(rows[most_typical(vectors)][0])
    gap.save(update_fields=["count", "last_seen", "centroid", "title", "updated_at"])


def title_of(text: str) -> str:
    """Return a text as one line that fits a title."""
    line = " ".join(text.split())
    return line if len(line) <= TITLE_LENGTH else f"{line[: TITLE_LENGTH - 1]}…"


def vectors_renew(encoder: Encoder, name: str, batch: int = 500) -> int:
    """Encode signals anew that another encoder has seen, and their gaps' means; return how many."""
    done = 0
    while rows := list(GapSignal.objects.exclude(encoder=name).order_by("pk")[:batch]):
        for row, vector in zip(rows, encoder.encode([row.text for row in rows]), strict=True):
            row.vector, row.encoder = pack(vector), name
        GapSignal.objects.bulk_update(rows, ["vector", "encoder"])
        done += len(rows)
    for gap in Gap.objects.exclude(encoder=name):
        gap.encoder = name
        gap.save(update_fields=["encoder"])
        gap_recount(gap)
    return done


def _store(item: Prepared, gap_id: int, mean: np.ndarray, encoder: str, articles: set[int]) -> None:
    GapSignal.objects.create(
        gap_id=gap_id,
        kind=item.news.kind,
        source=item.news.source,
        text=item.text,
        day=item.news.day,
        article_id=item.news.article_id if item.news.article_id in articles else None,
        vector=pack(item.vector),
        encoder=encoder,
    )
    gap = Gap.objects.get(pk=gap_id)
    gap.centroid = pack(mean)
    gap.since_closed += gap.state in workflow.CLOSED
    gap.save(update_fields=["centroid", "since_closed"])


def _open_again(actor: Actor, gap: Gap) -> None:
    """Open a closed gap that customers keep asking about."""
    if gap.state not in workflow.CLOSED or gap.since_closed < policy().reopen_after_signals:
        return
    was = "dismissed" if gap.state == workflow.DISMISSED else "resolved"
    why = f" (“{gap.note}”)" if gap.note and gap.state == workflow.DISMISSED else ""
    note = f"Opened again: {gap.since_closed} new signals since it was {was}{why}."[:500]
    before = {"state": gap.state, "note": gap.note, "since_closed": gap.since_closed}
    gap.state, gap.note, gap.since_closed = workflow.OPEN, note, 0
    gap.save(update_fields=["state", "note", "since_closed", "updated_at"])
    GapChange.objects.create(
        gap=gap, kind=GapChange.Kind.REOPEN, summary=note, before=before, made_by=actor.label[:150]
    )
    activity.record(actor, "gap.reopened", gap, before=before, after={"state": gap.state, "note": note})


def _centroids(encoder: str, dimension: int) -> Centroids:
    rows = list(
        Gap.objects.apart()
        .filter(encoder=encoder, count__gt=0)
        .order_by("-count", "pk")
        .values_list("pk", "centroid", "count")[:MAX_GAPS]
    )
    means = [unpack(bytes(mean), dimension)[0] for _, mean, _ in rows]
    return Centroids(
        [pk for pk, _, _ in rows],
        np.stack(means).astype(np.float32) if means else np.zeros((0, dimension), np.float32),
        [count for _, _, count in rows],
    )


def _unknown(news: Iterable[MissingAnswer]) -> list[MissingAnswer]:
    unique = {(item.kind, item.source): item for item in news}
    known = _keys(unique.values())
    return [item for key, item in unique.items() if key not in known]


def _keys(news: Iterable[MissingAnswer]) -> set[tuple[str, str]]:
    sources = sorted({item.source for item in news})
    found: set[tuple[str, str]] = set()
    for start in range(0, len(sources), LOOKED_UP):
        rows = GapSignal.objects.filter(source__in=sources[start : start + LOOKED_UP])
        found.update(rows.values_list("kind", "source"))
    return found


def _masked(text: str) -> str:
    masked = redact(" ".join(text.replace("\x00", "").split())).text
    return masked if len(masked) <= SIGNAL_LENGTH else masked[:SIGNAL_LENGTH]
