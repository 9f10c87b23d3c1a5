"""Bring the claim ledger and the findings up to date with what is published; compare a text before it is.

The job does whatever is not done yet: articles whose text or readers have changed are compared with all
others, those that are gone are forgotten. A second run finds nothing to do. Encoding happens outside any
transaction.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from core import jobs
from core.models import Job
from kb.claims.extraction import article_claims
from kb.findings.ledger import claims_write, ledger_forget, ledger_load, rules_of
from kb.findings.pairs import Pair, Statement, contradictions, near_duplicates
from kb.findings.published import PublishedText, facets_of, published_texts
from kb.indexing import encoder
from kb.models import ArticleClaim, ComparedArticle, PairFinding, Revision
from kb.ranking import to_lattice

TASK = "kb.tasks.compare"
KEPT_PAIRS = 50  # of articles per finding: a sentence in a footer contradicts one of every article


@dataclass(frozen=True, slots=True)
class Compared:
    """What a comparison did and what there is now."""

    articles: int
    statements: int
    changed: int
    found: int
    gone: int


def compare_queue(requested_by: str) -> Job:
    """Queue a comparison; one that is queued already does for all that changes until it starts."""
    return jobs.enqueue(TASK, dedupe_key=TASK, requested_by=requested_by)


def compare(*, progress: jobs.Progress | None = None) -> Compared:
    """Compare what has changed since the last time with everything that is published. Idempotent."""
    say = progress or (lambda done, total, message: None)
    model = encoder()
    rules = rules_of(model.fingerprint)
    texts = {text.id: text for text in published_texts()}
    held = {row.pk: row for row in ComparedArticle.objects.all()}
    stale = _stale_claims()
    changed = [
        text
        for text in texts.values()
        if text.id in stale or not _is_compared(held.get(text.id), text, rules)
    ]
    vanished = (held.keys() | _named_articles()) - texts.keys()
    for done, text in enumerate(changed):
        before = held.get(text.id)
        if (
            before is None
            or text.id in stale
            or (before.revision_id, before.rules) != (text.revision_id, rules)
        ):
            say(done, len(changed), "Reading what articles state")
            claims_write(text, model.encode)
    touched = frozenset(text.id for text in changed) | vanished
    found, gone = 0, 0
    if touched:
        say(len(changed), len(changed), "Comparing")
        ledger_forget(vanished)
        with transaction.atomic():  # the version by which processes know their ledger
            _remember(changed, vanished, rules)
        ledger = ledger_load(model.dimension)
        statements, vectors = ledger.statements(texts)
        ids = frozenset(text.id for text in changed)
        pairs = [
            *contradictions(statements, vectors, model.encode, ids),
            *near_duplicates(list(texts.values()), ids),
        ]
        with transaction.atomic():
            found, gone = _keep(pairs, touched)
            compared = ComparedArticle.objects.filter(pk__in=ids)
            compared.filter(revision__in=[text.revision_id for text in changed]).update(is_done=True)
    return Compared(len(texts), ArticleClaim.objects.count(), len(changed), found, gone)


def draft_conflicts(revision: Revision) -> list[Pair]:
    """Return what a text that is not published contradicts in the articles that are, own article apart."""
    model = encoder()
    article = revision.article
    draft = PublishedText(
        id=article.pk,
        title=revision.title,
        markdown=revision.body,
        published_at=revision.created_at,
        facets=facets_of(article),
        revision_id=revision.pk,
    )
    others = {text.id: text for text in published_texts() if text.id != article.pk}
    statements, vectors = ledger_load(model.dimension).statements(others)
    own = [Statement(draft, claim) for claim in article_claims(draft.markdown)]
    if not own or not statements:
        return []
    subjects = to_lattice(model.encode([statement.claim.subject for statement in own]))
    both = np.concatenate([subjects.astype(np.float16), vectors])
    return contradictions([*own, *statements], both, model.encode, {article.pk})


def _named_articles() -> frozenset[int]:
    """Return the articles that findings speak of, one that has gone since the ledger was written too."""
    pairs = PairFinding.objects.present().values_list("pairs", flat=True)
    return frozenset(article for named in pairs for pair in named for article in pair)


def _stale_claims() -> frozenset[int]:
    """Return the articles whose claims are of another text than is noted: two comparisons ran at once."""
    stale = ArticleClaim.objects.exclude(revision=F("article__compared__revision"))
    return frozenset(stale.order_by().values_list("article_id", flat=True).distinct())


def _is_compared(row: ComparedArticle | None, text: PublishedText, rules: str) -> bool:
    return (
        row is not None and row.is_done and _state(text, rules) == (row.revision_id, row.rules, row.readers)
    )


def _state(text: PublishedText, rules: str) -> tuple[int, str, str]:
    readers = json.dumps({kind: sorted(values) for kind, values in text.facets.items()}, sort_keys=True)
    return text.revision_id, rules, hashlib.sha256(readers.encode()).hexdigest()


def _remember(changed: Sequence[PublishedText], vanished: Collection[int], rules: str) -> None:
    """Write which texts the ledger holds; that they are compared is noted with what was found."""
    ComparedArticle.objects.filter(pk__in=vanished).delete()
    rows = []
    for text in changed:
        revision_id, _, readers = _state(text, rules)
        rows.append(
            ComparedArticle(article_id=text.id, revision_id=revision_id, rules=rules, readers=readers)
        )
    ComparedArticle.objects.bulk_create(
        rows,
        batch_size=500,
        update_conflicts=True,
        unique_fields=["article"],
        update_fields=["revision", "rules", "readers", "is_done", "compared_at"],
    )


def _keep(pairs: Iterable[Pair], touched: Collection[int]) -> tuple[int, int]:
    """Write what was found of the touched articles, drop what is not there any more; return new and gone."""
    now = timezone.now()
    present = PairFinding.objects.present().select_for_update()
    known = {row.key: row for row in present}
    before = {row.key: list(row.pairs) for row in known.values()}
    for row in known.values():
        row.pairs = [pair for pair in row.pairs if not touched & set(pair)]  # type: ignore[operator]
    found = 0
    for pair in pairs:
        if pair.key not in known:
            known[pair.key] = _find(pair)
            found += before.setdefault(pair.key, []) == []
        row = known[pair.key]
        articles = list(pair.articles)
        if pair.sentences[0] != row.first_sentence:
            articles.reverse()
        if articles not in row.pairs and len(row.pairs) < KEPT_PAIRS:
            row.pairs.append(articles)
            row.text = pair.text if len(row.pairs) == 1 else row.text
    gone = 0
    for key, row in known.items():
        if row.pairs == before[key]:
            continue
        if row.pairs:
            row.first_id, row.second_id = row.pairs[0]
            row.gone_at = None
        else:
            row.gone_at = now
            gone += 1
        row.save(update_fields=["pairs", "text", "first_id", "second_id", "gone_at"])
    return found, gone


def _find(pair: Pair) -> PairFinding:
    """Return the finding for these words; one that was there before comes back with its verdict."""
    known = PairFinding.objects.filter(key=pair.key).first()
    if known is not None:
        known.pairs = []
        return known
    first, second = pair.articles
    return PairFinding.objects.create(
        kind=pair.kind,
        key=pair.key,
        first_id=first,
        second_id=second,
        text=pair.text[:600],
        first_sentence=pair.sentences[0],
        second_sentence=pair.sentences[1],
        differs_in=pair.differs_in[:40],
        share=pair.share,
    )
