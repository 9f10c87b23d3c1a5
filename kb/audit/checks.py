"""The four checks over published articles, as plain values in and findings out. Pure but for the encoder.

Contradictions: sentences that say the same but for a number of the same unit, in articles that one reader can
see both of. First version: only numbers, no negation. Near-duplicates: articles most of whose text is the
same. Outdated: the review date has passed, nobody has touched it for a year, or the text names a day that is
over. Each check says how much it looked at, so that an empty list means something.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from difflib import SequenceMatcher

import numpy as np

from kb.claims.comparison import LIKENESS, difference
from kb.claims.extraction import Claim, article_claims

UNTOUCHED_DAYS = 365
SAME_TEXT = 0.8  # of the words, in the same order: a copy with 10 % edits is at about 0.9
CANDIDATE_COSINE = 0.75  # articles less alike than this are not compared letter by letter
SAME_TOPIC_COSINE = 0.42  # of two sentences with their articles' titles: "the link" is another one elsewhere
BLOCK = 500  # claims compared at once with all that follow
ANSWERED_SCORE = 0.38  # as for a live answer: see the trigger "no answer" in escalation
ANSWERED_SHARE = 0.5  # of a category's questions: below, it is a gap
PAST_DAY = re.compile(
    r"\b(?:until|till|by|before|through|ends? on|expires? on|valid to)\s+"
    r"(?P<day>\d{1,2}\s+(?:January|February|March|April|May|June|July|August|September|October|November|December)"
    r"\s+20\d\d|20\d\d-\d\d-\d\d)"
)


@dataclass(frozen=True, slots=True)
class AuditedArticle:
    """A published article as the checks see it. ``reaches`` tells whether it shares readers with another."""

    id: int
    title: str
    markdown: str
    published_at: datetime
    review_by: date | None
    facets: Mapping[str, frozenset[str]]  # kind → values; a kind that is missing: everyone


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to look at: the articles, what is wrong in a sentence, and the words that show it."""

    articles: tuple[int, ...]
    text: str
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Checked:
    """What one check found, and what it looked at, in words."""

    findings: tuple[Finding, ...]
    checked: str


@dataclass(frozen=True, slots=True)
class CategoryQuestions:
    """What customers ask of one category: some typical tickets, and how many there are."""

    name: str
    volume: int
    questions: tuple[str, ...]


def outdated(articles: Sequence[AuditedArticle], today: date) -> Checked:
    """Find articles that somebody should look at again."""
    found = []
    for article in articles:
        past = _past_day(article.markdown, today)
        if article.review_by is not None and article.review_by <= today:
            why = f"was to be reviewed by {article.review_by}"
        elif past:
            why = "names a day that is over"
        elif article.review_by is None and _age(article, today) > timedelta(days=UNTOUCHED_DAYS):
            why = f"has not been touched since {article.published_at:%Y-%m-%d}"
        else:
            continue
        found.append(Finding((article.id,), f"“{article.title}” {why}", (past,) if past else ()))
    return Checked(tuple(found), f"{len(articles)} published articles were checked")


def near_duplicates(
    articles: Sequence[AuditedArticle], encode: Callable[[Sequence[str]], np.ndarray]
) -> Checked:
    """Find pairs of articles most of whose text is the same."""
    vectors = encode([f"{article.title}. {article.markdown[:1_500]}" for article in articles])
    near = vectors @ vectors.T if len(articles) else np.zeros((0, 0))
    found, compared = [], 0
    for left, right in zip(*np.nonzero(np.triu(near >= CANDIDATE_COSINE, 1)), strict=True):
        first, second = articles[left], articles[right]
        compared += 1
        matcher = SequenceMatcher(None, first.markdown.split(), second.markdown.split(), autojunk=False)
        if matcher.real_quick_ratio() >= SAME_TEXT and matcher.ratio() >= SAME_TEXT:
            text = f"“{first.title}” and “{second.title}” are {100 * matcher.ratio():.0f} % the same text"
            found.append(Finding((first.id, second.id), text))
    pairs = len(articles) * (len(articles) - 1) // 2
    return Checked(tuple(found), f"{pairs:,} pairs of articles were checked, {compared} of them word by word")


