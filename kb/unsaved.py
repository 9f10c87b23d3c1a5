"""What somebody types and has not saved: kept for them, so that a closed window loses nothing.

No revision and nobody else's business: no activity line, no index, gone once it is saved or discarded.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from core.actors import Actor
from core.errors import InvalidInput
from kb.markdown import size_problem
from kb.models import TITLE_LENGTH, Article, UnsavedDraft
from kb.services import person

KEPT_DAYS = 30


def unsaved_keep(
    *, actor: Actor, article: Article | None, base_number: int, title: str, body: str
) -> UnsavedDraft:
    """Keep what the person has typed for this article (None: a new one) in place of what was kept before."""
    who = person(actor, "kb.change_article" if article else "kb.add_article")
    if len(title) > TITLE_LENGTH:
        raise InvalidInput(f"The title has more than {TITLE_LENGTH} characters.", code="bad_title")
    if "\x00" in title + body:
        raise InvalidInput("The text holds a NUL character.", code="bad_characters")
    if problem := size_problem(body):
        raise InvalidInput(problem, code="too_long")
    fields = {"base_number": base_number, "title": title, "body": body}
    for _ in range(2):  # two windows may make the row at once
        try:
            with transaction.atomic():
                kept, _made = UnsavedDraft.objects.update_or_create(
                    article=article, person_id=who, defaults=fields
                )
                return kept
        except IntegrityError:
            continue
    raise InvalidInput("Another window is saving the same text. Try again.", code="busy")


def unsaved_of(person_id: int, article: Article | None) -> UnsavedDraft | None:
    """Return what the person has typed and not saved."""
    return UnsavedDraft.objects.filter(article=article, person_id=person_id).first()


def unsaved_discard(*, person_id: int, article: Article | None) -> None:
    """Forget it: it was saved, or is not wanted."""
    UnsavedDraft.objects.filter(article=article, person_id=person_id).delete()


def unsaved_forget_old() -> int:
    """Delete what nobody came back to in KEPT_DAYS; return how many."""
    limit = timezone.now() - timedelta(days=KEPT_DAYS)
    return UnsavedDraft.objects.filter(saved_at__lt=limit).delete()[0]
