"""Put one article into another: the one is archived, and whoever asks for its address is led to the other.

The texts stay as they are: what is worth keeping is written into the other article beforehand. Restoring the
merged article takes the merge back.
"""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from core import activity
from core.actors import Actor
from core.errors import Conflict, InvalidInput
from kb.findings.published import facets_of, reaches_all_of
from kb.models import Article, ArticleQuestion
from kb.review import archive
from kb.services import article_set_labels, article_set_pages, person


def article_merge(*, actor: Actor, article: Article, into: Article, fewer_readers: bool = False) -> None:
    """Archive ``article``, send its readers, labels, pages and test questions to ``into``.

    Refused where ``into`` is not live, or has not all of its readers: those who may not read ``into`` would
    lose the answer. ``fewer_readers`` says that this is meant.
    """
    person(actor, "kb.archive_article")
    person(actor, "kb.change_article")
    if article.pk == into.pk:
        raise InvalidInput("An article cannot be merged into itself.", code="same_article")
    with transaction.atomic():
        locked = {
            row.pk: row for row in Article.objects.select_for_update().filter(pk__in=(article.pk, into.pk))
        }
        source, target = locked[article.pk], locked[into.pk]
        if not target.is_live:
            raise Conflict(f"“{target}” is not published: nobody could read it instead.", code="not_live")
        if not fewer_readers and loses_readers(source, target):
            raise Conflict(
                f"Not everybody who may read “{source}” may read “{target}”. Widen its audience first, or "
                "confirm that they lose the answer.",
                code="fewer_readers",
            )
        article_set_labels(actor=actor, article=target, names=_names(source.labels, target.labels))
        article_set_pages(
            actor=actor, article=target, product_pages=[*target.pages.all(), *source.pages.all()]
        )
        questions = _move_questions(source, target)
        archive(actor, "article.merged", source)
        Article.objects.filter(pk=source.pk).update(merged_into=target)
        Article.objects.filter(merged_into=source).update(merged_into=target, updated_at=timezone.now())
        activity.record(
            actor, "article.took_in", target, after={"merged": source.slug, "test_questions": questions}
        )
    article.archived_at, article.merged_into = timezone.now(), target


def loses_readers(source: Article, target: Article) -> bool:
    """Tell whether somebody may read ``source`` and not ``target``."""
    if target.for_everyone:
        return False
    return source.for_everyone or not reaches_all_of(facets_of(target), facets_of(source))


def _move_questions(source: Article, target: Article) -> int:
    """Give the target the source's test questions that it does not have; return how many."""
    known = set(target.questions.values_list("key", flat=True))
    moved = source.questions.filter(state=ArticleQuestion.State.ACTIVE).exclude(key__in=known)
    return moved.update(article=target)


def _names(*labels: object) -> list[str]:
    return sorted({label.name for relation in labels for label in relation.all()})  # type: ignore[attr-defined]
