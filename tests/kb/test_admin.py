"""The knowledge base in the admin: lists, the form, its buttons, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.actors import Actor
from core.models import Activity, Job, User
from kb.models import Article, AudienceValue, ProductPage, Revision
from kb.review import revision_approve, revision_submit
from kb.services import article_set_audience, article_set_labels, revision_save_draft
from tests.kb.conftest import BODY

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
LIST, ADD = "/admin/kb/article/", "/admin/kb/article/add/"


@pytest.fixture
def writers_browser(sign_in: SignIn, writer: Actor) -> Client:
    """The writer's browser."""
    return sign_in(User.objects.get(pk=writer.id))


@pytest.fixture
def reviewers_browser(sign_in: SignIn, reviewer: Actor) -> Client:
    return sign_in(User.objects.get(pk=reviewer.id))


def fields(owner: int, **changes: Any) -> dict[str, Any]:
    return {
        "title": "How do I reset my password?",
        "body": BODY,
        "summary": "First text",
        "base_number": 0,
        "slug": "reset-password",
        "owner": owner,
        "review_by": "",
        "label_names": "login, access",
        **changes,
    }


def change_url(article: Article) -> str:
    return f"{LIST}{article.pk}/change/"


def move_url(obj: Article | Revision, name: str) -> str:
    return f"/admin/kb/{obj._meta.model_name}/{obj.pk}/move/{name}/"


def press(writers_browser: Client, obj: Article | Revision, name: str, **data: Any) -> Any:
    """Open the button's page and confirm what it says."""
    page = writers_browser.get(move_url(obj, name))
    if page.status_code != 200:
        return page
    return writers_browser.post(move_url(obj, name), {"_seen": page.context["seen"], **data})


@pytest.mark.row("2.4", "2.7")
def test_the_form_makes_an_article_with_text_audience_pages_and_labels(
    writers_browser: Client, writer: Actor, audience_value: Callable[..., AudienceValue]
) -> None:
    tier = audience_value("tier", "team")
    page = ProductPage.objects.create(name="Profile", pattern="/profile")
    assert writers_browser.get(ADD).status_code == 200
    data = fields(writer.id or 0, tiers=[tier.pk], product_pages=[page.pk], review_by="2027-01-31")
    response = writers_browser.post(ADD, {**data, "_continue": "1"})
    article = Article.objects.get()
    assert (response.status_code, response["Location"]) == (302, change_url(article))
    assert (article.slug, article.title, article.owner_id) == ("reset-password", data["title"], writer.id)
    assert list(article.audience_values.all()) == [tier]
    assert list(article.pages.all()) == [page]
    assert [label.name for label in article.labels.all()] == ["access", "login"]
    assert str(article.review_by) == "2027-01-31"
    revision = article.revisions.get()
    assert (revision.number, revision.body, revision.summary) == (1, BODY.strip(), "First text")
    assert writers_browser.get(change_url(article)).status_code == 200


@pytest.mark.row("2.11", "R22")
def test_a_save_over_a_newer_revision_shows_the_difference_and_keeps_what_was_typed(
    writers_browser: Client, draft: Callable[..., Revision], writer: Actor, reviewer: Actor
) -> None:
    article = draft().article
    revision_save_draft(actor=reviewer, article=article, base_number=1, title="T", body="Theirs <b>.")
    article.refresh_from_db()
    before = Activity.objects.count()
    mine = fields(writer.id or 0, base_number=1, body="Mine <i>.", for_everyone="on")
    response = writers_browser.post(change_url(article), mine)
    page = response.content.decode()
    assert response.status_code == 409
    assert "rene saved revision 2 while you were editing revision 1" in page
    assert "-Theirs &lt;b&gt;." in page
    assert "+Mine &lt;i&gt;." in page
    assert response.context["adminform"].form["body"].value() == "Mine <i>."
    assert response.context["adminform"].form["base_number"].value() == "2"
    assert article.revisions.count() == 2
    assert Activity.objects.count() == before
    assert writers_browser.post(change_url(article), {**mine, "base_number": 2}).status_code == 302
    assert article.revisions.get(number=3).body == "Mine <i>."


