"""Many people at once: revisions are numbered without gap, and exactly one legal path wins."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from core.actors import Actor
from core.errors import Conflict
from kb.models import Article, Revision
from kb.review import revision_approve, revision_publish, revision_request_changes, revision_submit
from kb.services import revision_save_draft

pytestmark = pytest.mark.django_db(transaction=True)


def together(acts: list[Callable[[], object]]) -> int:
    """Do them at once; return how many were done. A refusal must be a Conflict."""

    def do(act: Callable[[], object]) -> bool:
        try:
            act()
        except Conflict:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(max_workers=8) as pool:
        return sum(pool.map(do, acts))


@pytest.mark.row("R22")
def test_parallel_edits_are_numbered_from_1_to_n(draft: Callable[..., Revision], writer: Actor) -> None:
    article_id = draft().article_id

    def edit(text: str) -> None:
        for _ in range(100):
            article = Article.objects.get(pk=article_id)
            try:
                revision_save_draft(
                    actor=writer, article=article, base_number=article.latest_number, title="T", body=text
                )
            except Conflict:
                continue
            return
        raise AssertionError("never got through")

    assert together([lambda n=n: edit(f"Text {n}") for n in range(24)]) == 24
    numbers = list(Revision.objects.order_by("number").values_list("number", flat=True))
    assert numbers == list(range(1, 26))
    assert Revision.objects.open().count() == 1


@pytest.mark.row("R22")
def test_of_parallel_edits_of_one_base_exactly_one_is_saved(
    draft: Callable[..., Revision], writer: Actor
) -> None:
    article = draft().article

    def edit(text: str) -> None:
        revision_save_draft(actor=writer, article=Article(pk=article.pk), base_number=1, title="T", body=text)

    assert together([lambda n=n: edit(f"Text {n}") for n in range(16)]) == 1
    assert Revision.objects.count() == 2


@pytest.mark.row("R23")
def test_of_parallel_verdicts_exactly_one_counts(
    draft: Callable[..., Revision], writer: Actor, reviewer: Actor
) -> None:
    revision = draft()
    revision_submit(actor=writer, revision=revision)

    def fresh() -> Revision:
        return Revision.objects.get(pk=revision.pk)

    acts: list[Callable[[], object]] = []
    for _ in range(8):
        acts.append(lambda: revision_approve(actor=reviewer, revision=fresh()))
        acts.append(lambda: revision_request_changes(actor=reviewer, revision=fresh(), comment="No."))
    assert together(acts) == 1
    assert fresh().state in {"approved", "changes_requested"}


@pytest.mark.row("R23")
def test_of_publish_and_edit_at_once_the_published_text_is_the_approved_one(
    draft: Callable[..., Revision], writer: Actor, reviewer: Actor
) -> None:
    for round_number in range(6):
        revision = draft(f"article-{round_number}")
        revision_submit(actor=writer, revision=revision)
        revision_approve(actor=reviewer, revision=revision)
        article = Article.objects.get(pk=revision.article_id)
        together(
            [
                lambda r=revision: revision_publish(actor=reviewer, revision=Revision.objects.get(pk=r.pk)),
                lambda a=article: revision_save_draft(
                    actor=writer, article=a, base_number=1, title="T", body="Unread."
                ),
            ]
        )
        for published in Revision.objects.filter(article=article, state="published"):
            assert (published.number, published.reviewer_id) == (1, reviewer.id)
        assert Article.objects.get(pk=article.pk).published_revision_id in {None, revision.pk}
