"""Comments on single lines of a text under review: written, resolved, and found again in the next text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from core import activity
from core.actors import Actor
from core.errors import Conflict, InvalidInput, NotAllowed
from kb.models import TITLE_LINE, Article, LineComment, Revision
from kb.services import person

MAX_LENGTH = 2_000
MAX_PER_ARTICLE = 200  # open ones
MAX_LINE_TEXT = 500


@dataclass(frozen=True, slots=True)
class Placed:
    """A comment and the line of the present text that it is about; None where that line is gone."""

    comment: LineComment
    line: int | None


def comment_add(*, actor: Actor, revision: Revision, line: int, text: str) -> LineComment:
    """Say something of one line: as a reviewer, or as somebody who writes articles and answers."""
    author = _participant(actor)
    text = text.strip()
    if not text or len(text) > MAX_LENGTH or "\x00" in text:
        raise InvalidInput(f"Write a comment of at most {MAX_LENGTH} characters.", code="bad_comment")
    lines = lines_of(revision)
    if not 0 <= line < len(lines):
        raise InvalidInput(f"The text has lines 1 to {len(lines) - 1}; 0 is the title.", code="no_such_line")
    with transaction.atomic():
        article = Article.objects.select_for_update().get(pk=revision.article_id)
        if open_comments(article).count() >= MAX_PER_ARTICLE:
            raise Conflict("This article has too many open comments: resolve some first.", code="too_many")
        comment = LineComment.objects.create(
            revision=revision, line=line, line_text=lines[line][:MAX_LINE_TEXT], text=text, author_id=author
        )
        activity.record(actor, "revision.commented", revision, after={"line": line, "text": text[:200]})
    return comment


def comment_resolve(*, actor: Actor, comment: LineComment) -> None:
    """Say that the matter is settled; a second time is refused."""
    who = _participant(actor)
    with transaction.atomic():
        rows = LineComment.objects.filter(pk=comment.pk, resolved_at=None).update(
            resolved_by=who, resolved_at=timezone.now()
        )
        if not rows:
            raise Conflict("This comment is resolved already.", code="already_resolved")
        activity.record(actor, "revision.comment_resolved", comment.revision, after={"line": comment.line})


def open_comments(article: Article) -> QuerySet[LineComment]:
    """Return the unresolved comments on any text of the article, in order of time."""
    return LineComment.objects.filter(revision__article=article, resolved_at=None).order_by("pk")


def placed(comments: Iterable[LineComment], revision: Revision) -> list[Placed]:
    """Return the comments with the line of this revision that they are about.

    One on this revision stands at its line; one on an earlier text stands where that very line, and no other,
    is found again.
    """
    lines = lines_of(revision)
    return [Placed(comment, _line_now(comment, revision, lines)) for comment in comments]


def lines_of(revision: Revision) -> list[str]:
    """Return the lines of a text as comments count them: the title, then the body."""
    return [revision.title, *revision.body.split("\n")]


def _line_now(comment: LineComment, revision: Revision, lines: list[str]) -> int | None:
    if comment.revision_id == revision.pk or comment.line == TITLE_LINE:
        return comment.line
    if not comment.line_text.strip():
        return None
    same = [
        number for number, line in enumerate(lines) if number and line[:MAX_LINE_TEXT] == comment.line_text
    ]
    return same[0] if len(same) == 1 else None


def _participant(actor: Actor) -> int:
    try:
        return person(actor, "kb.review_revision")
    except NotAllowed:
        return person(actor, "kb.change_article")
