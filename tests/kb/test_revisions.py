"""The life of an article: drafts, review by another person, publication, rollback, archive."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import IntegrityError, transaction

from core.actors import Actor
from core.errors import Conflict, DomainError, InvalidInput, NotAllowed
from core.models import Activity, Job, User
from kb import workflow
from kb.models import Article, ArticleAudience, AudienceValue, Revision
from kb.review import (
    article_archive,
    article_rollback,
    article_unarchive,
    revision_approve,
    revision_publish,
    revision_request_changes,
    revision_submit,
)
from kb.services import article_create, article_set_audience, revision_save_draft
from tests.kb.conftest import BODY

pytestmark = pytest.mark.django_db
MakeDraft = Callable[..., Revision]
Publish = Callable[[Revision], Article]


def rows() -> tuple[int, int, int, list[tuple[int, str]]]:
    """Everything that a refused step must leave as it was."""
    states = list(Revision.objects.order_by("pk").values_list("number", "state"))
    return Activity.objects.count(), Job.objects.count(), Article.objects.count(), states


def refused(error: type[DomainError], code: str, act: Callable[[], object]) -> DomainError:
    before = rows()
    with pytest.raises(error) as caught, transaction.atomic():
        act()
    assert caught.value.code == code
    assert rows() == before
    return caught.value


def edit(actor: Actor, article: Article, base: int, body: str, title: str = "How do I reset it?") -> Revision:
    return revision_save_draft(actor=actor, article=article, base_number=base, title=title, body=body)


@pytest.mark.row("2.11")
def test_a_draft_goes_through_review_to_publication(draft: MakeDraft, writer: Actor, reviewer: Actor) -> None:
    revision = draft()
    revision_submit(actor=writer, revision=revision)
    revision_approve(actor=reviewer, revision=revision)
    assert not Article.objects.published().exists()
    revision_publish(actor=writer, revision=revision)
    article = Article.objects.published().get()
    assert article.published_revision == revision
    revision.refresh_from_db()
    assert (revision.state, revision.author_id, revision.reviewer_id) == ("published", writer.id, reviewer.id)
    assert [job.task for job in Job.objects.all()] == ["kb.tasks.sync_article"]
    assert list(Activity.objects.order_by("id").values_list("verb", flat=True)) == [
        "article.created",
        "revision.saved",
        "article.audience_set",
        "revision.submitted",
        "revision.approved",
        "revision.published",
    ]


@pytest.mark.row("2.11", "R7")
def test_the_author_cannot_approve_their_own_revision(draft: MakeDraft, writer: Actor) -> None:
    revision = draft()
    revision_submit(actor=writer, revision=revision)
    error = refused(
        NotAllowed, "reviewer_is_author", lambda: revision_approve(actor=writer, revision=revision)
    )
    assert error.http_status == 403


@pytest.mark.row("2.11", "R7")
def test_who_wrote_a_part_since_the_last_publication_cannot_approve_what_another_touched_up(
    draft: MakeDraft, writer: Actor, reviewer: Actor, make_user: Callable[..., User]
) -> None:
    first = draft()
    touched_up = edit(reviewer, first.article, 1, BODY + "\nOne more line.")
    revision_submit(actor=reviewer, revision=touched_up)
    refused(NotAllowed, "reviewer_is_author", lambda: revision_approve(actor=writer, revision=touched_up))
    third = Actor.of_user(make_user("tara", "kb.review_revision"))
    revision_approve(actor=third, revision=touched_up)
    assert touched_up.reviewer_id == third.id


@pytest.mark.row("2.11", "R7")
def test_the_database_itself_refuses_a_reviewer_who_is_the_author(draft: MakeDraft, writer: Actor) -> None:
    revision = draft()
    with pytest.raises(IntegrityError), transaction.atomic():
        Revision.objects.filter(pk=revision.pk).update(reviewer_id=writer.id)
    with pytest.raises(IntegrityError), transaction.atomic():
        Revision.objects.filter(pk=revision.pk).update(state=workflow.APPROVED)


@pytest.mark.row("2.11", "R7")
def test_revision_n_cannot_be_approved_when_n_plus_1_exists(
    draft: MakeDraft, writer: Actor, reviewer: Actor
) -> None:
    first = draft()
    revision_submit(actor=writer, revision=first)
    edit(writer, first.article, 1, BODY + "\nTwo.")
    error = refused(Conflict, "newer_revision", lambda: revision_approve(actor=reviewer, revision=first))
    assert (error.http_status, error.extra) == (409, {"number": 1, "latest_number": 2})


@pytest.mark.row("2.11", "R7")
def test_an_edit_of_an_approved_text_clears_the_approval(
    draft: MakeDraft, writer: Actor, reviewer: Actor
) -> None:
    first = draft()
    revision_submit(actor=writer, revision=first)
    revision_approve(actor=reviewer, revision=first)
    second = edit(writer, first.article, 1, BODY + "\nSomething nobody has read.")
    refused(Conflict, "newer_revision", lambda: revision_publish(actor=reviewer, revision=first))
    refused(Conflict, "transition_not_allowed", lambda: revision_publish(actor=reviewer, revision=second))
    assert list(Revision.objects.order_by("number").values_list("state", flat=True)) == [
        "superseded",
        "draft",
    ]


@pytest.mark.row("2.11", "R22")
def test_of_two_editors_of_one_base_the_second_gets_the_difference_and_nothing_is_lost(
    draft: MakeDraft, writer: Actor, reviewer: Actor
) -> None:
    article = draft().article
    edit(writer, article, 1, "# Title\n\nFirst of two.")
    other = Article.objects.get(pk=article.pk)
    error = refused(Conflict, "stale_revision", lambda: edit(reviewer, other, 1, "# Title\n\nSecond of two."))
    assert error.http_status == 409
    assert (error.extra["base_number"], error.extra["latest_number"]) == (1, 2)
    assert "-First of two." in error.extra["diff"]
    assert "+Second of two." in error.extra["diff"]
    assert Revision.objects.get(number=2).body == "# Title\n\nFirst of two."


@pytest.mark.row("R22")
def test_edits_are_numbered_without_gap_and_an_unchanged_text_makes_no_revision(
    draft: MakeDraft, writer: Actor
) -> None:
    article = draft().article
    for number in range(1, 6):
        edit(writer, article, number, f"Text {number}")
    same = edit(writer, article, 6, "Text 5\r\n")
    assert same.number == 6
    assert list(article.revisions.order_by("number").values_list("number", flat=True)) == [1, 2, 3, 4, 5, 6]
    assert Revision.objects.open().count() == 1


@pytest.mark.row("2.4")
def test_an_article_without_an_audience_is_not_published(writer: Actor, reviewer: Actor) -> None:
    revision = article_create(actor=writer, slug="nobody", title="For whom?", body=BODY)
    revision_submit(actor=writer, revision=revision)
    revision_approve(actor=reviewer, revision=revision)
    refused(Conflict, "no_audience", lambda: revision_publish(actor=reviewer, revision=revision))
    article_set_audience(actor=writer, article=revision.article, for_everyone=True)
    revision_publish(actor=reviewer, revision=revision)
    assert Article.objects.published().count() == 1


@pytest.mark.row("2.4")
def test_a_published_article_keeps_an_audience(
    draft: MakeDraft, publish: Publish, writer: Actor, audience_value: Callable[..., AudienceValue]
) -> None:
    article = publish(draft())
    refused(
        Conflict,
        "no_audience",
        lambda: article_set_audience(actor=writer, article=article, for_everyone=False),
    )
    refused(
        InvalidInput,
        "ambiguous_audience",
        lambda: article_set_audience(
            actor=writer, article=article, for_everyone=True, values=[audience_value("tier", "team")]
        ),
    )


@pytest.mark.row("2.4")
def test_an_audience_value_in_use_cannot_be_deleted_as_that_would_widen_who_may_read(
    draft: MakeDraft, writer: Actor, audience_value: Callable[..., AudienceValue]
) -> None:
    tier = audience_value("tier", "enterprise")
    article_set_audience(actor=writer, article=draft().article, for_everyone=False, values=[tier])
    with pytest.raises(IntegrityError), transaction.atomic():
        tier.delete()
    assert ArticleAudience.objects.count() == 1


@pytest.mark.row("2.11")
def test_requested_changes_end_the_revision_and_the_answer_is_a_new_one(
    draft: MakeDraft, writer: Actor, reviewer: Actor
) -> None:
    first = draft()
    revision_submit(actor=writer, revision=first)
    refused(
        InvalidInput,
        "comment_needed",
        lambda: revision_request_changes(actor=reviewer, revision=first, comment=" "),
    )
    refused(
        NotAllowed,
        "reviewer_is_author",
        lambda: revision_request_changes(actor=writer, revision=first, comment="Shorter."),
    )
    revision_request_changes(actor=reviewer, revision=first, comment="Name the menu.")
    assert (first.state, first.review_comment) == ("changes_requested", "Name the menu.")
    refused(Conflict, "transition_not_allowed", lambda: revision_submit(actor=writer, revision=first))
    second = edit(writer, first.article, 1, BODY + "\nIn the menu Profile.")
    assert (second.number, second.state, second.based_on_id) == (2, "draft", first.pk)


@pytest.mark.row("2.11")
def test_a_rollback_is_a_new_revision_that_another_person_approves(
    draft: MakeDraft, publish: Publish, writer: Actor, reviewer: Actor
) -> None:
    first = draft()
    article = publish(first)
    second = edit(writer, article, 1, "# Wrong\n\nThis was a mistake.")
    article = publish(second)
    first.refresh_from_db()
    third = article_rollback(actor=writer, article=article, to=first)
    assert (third.number, third.title, third.body, third.state) == (3, first.title, first.body, "in_review")
    assert third.based_on_id == first.pk
    refused(NotAllowed, "reviewer_is_author", lambda: revision_approve(actor=writer, revision=third))
    revision_approve(actor=reviewer, revision=third)
    revision_publish(actor=reviewer, revision=third)
    assert list(Revision.objects.order_by("number").values_list("number", "state")) == [
        (1, "archived"),
        (2, "archived"),
        (3, "published"),
    ]


@pytest.mark.row("2.11")
def test_only_a_revision_that_was_published_can_be_rolled_back_to(
    draft: MakeDraft, publish: Publish, writer: Actor
) -> None:
    first = draft()
    second = edit(writer, first.article, 1, "# Better\n\nText.")
    article = publish(second)
    refused(
        InvalidInput, "never_published", lambda: article_rollback(actor=writer, article=article, to=first)
    )
    second.refresh_from_db()
    refused(
        Conflict, "nothing_to_roll_back", lambda: article_rollback(actor=writer, article=article, to=second)
    )


def test_an_archived_article_leaves_readers_and_comes_back_as_it_was(
    draft: MakeDraft, publish: Publish, writer: Actor
) -> None:
    article = publish(draft())
    Job.objects.all().delete()
    article_archive(actor=writer, article=article)
    assert not Article.objects.published().exists()
    assert Job.objects.count() == 1
    refused(Conflict, "already_archived", lambda: article_archive(actor=writer, article=article))
    article_unarchive(actor=writer, article=article)
    assert Article.objects.published().get().published_revision is not None
    refused(Conflict, "not_archived", lambda: article_unarchive(actor=writer, article=article))


@pytest.mark.row("R23")
def test_there_is_never_a_second_published_or_open_revision(
    draft: MakeDraft, publish: Publish, writer: Actor, reviewer: Actor
) -> None:
    first = draft()
    article = publish(first)
    edit(writer, article, 1, "Two")
    changes = {"article": article, "title": "t", "body": "b", "author_id": writer.id}
    with pytest.raises(IntegrityError), transaction.atomic():
        Revision.objects.create(number=8, state="published", reviewer_id=reviewer.id, **changes)
    with pytest.raises(IntegrityError), transaction.atomic():
        Revision.objects.create(number=9, state="in_review", **changes)


@pytest.mark.row("R13")
@pytest.mark.parametrize(
    ("title", "body", "code"),
    [
        ("", BODY, "empty_text"),
        ("Title", " \n", "empty_text"),
        ("Two\nlines", BODY, "bad_title"),
        ("x" * 201, BODY, "bad_title"),
        ("Title", "a\x00b", "bad_characters"),
        ("Half \ud83d", BODY, "bad_characters"),
        ("Title", "x" * 100_001, "too_long"),
    ],
)
def test_texts_that_cannot_be_kept_are_refused(writer: Actor, title: str, body: str, code: str) -> None:
    refused(InvalidInput, code, lambda: article_create(actor=writer, slug="bad", title=title, body=body))


@pytest.mark.parametrize("slug", ["", "Ünder", "a b", "a--b", "-a", "x" * 121, "a/b"])
def test_a_slug_is_lower_case_words_with_hyphens(writer: Actor, slug: str) -> None:
    refused(InvalidInput, "bad_slug", lambda: article_create(actor=writer, slug=slug, title="T", body="B"))


def test_a_taken_slug_is_refused(draft: MakeDraft, writer: Actor) -> None:
    draft()
    refused(
        Conflict,
        "slug_taken",
        lambda: article_create(actor=writer, slug="reset-password", title="T", body="B"),
    )


def test_keys_and_the_system_neither_write_nor_approve(draft: MakeDraft, writer: Actor) -> None:
    revision = draft()
    revision_submit(actor=writer, revision=revision)
    for actor in (Actor.system("job"), Actor("api_key", writer.id, "bot")):
        refused(NotAllowed, "person_required", lambda a=actor: edit(a, revision.article, 1, "Text"))
        refused(NotAllowed, "person_required", lambda a=actor: revision_approve(actor=a, revision=revision))


@pytest.mark.row("8.1")
@pytest.mark.parametrize(
    ("state", "act"),
    [
        ("draft", lambda actor, revision: edit(actor, revision.article, 1, "Text")),
        ("draft", lambda actor, revision: revision_submit(actor=actor, revision=revision)),
        ("in_review", lambda actor, revision: revision_approve(actor=actor, revision=revision)),
        (
            "in_review",
            lambda actor, revision: revision_request_changes(actor=actor, revision=revision, comment="No."),
        ),
        ("approved", lambda actor, revision: revision_publish(actor=actor, revision=revision)),
        ("approved", lambda actor, revision: article_archive(actor=actor, article=revision.article)),
        (
            "approved",
            lambda actor, revision: article_set_audience(
                actor=actor, article=revision.article, for_everyone=True
            ),
        ),
    ],
)
def test_every_step_needs_its_permission(
    draft: MakeDraft,
    writer: Actor,
    reviewer: Actor,
    make_user: Callable[..., User],
    state: str,
    act: Callable[[Actor, Revision], object],
) -> None:
    revision = draft()
    if state != "draft":
        revision_submit(actor=writer, revision=revision)
    if state == "approved":
        revision_approve(actor=reviewer, revision=revision)
    onlooker = Actor.of_user(make_user("ola", "kb.view_article"))
    refused(NotAllowed, "not_allowed", lambda: act(onlooker, revision))
