"""Two checks over published articles, as plain values in and findings out. Pure.

Outdated: the review date has passed, nobody has touched it for a year, or the text names a day that is over.
Gaps: ticket categories whose typical questions nothing answers. Each check says how much it looked at: an
empty list means something. What is wrong between two articles is kb.findings' business.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from kb.findings.published import PublishedText

UNTOUCHED_DAYS = 365
ANSWERED_SCORE = 0.38  # as for a live answer: see the trigger "no answer" in escalation
ANSWERED_SHARE = 0.5  # of a category's questions: below, it is a gap
PAST_DAY = re.compile(
    r"\b(?:until|till|by|before|through|ends? on|expires? on|valid to)\s+"
    r"(?P<day>\d{1,2}\s+(?:January|February|March|April|May|June|July|August|September|October|November|December)"
    r"\s+20\d\d|20\d\d-\d\d-\d\d)"
)


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


def outdated(articles: Sequence[PublishedText], today: date) -> Checked:
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


def _age(article: PublishedText, today: date) -> timedelta:
    return today - article.published_at.date()
