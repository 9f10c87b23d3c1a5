"""When an article is to be looked at again, and who last said that it is still correct.

Two things start the clock anew: a publication, and a person who presses “still correct”. Being found, cited
or filed elsewhere never does. Decides nothing about what readers see: a stale article stays published.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from core import activity
from core.actors import Actor
from core.errors import Conflict, InvalidInput
from kb.gate import policy
from kb.models import Article
from kb.services import person

MAX_YEARS = 10


def due_on(
    review_by: date | None, published_at: datetime | None, checked_at: datetime | None, every_days: int
) -> date | None:
    """Return the day from which an article is stale; None where nothing was ever published."""
    if review_by is not None:
        return review_by
    seen = [moment for moment in (published_at, checked_at) if moment is not None]
    return max(seen).date() + timedelta(days=every_days) if seen else None


def clock_at_publication(article: Article, today: date) -> dict[str, Any]:
    """Return what a publication writes: the policy's day, unless a person named one that is still to come."""
    named = article.review_by is not None and not article.review_by_is_default
    if named and article.review_by is not None and article.review_by > today:
        return {}
    return {
        "review_by": today + timedelta(days=policy().review_every_days),
        "review_by_is_default": True,
    }


def article_still_correct(*, actor: Actor, article: Article, review_by: date | None = None) -> None:
    """Say that somebody has checked the live text; the next check is due on ``review_by``, else by policy."""
    person(actor, "kb.change_article")
    today = timezone.localdate()
    if review_by is not None:
        _refuse_bad_day(review_by, today)
    with transaction.atomic():
        locked = Article.objects.select_for_update().get(pk=article.pk)
        if not locked.is_live:
            raise Conflict("Only a published article can be still correct.", code="not_published")
        before = {"review_by": str(locked.review_by), "checked_at": _moment(locked.checked_at)}
        locked.review_by = review_by or today + timedelta(days=policy().review_every_days)
        locked.review_by_is_default = review_by is None
        locked.checked_at, locked.checked_by = timezone.now(), actor.label[:150]
        locked.save(update_fields=["review_by", "review_by_is_default", "checked_at", "checked_by"])
        after = {"review_by": str(locked.review_by), "checked_at": _moment(locked.checked_at)}
        activity.record(actor, "article.still_correct", locked, before=before, after=after)
    for name in ("review_by", "review_by_is_default", "checked_at", "checked_by"):
        setattr(article, name, getattr(locked, name))


def article_set_review_date(*, actor: Actor, article: Article, review_by: date) -> None:
    """Name the day of the next check. Says nothing about the text: the last check stays when it was."""
    person(actor, "kb.change_article")
    _refuse_bad_day(review_by, timezone.localdate())
    with transaction.atomic():
        locked = Article.objects.select_for_update().get(pk=article.pk)
        before = {"review_by": str(locked.review_by)}
        locked.review_by, locked.review_by_is_default = review_by, False
        locked.save(update_fields=["review_by", "review_by_is_default"])
        activity.record(
            actor, "article.review_date_set", locked, before=before, after={"review_by": str(review_by)}
        )
    article.review_by, article.review_by_is_default = review_by, False


def _refuse_bad_day(day: date, today: date) -> None:
    if not today < day <= today + timedelta(days=MAX_YEARS * 366):
        raise InvalidInput(
            f"Name a day after today, at most {MAX_YEARS} years ahead.", code="bad_review_date"
        )


def _moment(at: datetime | None) -> str:
    return at.isoformat() if at is not None else ""