@pytest.mark.row("R4")
def test_the_form_cannot_reach_what_it_does_not_offer(
    writers_browser: Client, draft: Callable[..., Revision], writer: Actor
) -> None:
    article = draft().article
    forged = {
        "state": "published",
        "published_revision": article.revisions.get().pk,
        "reviewer": writer.id,
        "latest_number": 99,
        "archived_at": "2026-01-01",
        "slug": "other",
    }
    data = fields(writer.id or 0, base_number=1, for_everyone="on", **forged)
    assert writers_browser.post(change_url(article), data).status_code == 302
    article.refresh_from_db()
    revision = article.revisions.latest("number")
    assert (article.slug, article.latest_number, article.published_revision_id) == ("reset-password", 1, None)
    assert (article.archived_at, revision.state, revision.reviewer_id) == (None, "draft", None)


@pytest.mark.row("2.11")
def test_the_buttons_take_a_draft_to_publication_by_two_people(
    writers_browser: Client, reviewers_browser: Client, draft: Callable[..., Revision]
) -> None:
    article = draft().article
    assert press(writers_browser, article, "submit").status_code == 302
    assert "Approve" not in writers_browser.get(change_url(article)).content.decode()
    assert press(writers_browser, article, "approve").status_code == 302  # back to the article, nothing done
    assert article.revisions.get().state == "in_review"
    page = reviewers_browser.get(move_url(article, "approve"))
    assert "The first text of this article" in page.content.decode()
    assert press(reviewers_browser, article, "approve").status_code == 302
    assert press(reviewers_browser, article, "publish").status_code == 302
    article = Article.objects.get()
    assert article.is_live
    assert article.revisions.get().reviewer_id is not None
    assert Job.objects.get().task == "kb.tasks.sync_article"


@pytest.mark.row("2.11", "R7")
def test_a_revision_that_was_replaced_between_page_and_click_is_not_approved(
    reviewers_browser: Client, draft: Callable[..., Revision], writer: Actor
) -> None:
    revision = draft()
    revision_submit(actor=writer, revision=revision)
    seen = reviewers_browser.get(move_url(revision.article, "approve")).context["seen"]
    newer = revision_save_draft(
        actor=writer, article=revision.article, base_number=1, title="T", body="Unread text."
    )
    revision_submit(actor=writer, revision=newer)
    response = reviewers_browser.post(move_url(revision.article, "approve"), {"_seen": seen})
    assert response.status_code == 409
    newer.refresh_from_db()
    assert newer.state == "in_review"


@pytest.mark.row("2.11")
def test_changes_are_requested_with_a_comment_from_the_revision_itself(
    reviewers_browser: Client, draft: Callable[..., Revision], writer: Actor
) -> None:
    revision = draft()
    revision_submit(actor=writer, revision=revision)
    assert press(reviewers_browser, revision, "request-changes", comment="").status_code == 400
    assert press(reviewers_browser, revision, "request-changes", comment="Name the menu.").status_code == 302
    revision.refresh_from_db()
    assert (revision.state, revision.review_comment) == ("changes_requested", "Name the menu.")


@pytest.mark.row("2.11")
def test_rollback_and_archive_have_buttons(
    writers_browser: Client,
    draft: Callable[..., Revision],
    publish: Callable[[Revision], Article],
    writer: Actor,
) -> None:
    first = draft()
    article = publish(first)
    article = publish(
        revision_save_draft(actor=writer, article=article, base_number=1, title="Wrong", body="Wrong.")
    )
    assert press(writers_browser, article, "rollback", to=first.pk).status_code == 302
    assert article.revisions.get(number=3).body == first.body
    assert press(writers_browser, article, "archive").status_code == 302
    assert press(writers_browser, article, "archive").status_code == 302  # no longer applies
    assert Activity.objects.filter(verb="article.archived").count() == 1
    assert press(writers_browser, article, "unarchive").status_code == 302
    assert Article.objects.get().archived_at is None


@pytest.mark.row("2.11")
def test_a_revision_shows_what_it_changes_word_by_word_and_escaped(
    writers_browser: Client,
    draft: Callable[..., Revision],
    publish: Callable[[Revision], Article],
    writer: Actor,
) -> None:
    article = publish(draft(body="# Topic\n\nAccess ends after 14 days <script>alert(1)</script>."))
    new = revision_save_draft(
        actor=writer,
        article=article,
        base_number=1,
        title=article.title,
        body="# Topic\n\nAccess ends after 30 days <script>alert(1)</script>.",
    )
    page = writers_browser.get(f"/admin/kb/revision/{new.pk}/change/").content.decode()
    assert "<del>14</del>" in page
    assert "<ins>30</ins>" in page
    assert "&lt;script&gt;" in page
    assert "<script>alert" not in page
    assert '<h1 id="topic">Topic</h1>' in page


