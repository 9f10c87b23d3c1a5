"""Many articles at once: each by its own service, in the name of the person, refusals listed with reasons."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from core import jobs
from core.actors import Actor
from core.errors import Conflict, InvalidInput, NotAllowed
from core.models import Activity, Job, User
from kb.bulk.services import (
    bulk_counts,
    bulk_create,
    bulk_forecast,
    bulk_refusals,
    bulk_run,
    bulk_start,
    bulk_undo,
)
from kb.models import Article, AudienceValue, BulkMove, BulkMoveRow, Revision
from kb.review import revision_approve, revision_submit
from kb.services import article_create, article_set_audience, article_set_labels, revision_save_draft
from tests.kb.conftest import BODY, REVIEWER, WRITER

pytestmark = [pytest.mark.django_db, pytest.mark.row("2.11")]


@pytest.fixture
def drafts(draft: Callable[..., Revision]) -> list[int]:
    """Three drafts for everyone, by the writer."""
    return [draft(f"a{n}", f"Question {n}?").article_id for n in range(3)]


def bulk(actor: Actor, kind: str, articles: list[int], **more: Any) -> BulkMove:
    """Make, start and do a move."""
    made = bulk_create(actor=actor, kind=kind, articles=articles, **more)
    bulk_start(actor=actor, made=made)
    jobs.run_due()
    made.refresh_from_db()
    return made


def said(made: BulkMove) -> tuple[int, int]:
    counts = bulk_counts(made)
    return counts["done"], counts["refused"]


def test_drafts_go_all_the_way_by_two_people(drafts: list[int], writer: Actor, reviewer: Actor) -> None:
    assert said(bulk(writer, "submit", drafts)) == (3, 0)
    assert said(bulk(reviewer, "approve", drafts)) == (3, 0)
    assert said(bulk(reviewer, "publish", drafts)) == (3, 0)
    assert Article.objects.published().count() == 3
    assert set(Revision.objects.values_list("reviewer_id", flat=True)) == {reviewer.id}


@pytest.mark.row("R7")
def test_nobody_approves_what_they_wrote_a_part_of(drafts: list[int], writer: Actor, reviewer: Actor) -> None:
    first = Article.objects.get(pk=drafts[0])
    revision_save_draft(actor=reviewer, article=first, base_number=1, title="Question 0?", body="Mine.")
    bulk(writer, "submit", drafts)
    made = bulk_create(actor=reviewer, kind="approve", articles=drafts)
    assert bulk_forecast(made) == [
        ("of 3 can be approved by you as they are now", 2),
        ("hold text that you wrote: somebody else has to review it", 1),
    ]
    bulk_start(actor=reviewer, made=made)
    jobs.run_due()
    assert said(made) == (2, 1)
    assert bulk_refusals(made) == [
        ("You wrote a part of this text. Somebody else has to review it.", 1),
    ]
    assert list(Revision.objects.filter(state="in_review").values_list("article_id", flat=True)) == [first.pk]


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("approve", "Its newest text is not in review, it is draft."),
        ("publish", "Its newest text is not approved, it is draft."),
    ],
)
def test_what_is_not_in_its_state_is_refused_with_the_reason(
    kind: str, reason: str, drafts: list[int], reviewer: Actor
) -> None:
    before = Activity.objects.filter(verb__startswith="revision.").count()
    made = bulk(reviewer, kind, drafts)
    assert (said(made), bulk_refusals(made)) == ((0, 3), [(reason, 3)])
    assert Activity.objects.filter(verb__startswith="revision.").count() == before
    assert set(Revision.objects.values_list("state", flat=True)) == {"draft"}


def test_an_article_for_nobody_is_not_published(writer: Actor, reviewer: Actor) -> None:
    revision = article_create(actor=writer, slug="a", title="A?", body=BODY)
    revision_submit(actor=writer, revision=revision)
    revision_approve(actor=reviewer, revision=revision)
    made = bulk_create(actor=reviewer, kind="publish", articles=[revision.article_id])
    assert bulk_forecast(made)[-1] == ("will be refused: nobody has said whom they are for", 1)
    bulk_start(actor=reviewer, made=made)
    jobs.run_due()
    assert bulk_refusals(made) == [("Say first whom the article is for: choose audiences, or “everyone”.", 1)]


def test_an_audience_is_set_and_taken_back(
    drafts: list[int], writer: Actor, audience_value: Callable[..., AudienceValue]
) -> None:
    team = audience_value("tier", "team")
    some, none, everyone = Article.objects.filter(pk__in=drafts).order_by("pk")
    article_set_audience(actor=writer, article=some, for_everyone=False, values=[team])
    article_set_audience(actor=writer, article=none, for_everyone=False)
    made = bulk(writer, "everyone", drafts)
    assert said(made) == (2, 1)
    assert bulk_refusals(made) == [("It is for everyone already.", 1)]
    assert bulk_undo(actor=writer, made=made) == {"waiting": 0, "done": 0, "refused": 1, "undone": 2}
    for article, before in ((some, (False, [team])), (none, (False, [])), (everyone, (True, []))):
        article.refresh_from_db()
        assert (article.for_everyone, list(article.audience_values.all())) == before


def test_what_somebody_has_changed_since_is_not_taken_back(
    drafts: list[int], writer: Actor, audience_value: Callable[..., AudienceValue]
) -> None:
    article = Article.objects.get(pk=drafts[0])
    article_set_audience(actor=writer, article=article, for_everyone=False)
    made = bulk(writer, "everyone", drafts[:1])
    team = audience_value("tier", "team")
    article_set_audience(actor=writer, article=article, for_everyone=False, values=[team])
    assert bulk_undo(actor=writer, made=made)["undone"] == 0
    assert BulkMoveRow.objects.get().reason == "Not taken back: Somebody has changed the audience since."
    assert list(article.audience_values.all()) == [team]


def test_labels_are_added_and_taken_back(drafts: list[int], writer: Actor) -> None:
    article = Article.objects.get(pk=drafts[0])
    article_set_labels(actor=writer, article=article, names=["old", "new"])
    made = bulk(writer, "label", drafts, labels=["new", " newer "])
    assert said(made) == (3, 0)
    assert [label.name for label in article.labels.all()] == ["new", "newer", "old"]
    bulk_undo(actor=writer, made=made)
    assert [label.name for label in article.labels.all()] == ["new", "old"]
    assert said(bulk(writer, "label", drafts[:1], labels=["old"])) == (0, 1)


@pytest.mark.row("R17")
def test_a_killed_job_goes_on_and_does_nothing_twice(
    drafts: list[int], writer: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = bulk_create(actor=writer, kind="submit", articles=drafts)
    bulk_start(actor=writer, made=made)
    row = made.rows.order_by("pk").first()
    assert row is not None
    BulkMove.objects.filter(pk=made.pk).update(state="running")
    revision_submit(actor=writer, revision=Revision.objects.get(article_id=row.article_id))
    made.rows.filter(pk=row.pk).update(outcome="done")
    assert bulk_run(made.pk, progress=lambda *told: None)["done"] == 3  # type: ignore[arg-type]
    assert Activity.objects.filter(verb="revision.submitted").count() == 3
    assert bulk_run(made.pk, progress=lambda *told: None) == {"state": "done"}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "articles", "labels", "refusal"),
    [
        ("archive", [1], [], InvalidInput),
        ("submit", [], [], InvalidInput),
        ("submit", list(range(5_001)), [], InvalidInput),
        ("label", [1], [" "], InvalidInput),
        ("label", [1], ["x" * 61], InvalidInput),
    ],
)
def test_what_cannot_be_meant_is_refused(
    kind: str, articles: list[int], labels: list[str], refusal: type[Exception], writer: Actor
) -> None:
    with pytest.raises(refusal):
        bulk_create(actor=writer, kind=kind, articles=articles, labels=labels)
    assert BulkMove.objects.count() == 0


def test_nobody_does_what_they_may_not_or_what_another_chose(
    drafts: list[int], writer: Actor, reviewer: Actor, make_user: Callable[..., User]
) -> None:
    nina = Actor.of_user(make_user("nina", "kb.view_article"))
    with pytest.raises(NotAllowed):
        bulk_create(actor=nina, kind="submit", articles=drafts)
    made = bulk_create(actor=writer, kind="approve", articles=drafts)
    with pytest.raises(NotAllowed):
        bulk_start(actor=reviewer, made=made)
    with pytest.raises(Conflict):
        bulk_undo(actor=writer, made=made)
    assert Job.objects.filter(task="kb.tasks.bulk_move").count() == 0


def test_who_lost_the_right_meanwhile_moves_nothing(drafts: list[int], writer: Actor) -> None:
    made = bulk_create(actor=writer, kind="submit", articles=drafts)
    bulk_start(actor=writer, made=made)
    User.objects.get(pk=writer.id).user_permissions.clear()
    jobs.run_due()
    assert said(made) == (0, 3)
    assert set(Revision.objects.values_list("state", flat=True)) == {"draft"}


def press(client: Client, action: str, ids: list[int], **more: str) -> str:
    """Choose the action in the list of articles; return where it leads."""
    answer = client.post(
        reverse("admin:kb_article_changelist"), {"action": action, "_selected_action": ids, **more}
    )
    assert answer.status_code == 302
    return str(answer["Location"])


def test_the_list_of_articles_leads_to_a_page_that_says_what_will_happen(
    drafts: list[int], make_user: Callable[..., User], sign_in: Callable[[User], Client]
) -> None:
    client = sign_in(make_user("ann", *WRITER))
    address = press(client, "submit_selected", drafts)
    page = client.get(address)
    assert "of 3 can be moved as they are now" in page.content.decode()
    assert set(Revision.objects.values_list("state", flat=True)) == {"draft"}
    done = client.post(address, {"_seen": ""}, follow=True)
    assert done.status_code == 200
    jobs.run_due()
    shown = client.get(
        reverse("admin:kb_bulkmove_change", args=(BulkMove.objects.get().pk,))
    ).content.decode()
    assert "Article by article" in shown
    assert "Question 2?" in shown
    assert set(Revision.objects.values_list("state", flat=True)) == {"in_review"}


def test_labels_are_typed_beside_the_action(
    drafts: list[int], make_user: Callable[..., User], sign_in: Callable[[User], Client]
) -> None:
    client = sign_in(make_user("ann", *WRITER))
    press(client, "label_selected", drafts, new_labels="one, two")
    assert BulkMove.objects.get().labels == ["one", "two"]
    press(client, "label_selected", drafts)  # nothing typed: refused, told on the list
    assert BulkMove.objects.count() == 1


def test_a_reviewer_is_offered_no_more_than_they_may(
    drafts: list[int], make_user: Callable[..., User], sign_in: Callable[[User], Client]
) -> None:
    client = sign_in(make_user("rita", *[one for one in REVIEWER if one != "kb.change_article"]))
    page = client.get(reverse("admin:kb_article_changelist")).content.decode()
    assert 'value="approve_selected"' in page
    assert 'value="submit_selected"' not in page
    assert 'value="everyone_selected"' not in page


@pytest.mark.row("8.7")
def test_the_result_costs_the_same_queries_for_three_and_thirty(
    draft: Callable[..., Revision],
    make_user: Callable[..., User],
    sign_in: Callable[[User], Client],
    writer: Actor,
    django_assert_max_num_queries: Any,
) -> None:
    client = sign_in(make_user("ann", *WRITER))
    ids = [draft(f"a{n}", f"Question {n}?").article_id for n in range(30)]
    for chosen in (ids[:3], ids):
        made = bulk(writer, "label", chosen, labels=[f"l{len(chosen)}"])
        address = reverse("admin:kb_bulkmove_change", args=(made.pk,))
        client.get(address)
        with django_assert_max_num_queries(16):
            assert client.get(address).status_code == 200
