"""Is an article ready for machines? The guide's three tests: clear question, audience, no contradictions.

Decides nothing about publication: kb.gate makes of these problems what the policy says.
"""

from __future__ import annotations

from dataclasses import dataclass

from kb.findings.services import conflicts_of
from kb.linting import lint_keep
from kb.models import Article, PairFinding, Revision, RevisionLint


@dataclass(frozen=True, slots=True)
class Readiness:
    """The three tests of one article."""

    asks_a_clear_question: bool
    has_an_audience: bool
    is_free_of_contradictions: bool

    @property
    def score(self) -> int:
        """How many of the three tests it passes."""
        return self.asks_a_clear_question + self.has_an_audience + self.is_free_of_contradictions


def contradicted_articles() -> frozenset[int]:
    """Return the articles that contradict another one, as far as nobody has said that it is no problem."""
    found = PairFinding.objects.open().filter(kind=PairFinding.Kind.CONTRADICTION)
    return frozenset(
        article for pairs in found.values_list("pairs", flat=True) for pair in pairs for article in pair
    )


def readiness_of(revision: Revision) -> Readiness:
    """Return the three tests for an article with this text."""
    article = revision.article
    kept = RevisionLint.objects.filter(revision=revision).first() or lint_keep(revision)
    return Readiness(
        asks_a_clear_question=kept.asks_a_clear_question,
        has_an_audience=article.for_everyone or article.audience_values.exists(),
        is_free_of_contradictions=article.pk not in contradicted_articles(),
    )


def problems(revision: Revision) -> list[str]:
    """Return in words what keeps the text from being ready: the three tests, and the linter's errors."""
    kept = lint_keep(revision)
    ready = readiness_of(revision)
    found = []
    if not ready.asks_a_clear_question:
        found.append("It does not answer a clear question: look at Q001 and Q002.")
    if not ready.has_an_audience:
        found.append("It has no audience.")
    found += [f"It contradicts another article: {words}" for words in conflicts_of(revision)]
    if kept.errors:
        found.append(f"The linter finds {kept.errors} error{'' if kept.errors == 1 else 's'} in it.")
    if any(finding["rule"] == "X001" for finding in kept.findings):
        found.append("It does not say what it does NOT cover.")
    return found


def ready_share() -> tuple[int, int]:
    """Return how many published articles pass all three tests, and how many there are."""
    published = Article.objects.published()
    ready = published.filter(published_revision__lint__asks_a_clear_question=True)
    return ready.exclude(pk__in=contradicted_articles()).count(), published.count()