@pytest.mark.row("R19")
def test_the_preview_is_rendered_by_the_server_and_sanitised(
    writers_browser: Client, client: Client, make_user: Any, sign_in: SignIn
) -> None:
    address = "/admin/kb/article/preview/"
    data = writers_browser.post(
        address, {"body": "**Hi** <img src=x onerror=alert(1)>[x](javascript:alert(1))"}
    ).json()
    assert "<strong>Hi</strong>" in data["html"]
    assert "onerror" not in data["html"]
    assert "href" not in data["html"]
    assert writers_browser.get(address).status_code == 405
    assert writers_browser.post(address, {"body": "x" * 100_001}).status_code == 400
    assert sign_in(make_user("ola")).post(address, {"body": "x"}).status_code == 403
    assert client.post(address, {"body": "x"}).status_code == 302
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(
        User.objects.get(username="wanda"), backend="django.contrib.auth.backends.ModelBackend"
    )
    assert strict.post(address, {"body": "x"}).status_code == 403


@pytest.mark.row("R1", "8.1")
def test_who_may_only_look_sees_everything_and_changes_nothing(
    draft: Callable[..., Revision], make_user: Callable[..., User], sign_in: SignIn
) -> None:
    article = draft().article
    looker = sign_in(make_user("ola", "kb.view_article", "kb.view_revision"))
    page = looker.get(change_url(article))
    assert page.status_code == 200
    assert "Submit for review" not in page.content.decode()
    assert looker.get(LIST).status_code == 200
    before = Activity.objects.count()
    assert looker.post(change_url(article), fields(1)).status_code == 403
    for name in ("submit", "approve", "request-changes", "publish", "rollback", "archive", "unarchive"):
        assert looker.post(move_url(article, name)).status_code == 403, name
    assert looker.get(ADD).status_code == 403
    assert Activity.objects.count() == before
    stranger = sign_in(make_user("sam"))
    revision = article.revisions.get()
    for address in (
        LIST,
        change_url(article),
        f"/admin/kb/revision/{revision.pk}/change/",
        "/admin/kb/revision/",
    ):
        assert stranger.get(address).status_code == 403, address


def test_nobody_deletes_an_article_or_edits_a_revision(
    make_user: Any, sign_in: SignIn, draft: Callable[..., Revision]
) -> None:
    root = sign_in(make_user("root", superuser=True))
    revision = draft()
    assert root.post(f"{LIST}{revision.article_id}/delete/", {"post": "yes"}).status_code == 403
    address = f"/admin/kb/revision/{revision.pk}"
    assert root.post(f"{address}/change/", {"body": "x"}).status_code == 403
    assert root.post(f"{address}/delete/", {"post": "yes"}).status_code == 403
    assert root.get("/admin/kb/revision/add/").status_code == 403
    assert Revision.objects.get().body == BODY.strip()


