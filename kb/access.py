"""Who may read an article: the rule, as a pure predicate.

``ArticleQuerySet.visible_to`` is the same rule in SQL; a property test holds the two equal. Says nothing
about state: whether an article is published is another question.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kb.contracts import Audience

USER_TYPE = "user_type"
PRODUCT_AREA = "product_area"
TIER = "tier"
KINDS = (USER_TYPE, PRODUCT_AREA, TIER)


@dataclass(frozen=True, slots=True)
class Facets:
    """Whom an article is for: everyone, or those who match one value of every kind that it names."""

    for_everyone: bool
    values: frozenset[tuple[str, str]]  # (kind, value)


def facets(for_everyone: bool, values: Iterable[tuple[str, str]]) -> Facets:
    """Return the facets of an article from its (kind, value) pairs."""
    return Facets(for_everyone, frozenset(values))


def is_visible(article: Facets, audience: Audience) -> bool:
    """Tell whether ``audience`` may read the article; what is unknown of the reader counts against them."""
    if article.for_everyone:
        return True
    named = {kind for kind, _ in article.values}
    met = {kind for kind, value in claims(audience) if (kind, value) in article.values}
    return bool(named) and named == met


def claims(audience: Audience) -> list[tuple[str, str]]:
    """Return the (kind, value) pairs that are known of a reader."""
    pairs = [(kind, getattr(audience, kind)) for kind in KINDS]
    return [(kind, value) for kind, value in pairs if value]
