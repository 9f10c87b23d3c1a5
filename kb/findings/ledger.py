"""The claim ledger: statements of published texts as rows, each with its subject's vector; read whole.

Written per article when its text, the extraction's rules or the encoder have changed. A process keeps the
whole ledger between comparisons, for as long as no row has changed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import Count, Max

from kb.claims.comparison import Encode
from kb.claims.extraction import Claim, article_claims
from kb.claims.quantities import Quantity
from kb.embedding import pack, unpack
from kb.findings.pairs import Statement
from kb.findings.published import PublishedText
from kb.models import ArticleClaim, ComparedArticle
from kb.ranking import to_lattice

EXTRACTION_VERSION = 1  # raise it when kb.claims.extraction finds other claims: all texts are read anew then
MAX_CLAIMS = 1_000  # of one article; what a hostile one says beyond that is not compared
READ_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class Ledger:
    """All claims by article id, with the vectors (n, d) of their subjects, float16."""

    articles: tuple[int, ...]
    claims: tuple[Claim, ...]
    vectors: np.ndarray

    def statements(self, texts: Mapping[int, PublishedText]) -> tuple[list[Statement], np.ndarray]:
        """Return the claims of these articles with their vectors; claims of other articles are left out."""
        rows = [row for row, article in enumerate(self.articles) if article in texts]
        return [Statement(texts[self.articles[row]], self.claims[row]) for row in rows], self.vectors[rows]


_kept: tuple[tuple[int, datetime | None, int], Ledger] | None = None


def rules_of(encoder_fingerprint: str) -> str:
    """Return what a ledger depends on besides the texts."""
    return f"{EXTRACTION_VERSION} {encoder_fingerprint}"


def claims_write(text: PublishedText, encode: Encode) -> int:
    """Write the claims of one text in place of the article's former ones; return how many. Idempotent."""
    claims = article_claims(text.markdown)[:MAX_CLAIMS]
    vectors = to_lattice(encode([claim.subject for claim in claims])) if claims else np.zeros((0, 1))
    with transaction.atomic():
        ArticleClaim.objects.filter(article_id=text.id).delete()
        ArticleClaim.objects.bulk_create(
            (
                _row(text, ordinal, claim, vector)
                for ordinal, (claim, vector) in enumerate(zip(claims, vectors, strict=True))
            ),
            batch_size=500,
        )
    return len(claims)


def ledger_forget(article_ids: Collection[int]) -> None:
    """Delete what articles stated that are not published any more."""
    ArticleClaim.objects.filter(article_id__in=article_ids).delete()


def ledger_load(dimension: int) -> Ledger:
    """Return the whole ledger, as of now."""
    global _kept
    compared = ComparedArticle.objects.aggregate(rows=Count("pk"), newest=Max("compared_at"))
    version = (compared["rows"], compared["newest"], dimension)
    if _kept is None or _kept[0] != version:
        _kept = (version, _read(dimension))
    return _kept[1]


def _read(dimension: int) -> Ledger:
    articles, claims, vectors = [], [], []
    rows = ArticleClaim.objects.order_by("article_id", "ordinal")
    for article_id, details, vector in rows.values_list("article_id", "details", "vector").iterator(
        chunk_size=READ_AT_ONCE
    ):
        articles.append(article_id)
        claims.append(claim_of(details))
        vectors.append(unpack(bytes(vector), dimension)[0])
    matrix = np.array(vectors, dtype=np.float16).reshape(len(vectors), dimension)
    return Ledger(tuple(articles), tuple(claims), matrix)


def _row(text: PublishedText, ordinal: int, claim: Claim, vector: np.ndarray) -> ArticleClaim:
    values = [*(figure.text for figure in claim.figures), *([claim.path] if claim.path else [])]
    return ArticleClaim(
        article_id=text.id,
        revision_id=text.revision_id,
        ordinal=ordinal,
        sentence=claim.sentence,
        subject=claim.subject,
        values=_listed(values, 300),
        dimensions=_listed(sorted({figure.dimension for figure in claim.figures}), 200),
        plans=_listed(sorted(claim.plans), 200),
        is_denied=claim.is_denied,
        details=details_of(claim),
        vector=pack(vector.astype(np.float16)),
    )


def details_of(claim: Claim) -> dict[str, Any]:
    """Return a claim as JSON keeps it."""
    fields = asdict(claim)
    for name in ("words", "opposites", "plans"):
        fields[name] = sorted(fields[name])
    fields["scopes"] = [sorted(scope) for scope in claim.scopes]
    return fields


def claim_of(details: Mapping[str, Any]) -> Claim:
    """Return the claim that ``details_of`` wrote."""
    return Claim(
        **{
            **details,
            **{name: frozenset(details[name]) for name in ("words", "opposites", "plans")},
            "scopes": tuple(frozenset(scope) for scope in details["scopes"]),
            "figures": tuple(Quantity(**figure) for figure in details["figures"]),
        }
    )


def _listed(values: Iterable[str], length: int) -> str:
    return "; ".join(dict.fromkeys(value for value in values if value))[:length]