def contradictions(
    articles: Sequence[AuditedArticle], encode: Callable[[Sequence[str]], np.ndarray]
) -> Checked:
    """Find pairs of sentences of two articles that cannot both hold, for readers who may see both."""
    claims = [(article, claim) for article in articles for claim in article_claims(article.markdown)]
    found, seen = [], set()
    for one, other, differs_in in _differences(claims, encode):
        (first, a), (second, b) = claims[one], claims[other]
        pair = frozenset((a.sentence, b.sentence))
        if pair in seen:
            continue
        seen.add(pair)
        about = encode([f"{first.title} {a.sentence}", f"{second.title} {b.sentence}"])
        if float(about[0] @ about[1]) >= SAME_TOPIC_COSINE:
            text = f"“{first.title}” and “{second.title}” differ in {differs_in}"
            found.append(Finding((first.id, second.id), text, (a.sentence, b.sentence)))
    return Checked(tuple(found), f"{len(claims)} statements in {len(articles)} articles were compared")


def _differences(
    claims: Sequence[tuple[AuditedArticle, Claim]], encode: Callable[[Sequence[str]], np.ndarray]
) -> Iterator[tuple[int, int, str]]:
    """Yield the pairs of claims of two articles that conflict, and in what; block by block."""
    if not claims:
        return
    vectors = encode([claim.subject for _, claim in claims])
    for start in range(0, len(claims), BLOCK):
        likeness = vectors[start : start + BLOCK] @ vectors[start:].T
        for row, column in zip(*np.nonzero(likeness >= LIKENESS), strict=True):
            one, other = start + row, start + column
            (first, a), (second, b) = claims[one], claims[other]
            if other <= one or first.id == second.id or not _share_readers(first, second):
                continue
            differs_in = difference(a, b, float(likeness[row, column]))
            if differs_in:
                yield one, other, differs_in


def gaps(categories: Sequence[CategoryQuestions], best_score: Callable[[str], tuple[float, str]]) -> Checked:
    """Find categories of tickets whose typical questions no article answers.

    ``best_score(question)`` returns the score and title of the best section found for it.
    """
    found = []
    for category in categories:
        scores = [best_score(question) for question in category.questions]
        answered = sum(score >= ANSWERED_SCORE for score, _ in scores)
        if not scores or answered >= ANSWERED_SHARE * len(scores):
            continue
        best = max(scores)
        text = (
            f"“{category.name}” ({category.volume:,} tickets): {answered} of {len(scores)} typical questions "
            f"are answered; the nearest article is “{best[1]}”"
        )
        worst = sorted(zip(scores, category.questions, strict=True))[:3]
        found.append(Finding((), text, tuple(question[:200] for _, question in worst)))
    asked = sum(len(category.questions) for category in categories)
    return Checked(
        tuple(found), f"{asked} questions of {len(categories)} ticket categories were searched for"
    )


def _share_readers(one: AuditedArticle, other: AuditedArticle) -> bool:
    """Whether somebody may read both: no facet that both limit has only different values."""
    return all(one.facets[kind] & other.facets[kind] for kind in one.facets.keys() & other.facets.keys())


def _past_day(markdown: str, today: date) -> str:
    """Return the first sentence that names a day as a limit that is over; empty if none does."""
    for match in PAST_DAY.finditer(markdown):
        text = match["day"]
        form = "%Y-%m-%d" if text[4] == "-" else "%d %B %Y"
        try:
            day = datetime.strptime(text, form).replace(tzinfo=UTC).date()
        except ValueError:
            continue
        if day < today:
            start, end = max(0, match.start() - 80), match.end() + 40
            return " ".join(markdown[start:end].split())
    return ""


def _age(article: AuditedArticle, today: date) -> timedelta:
    return today - article.published_at.date()
