"""The work of a review: due days, claims, comments on lines, publication and expiry at a set time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError
from django.test import Client
from django.utils import timezone

from core import jobs
from core.actors import Actor
from core.errors import Conflict, InvalidInput, NotAllowed
from core.models import Activity, Job, User
from kb.contracts import Audience
from kb.line_comments import comment_add, comment_resolve, open_comments, placed
from kb.models import Article, LineComment, Revision
from kb.retrieval import search
from kb.review import (
    article_unarchive,
    revision_approve,
    revision_claim,
    revision_release,
    revision_request_changes,
    revision_submit,
)
from kb.schedule import (
    article_set_expiry,
    expire_if_due,
    publish_if_due,
    revision_schedule,
    revision_unschedule,
)
from kb.services import revision_save_draft
from tests.kb.conftest import BODY, REVIEWER
from tests.kb.test_admin import move_url, press
from tests.kb.test_revisions import refused

pytestmark = [pytest.mark.django_db, pytest.mark.row("2.11")]
MakeDraft = Callable[..., Revision]
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=timezone.get_fixed_timezone(0))
REVISIONS = "/admin/kb/revision/"


@pytest.fixture
def second_reviewer(make_user: Callable[..., User]) -> Actor:
    return Actor.of_user(make_user("ryo", *REVIEWER))


@pytest.fixture
def in_review(draft: MakeDraft, writer: Actor) -> Revision:
    revision = draft()
    revision_submit(actor=writer, revision=revision)
    return revision


@pytest.fixture
def approved(in_review: Revision, reviewer: Actor) -> Revision:
    revision_approve(actor=reviewer, revision=in_review)
    return in_review


@time_machine.travel(NOW, tick=False)
def test_a_review_is_due_within_three_days_or_on_the_day_that_is_asked_for(
    draft: MakeDraft, writer: Actor
) -> None:
    first, second, third = (draft(slug) for slug in ("a", "b", "c"))
    revision_submit(actor=writer, revision=first)
    revision_submit(actor=writer, revision=second, due=date(2026, 3, 2))
    assert (first.review_due, second.review_due) == (date(2026, 3, 5), date(2026, 3, 2))
    yesterday = date(2026, 3, 1)
    refused(InvalidInput, "due_is_over", lambda: revision_submit(actor=writer, revision=third, due=yesterday))


def test_a_claimed_review_is_not_decided_by_another_until_they_take_it_over(
    in_review: Revision, reviewer: Actor, second_reviewer: Actor
) -> None:
    revision_claim(actor=reviewer, revision=in_review)
    theirs = Revision.objects.get()
    refused(Conflict, "claimed_by_another", lambda: revision_approve(actor=second_reviewer, revision=theirs))
    refused(
        Conflict,
        "claimed_by_another",
        lambda: revision_request_changes(actor=second_reviewer, revision=theirs, comment="No."),
    )
    refused(Conflict, "not_claimed_by_you", lambda: revision_release(actor=second_reviewer, revision=theirs))
    revision_claim(actor=second_reviewer, revision=theirs)
    revision_approve(actor=second_reviewer, revision=theirs)
    said = Activity.objects.filter(verb="revision.claimed").order_by("pk").values_list("before", "after")
    assert list(said) == [
        ({"claimed_by": ""}, {"claimed_by": "rene"}),
        ({"claimed_by": "rene"}, {"claimed_by": "ryo"}),
    ]


def test_of_two_claims_at_once_the_second_is_refused(
    in_review: Revision, reviewer: Actor, second_reviewer: Actor
) -> None:
    stale = Revision.objects.get()
    revision_claim(actor=reviewer, revision=in_review)
    refused(Conflict, "review_has_moved", lambda: revision_claim(actor=second_reviewer, revision=stale))
    revision_release(actor=reviewer, revision=in_review)
    assert Revision.objects.get().claimed_by is None


def test_who_wrote_the_text_cannot_claim_its_review_not_even_in_the_database(
    in_review: Revision, writer: Actor
) -> None:
    refused(NotAllowed, "reviewer_is_author", lambda: revision_claim(actor=writer, revision=in_review))
    with pytest.raises(IntegrityError):
        Revision.objects.update(claimed_by=writer.id)


def test_a_comment_follows_its_line_into_the_next_revision(
    in_review: Revision, writer: Actor, reviewer: Actor
) -> None:
    comment_add(actor=reviewer, revision=in_review, line=4, text=" Which address? ")
    comment_add(actor=reviewer, revision=in_review, line=3, text="Say where.")
    comment_add(actor=reviewer, revision=in_review, line=0, text="Shorter title.")
    body = "New first line.\n\n" + BODY.replace("1. Open the sign-in page.", "1. Open our sign-in page.")
    newer = revision_save_draft(
        actor=writer, article=in_review.article, base_number=1, title="How do I?", body=body
    )
    comments = open_comments(in_review.article)
    assert [(item.comment.text, item.line) for item in placed(comments, newer)] == [
        ("Which address?", 6),
        ("Say where.", None),
        ("Shorter title.", 0),
    ]
    comment_resolve(actor=writer, comment=comments[1])
    assert [comment.text for comment in open_comments(in_review.article)] == [
        "Which address?",
        "Shorter title.",
    ]
    with pytest.raises(Conflict):
        comment_resolve(actor=writer, comment=LineComment.objects.get(text="Say where."))


@pytest.mark.parametrize(
    ("line", "text", "code"),
    [
        (99, "x", "no_such_line"),
        (-1, "x", "no_such_line"),
        (1, " ", "bad_comment"),
        (1, "x" * 2_001, "bad_comment"),
        (1, "a\x00b", "bad_comment"),
    ],
)
def test_a_comment_on_no_line_or_without_words_is_refused(
    in_review: Revision, reviewer: Actor, line: int, text: str, code: str
) -> None:
    refused(InvalidInput, code, lambda: comment_add(actor=reviewer, revision=in_review, line=line, text=text))
    assert LineComment.objects.count() == 0


def test_an_approved_text_goes_live_at_its_time_in_the_name_of_who_set_it(
    approved: Revision, reviewer: Actor
) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        revision_schedule(actor=reviewer, revision=approved, publish_at=NOW + timedelta(hours=2))
        jobs.run_due()
        assert not Article.objects.published().exists()
        clock.shift(timedelta(hours=2))
        jobs.run_due()
        assert Article.objects.published().get().published_revision == approved
    published = Activity.objects.get(verb="revision.published")
    assert published.actor_label == "rene"
    assert publish_if_due(approved.pk) == "nothing is scheduled any more"


def test_a_new_time_replaces_the_old_and_none_stops_it(approved: Revision, reviewer: Actor) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        revision_schedule(actor=reviewer, revision=approved, publish_at=NOW + timedelta(hours=1))
        revision_schedule(actor=reviewer, revision=approved, publish_at=NOW + timedelta(hours=3))
        clock.shift(timedelta(hours=2))
        jobs.run_due()
        assert not Article.objects.published().exists()
        revision_unschedule(actor=reviewer, revision=approved)
        clock.shift(timedelta(hours=2))
        jobs.run_due()
    assert not Article.objects.published().exists()
    assert Revision.objects.get().state == "approved"
    refused(Conflict, "not_scheduled", lambda: revision_unschedule(actor=reviewer, revision=approved))


def test_what_the_person_may_no_longer_do_is_not_done_in_their_name(
    approved: Revision, reviewer: Actor
) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        revision_schedule(actor=reviewer, revision=approved, publish_at=NOW + timedelta(hours=1))
        User.objects.filter(pk=reviewer.id).update(is_active=False)
        clock.shift(timedelta(hours=1))
        jobs.run_due()
    revision = Revision.objects.get()
    assert (revision.state, revision.publish_at) == ("approved", None)
    assert revision.schedule_problem == "You may not do this; ask an administrator for the role."
    assert Activity.objects.filter(verb="revision.schedule_refused").count() == 1


def test_a_text_that_was_edited_meanwhile_is_not_published(
    approved: Revision, reviewer: Actor, writer: Actor
) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        revision_schedule(actor=reviewer, revision=approved, publish_at=NOW + timedelta(hours=1))
        revision_save_draft(
            actor=writer, article=approved.article, base_number=1, title="How do I?", body="Other."
        )
        clock.shift(timedelta(hours=1))
        jobs.run_due()
    assert not Article.objects.published().exists()


def test_only_an_approved_text_is_scheduled_and_only_for_the_future(
    in_review: Revision, reviewer: Actor
) -> None:
    later, before = timezone.now() + timedelta(hours=1), timezone.now() - timedelta(seconds=1)
    refused(
        Conflict,
        "not_approved",
        lambda: revision_schedule(actor=reviewer, revision=in_review, publish_at=later),
    )
    refused(
        InvalidInput,
        "time_is_over",
        lambda: revision_schedule(actor=reviewer, revision=in_review, publish_at=before),
    )
    assert Job.objects.filter(task__contains="publish").count() == 0


@pytest.mark.row("2.11", "2.5")
def test_an_expired_article_is_found_no_more_from_that_moment_even_before_it_is_archived(
    live: Callable[..., Article], writer: Actor
) -> None:
    article = live()
    now = timezone.now()
    with time_machine.travel(now, tick=False) as clock:
        article_set_expiry(actor=writer, article=article, expires_at=now + timedelta(hours=1))
        assert [hit.article_id for hit in search("reset my password", audience=Audience()).hits] == [
            article.pk
        ]
        clock.shift(timedelta(hours=1))
        assert search("reset my password", audience=Audience()).hits == ()
        assert Article.objects.get().is_live is False
        jobs.run_due()
        assert Article.objects.get().archived_at is not None
        assert expire_if_due(article.pk) == "nothing has expired"
        article_unarchive(actor=writer, article=Article.objects.get())
        jobs.run_due()
        assert Article.objects.get().expires_at is None
        assert len(search("reset my password", audience=Audience()).hits) == 1
    assert Activity.objects.filter(verb="article.expired").count() == 1


def test_an_expiry_can_be_taken_back(live: Callable[..., Article], writer: Actor) -> None:
    article = live()
    now = timezone.now()
    with time_machine.travel(now, tick=False) as clock:
        article_set_expiry(actor=writer, article=article, expires_at=now + timedelta(hours=1))
        article_set_expiry(actor=writer, article=article, expires_at=None)
        clock.shift(timedelta(hours=2))
        jobs.run_due()
        assert Article.objects.published().count() == 1


def test_the_queue_shows_what_waits_what_is_mine_and_what_is_late(
    make_user: Callable[..., User], sign_in: Callable[[User], Client], draft: MakeDraft, writer: Actor
) -> None:
    rene = make_user("rene", *REVIEWER)
    client = sign_in(rene)
    mine, free, late = (draft(slug, f"How do I {slug}?") for slug in ("mine", "free", "late"))
    for revision in (mine, free, late):
        revision_submit(actor=writer, revision=revision)
    revision_claim(actor=Actor.of_user(rene), revision=mine)
    Revision.objects.filter(pk=late.pk).update(review_due=timezone.localdate() - timedelta(days=1))
    draft("draft", "How do I draft?")

    def shown(queue: str) -> list[str]:
        page = client.get(REVISIONS, {"queue": queue})
        return sorted(row.article.slug for row in page.context["cl"].result_list)

    assert shown("waiting") == ["free", "late", "mine"]
    assert (shown("mine"), shown("free"), shown("late")) == (["mine"], ["free", "late"], ["late"])
    first = client.get(REVISIONS, {"queue": "waiting"}).context["cl"].result_list[0]
    assert first.article.slug == "late"


def test_a_reviewer_comments_on_a_line_in_the_page_and_the_author_resolves_it(
    make_user: Callable[..., User], sign_in: Callable[[User], Client], in_review: Revision
) -> None:
    rene, wanda = sign_in(make_user("rene", *REVIEWER)), sign_in(User.objects.get(username="wanda"))
    address = f"{REVISIONS}{in_review.pk}/"
    bad = rene.post(f"{address}comment/", {"line": "99", "text": "<b>Which</b> address?"})
    assert bad.status_code == 400
    page = bad.content.decode()
    assert "The text has lines 1 to" in page
    assert "&lt;b&gt;Which&lt;/b&gt; address?</textarea>" in page
    assert LineComment.objects.count() == 0
    rene.post(f"{address}comment/", {"line": "4", "text": "<b>Which</b> address?"})
    page = wanda.get(f"{address}change/").content.decode()
    assert "&lt;b&gt;Which&lt;/b&gt; address?" in page
    comment = LineComment.objects.get()
    wanda.post(f"{address}comment/{comment.pk}/resolve/")
    comment.refresh_from_db()
    assert comment.resolved_by.username == "wanda"
    assert (
        "address?"
        not in rene.get(f"{address}change/").content.decode().split('id="kb-comment-line"')[0][-200:]
    )


def test_who_may_only_read_neither_comments_nor_resolves(
    make_user: Callable[..., User], sign_in: Callable[[User], Client], in_review: Revision, reviewer: Actor
) -> None:
    comment = comment_add(actor=reviewer, revision=in_review, line=1, text="Why?")
    kim = sign_in(make_user("kim", "kb.view_revision"))
    address = f"{REVISIONS}{in_review.pk}/"
    assert kim.post(f"{address}comment/", {"line": "1", "text": "x"}).status_code == 403
    assert kim.post(f"{address}comment/{comment.pk}/resolve/").status_code == 403
    assert kim.get(f"{address}comment/").status_code == 405
    assert LineComment.objects.filter(resolved_at=None).count() == 1
    assert "kb-comment-form" not in kim.get(f"{address}change/").content.decode()


def test_any_two_revisions_are_compared(
    make_user: Callable[..., User], sign_in: Callable[[User], Client], draft: MakeDraft, writer: Actor
) -> None:
    first = draft(body="# A\n\nEnds after 14 days.")
    for number, days in ((1, 30), (2, 60)):
        revision_save_draft(
            actor=writer,
            article=first.article,
            base_number=number,
            title="How do I?",
            body=f"# A\n\nEnds after {days} days.",
        )
    client = sign_in(make_user("rene", *REVIEWER))
    newest = Revision.objects.get(number=3)
    address = f"{REVISIONS}{newest.pk}/change/"
    assert "<del>30</del>" in client.get(address).content.decode()
    assert "<del>14</del>" in client.get(f"{address}?against=1").content.decode()
    assert "<del>30</del>" in client.get(f"{address}?against=x").content.decode()


def test_the_buttons_submit_with_a_day_claim_approve_schedule_and_set_an_expiry(
    make_user: Callable[..., User], sign_in: Callable[[User], Client], draft: MakeDraft
) -> None:
    revision = draft()
    article = revision.article
    wanda = sign_in(User.objects.get(username="wanda"))
    rene = sign_in(make_user("rene", *REVIEWER))
    due = timezone.localdate() + timedelta(days=5)
    press(wanda, article, "submit", due=due.isoformat())
    press(rene, article, "claim")
    press(rene, article, "approve")
    press(rene, article, "schedule", publish_at="2030-01-01T08:00")
    revision.refresh_from_db()
    assert (revision.review_due, revision.claimed_by.username) == (due, "rene")
    assert revision.publish_at == datetime(2030, 1, 1, 8, tzinfo=timezone.get_fixed_timezone(0))
    assert rene.get(move_url(article, "schedule")).status_code == 302
    press(rene, article, "unschedule")
    press(wanda, article, "expiry", expires_at="2031-01-01T08:00")
    article.refresh_from_db()
    assert article.expires_at == datetime(2031, 1, 1, 8, tzinfo=timezone.get_fixed_timezone(0))
    page: Any = press(wanda, article, "expiry", expires_at="2001-01-01T08:00")
    assert "still to come" in page.content.decode()