@pytest.mark.row("R29", "8.7")
def test_the_list_takes_as_many_queries_for_3_as_for_30_articles(
    draft: Callable[..., Revision],
    writers_browser: Client,
    writer: Actor,
    audience_value: Callable[..., AudienceValue],
) -> None:
    values = [audience_value("tier", "team"), audience_value("user_type", "admin")]

    def add(numbers: range) -> None:
        for number in numbers:
            article = draft(f"article-{number}").article
            article_set_audience(actor=writer, article=article, for_everyone=False, values=values)
            article_set_labels(actor=writer, article=article, names=["a"])

    def cost(address: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert writers_browser.get(address).status_code == 200
        return len(queries)

    addresses = [LIST, "/admin/kb/revision/", "/admin/kb/productpage/"]
    add(range(3))
    for address in addresses:
        writers_browser.get(address)
    few = [cost(address) for address in addresses]
    add(range(3, 30))
    assert [cost(address) for address in addresses] == few
    assert max(few) <= 25


@pytest.mark.parametrize(
    ("status", "found"),
    [
        ("published", {"live"}),
        ("draft", {"draft"}),
        ("in_review", {"waiting"}),
        ("approved", set()),
        ("archived", set()),
        ("unindexed", set()),
        ("due", {"live"}),
        ("nonsense", {"live", "draft", "waiting"}),
    ],
)
def test_the_list_is_filtered_by_status(
    writers_browser: Client,
    draft: Callable[..., Revision],
    live: Callable[..., Article],
    writer: Actor,
    status: str,
    found: set[str],
) -> None:
    Article.objects.filter(pk=live("live").pk).update(review_by="2020-01-01")
    draft("draft")
    revision_submit(actor=writer, revision=draft("waiting"))
    page = writers_browser.get(LIST, {"status": status})
    assert {article.slug for article in page.context["cl"].result_list} == found


def test_the_list_is_searched_and_filtered_by_audience_page_and_label(
    writers_browser: Client,
    draft: Callable[..., Revision],
    writer: Actor,
    audience_value: Callable[..., AudienceValue],
) -> None:
    one, _ = draft("one", "Export a list").article, draft("two", "Import a list")
    tier = audience_value("tier", "team")
    article_set_audience(actor=writer, article=one, for_everyone=False, values=[tier])
    article_set_labels(actor=writer, article=one, names=["csv"])
    label = one.labels.get()
    for query in ({"q": "export"}, {"audience_values__id__exact": tier.pk}, {"labels__id__exact": label.pk}):
        page = writers_browser.get(LIST, query)
        assert [article.slug for article in page.context["cl"].result_list] == ["one"], query


def test_bulk_actions_say_row_by_row_what_was_done_and_refused(
    writers_browser: Client, draft: Callable[..., Revision], reviewer: Actor, writer: Actor
) -> None:
    one, two = draft("one", "One").article, draft("two", "Two").article
    press(writers_browser, two, "archive")
    writers_browser.get(LIST)  # shows the message of the button
    chosen = {"_selected_action": [one.pk, two.pk]}
    page = writers_browser.post(LIST, {"action": "archive_selected", "new_owner": "", **chosen}, follow=True)
    said = sorted(str(message) for message in page.context["messages"])
    assert said == ["One: archived.", "Two: This article is archived already."]
    data = {"action": "set_owner_of_selected", "new_owner": reviewer.id, **chosen}
    page = writers_browser.post(LIST, data, follow=True)
    assert sorted(map(str, page.context["messages"])) == [
        "One: now belongs to rene.",
        "Two: now belongs to rene.",
    ]
    assert set(Article.objects.values_list("owner_id", flat=True)) == {reviewer.id}
    page = writers_browser.post(LIST, {**data, "new_owner": ""}, follow=True)
    assert [str(m) for m in page.context["messages"]] == ["Choose the new owner beside the action."]


@pytest.mark.row("2.7")
def test_a_page_pattern_is_checked(writers_browser: Client, make_user: Any, sign_in: SignIn) -> None:
    root = sign_in(make_user("root", superuser=True))
    address = "/admin/kb/productpage/add/"
    bad = root.post(address, {"name": "Bad", "pattern": "settings"})
    assert "Start the pattern with a slash" in bad.content.decode()
    assert ProductPage.objects.count() == 0
    good = {"name": "Billing", "pattern": "/settings/billing/**"}
    assert root.post(address, good).status_code == 302
    page_row = ProductPage.objects.get()
    assert root.post(f"/admin/kb/productpage/{page_row.pk}/delete/", {"post": "yes"}).status_code == 302
    assert list(Activity.objects.order_by("id").values_list("verb", flat=True)) == [
        "product_page.created",
        "product_page.deleted",
    ]


def test_an_audience_value_in_use_has_no_delete_button(
    make_user: Any, sign_in: SignIn, draft: Callable[..., Revision], writer: Actor, audience_value: Any
) -> None:
    tier, spare = audience_value("tier", "team"), audience_value("tier", "spare")
    article_set_audience(actor=writer, article=draft().article, for_everyone=False, values=[tier])
    root = sign_in(make_user("root", superuser=True))
    for value, status in ((tier, 403), (spare, 302)):
        address = f"/admin/kb/audiencevalue/{value.pk}/delete/"
        assert root.post(address, {"post": "yes"}).status_code == status
    chosen = {"action": "delete_selected", "_selected_action": [tier.pk], "post": "yes"}
    root.post("/admin/kb/audiencevalue/", chosen)
    assert list(AudienceValue.objects.all()) == [tier]


def test_an_approved_revision_is_published_from_its_own_page(
    writers_browser: Client, draft: Callable[..., Revision], writer: Actor, reviewer: Actor
) -> None:
    revision = draft()
    revision_submit(actor=writer, revision=revision)
    revision_approve(actor=reviewer, revision=revision)
    assert press(writers_browser, revision, "publish").status_code == 302
    assert Article.objects.get().published_revision_id == revision.pk
