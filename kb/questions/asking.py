"""Ask an index a question as the readers that an article is meant for; see at which rank the article comes.

Pure but for the snapshot and the encoder in it. Decides nothing about what rank is good enough.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import islice, product

from kb import access
from kb.contracts import Audience
from kb.models import Article
from kb.snapshot import IndexSnapshot

WITHIN = 3  # recall@3
LOOKED_AT = 10  # ranks that are told apart
MAX_AUDIENCES = 6


@dataclass(frozen=True, slots=True)
class Asked:
    """How a question went: the article's rank from 1, None below LOOKED_AT; what came first instead."""

    text: str
    rank: int | None
    first: str

    @property
    def found(self) -> bool:
        """Whether the article is among the first three."""
        return self.rank is not None and self.rank <= WITHIN


def audiences_of(article: Article) -> list[Audience]:
    """Return the readers that the article is meant for: every combination of its values, at most six.

    For everyone: a reader of whom nothing is known.
    """
    if article.for_everyone:
        return [Audience()]
    values: dict[str, list[str]] = {kind: [] for kind in access.KINDS}
    for value in article.audience_values.all():
        values[value.kind].append(value.value)
    named = {kind: sorted(found) for kind, found in values.items() if found}
    combinations = islice(product(*named.values()), MAX_AUDIENCES)
    return [Audience(**dict(zip(named, combination, strict=True))) for combination in combinations]


def ask(
    snapshot: IndexSnapshot[int], article_id: int, readable: Sequence[Collection[int]], texts: Sequence[str]
) -> list[Asked]:
    """Ask each text as each kind of reader; the worst rank counts. ``readable`` are their articles' ids."""
    return [_worst([_asked(snapshot, article_id, ids, text) for ids in readable], text) for text in texts]


def _asked(snapshot: IndexSnapshot[int], article_id: int, ids: Collection[int], text: str) -> Asked:
    allowed = {*ids, article_id}
    hits = snapshot.search(text, allowed_articles=allowed, limit=LOOKED_AT).hits
    rank = next((place for place, hit in enumerate(hits, 1) if hit.article_id == article_id), None)
    return Asked(text, rank, hits[0].title if hits else "")


def _worst(asked: Sequence[Asked], text: str) -> Asked:
    if not asked:
        return Asked(text, None, "")
    return max(asked, key=lambda one: one.rank or LOOKED_AT + 1)
