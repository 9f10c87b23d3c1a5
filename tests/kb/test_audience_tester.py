"""The audience tester: the same readers as the search has, each hidden article with what hides it."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from playwright.sync_api import Page, expect

from core.actors import Actor
from core.models import Activity, User
from kb.contracts import Audience
from kb.index_loading import fresh_index
from kb.models import Article, ArticleIndexState, AudienceValue, ProductPage, Revision
from kb.retrieval import readable_ids, search
from kb.review import article_archive
from kb.services import article_set_audience
from kb.sight import Reason, Verdict, verdicts
from tests.kb.test_access import KINDS, VALUES, random_audience

pytestmark = pytest.mark.django_db
TESTER, TRY = "/admin/kb/article/audience/", "/admin/kb/productpage/try/"
Live = Callable[..., Article]
SignIn = Callable[[User], Client]
SCOPE = "\n## What this does NOT cover\n\n- Deleting an invoice that was paid.\n"


@pytest.fixture
def kim(make_user: Callable[..., User], sign_in: SignIn) -> Client:
    return sign_in(make_user("kim", "kb.view_article", "kb.view_productpage"))


def verdict_on(article: Article, audience: Audience, page: str = "") -> Verdict:
    return next(one for one in verdicts(audience, page) if one.article_id == article.pk)


@pytest.mark.row("2.4", "2.5")
def test_every_verdict_names_each_facet_that_hides_and_what_the_reader_has(
    live: Live, audience_value: Callable[..., AudienceValue]
) -> None:
    team, enterprise = audience_value("tier", "team"), audience_value("tier", "enterprise")
    admin = audience_value("user_type", "admin")
    article = live("sso", "How do I set up SSO?", values=(team, enterprise, admin))
    assert verdict_on(article, Audience(user_type="admin", tier="team")) == Verdict(
        article.pk,
        "How do I set up SSO?",
        "sso",
        True,
        False,
        (
            Reason("matched", "Subscription tier: “Team” matches."),
            Reason("matched", "User type: “Admin” matches."),
        ),
    )
    assert verdict_on(article, Audience(user_type="admin", tier="starter")).reasons == (
        Reason("audience", "Subscription tier: it is for “Enterprise” or “Team”; the reader's is “starter”."),
    )
    assert verdict_on(article, Audience()).reasons == (
        Reason("audience", "User type: it is for “Admin”; the reader's is unknown."),
        Reason("audience", "Subscription tier: it is for “Enterprise” or “Team”; the reader's is unknown."),
    )
    everyone = live("reset-password")
    assert verdict_on(everyone, Audience()).reasons == (Reason("everyone", "It is for everyone."),)


@pytest.mark.row("2.5")
def test_what_is_not_published_expired_archived_or_not_indexed_says_so(
    live: Live,
    draft: Callable[..., Revision],
    publish: Callable[[Revision], Article],
    reviewer: Actor,
    writer: Actor,
) -> None:
    now = timezone.now()
    unwritten = draft("draft", "A draft?").article
    expired, archived = live("expired", "Expired?"), live("archived", "Archived?")
    verdicts(Audience())  # the set of readable ids is remembered, as it is between two searches
    Article.objects.filter(pk=expired.pk).update(expires_at=now - timedelta(minutes=1))
    article_archive(actor=writer, article=archived)
    waiting = publish(draft("waiting", "Waiting?"))
    found = {one.slug: (one.is_readable, one.reasons) for one in verdicts(Audience())}
    assert found == {
        "draft": (False, (Reason("unpublished", "No text of it is published."),)),
        "expired": (False, (Reason("expired", f"It expired on {now - timedelta(minutes=1):%Y-%m-%d}."),)),
        "archived": (False, (Reason("archived", f"It was archived on {now:%Y-%m-%d}."),)),
        "waiting": (False, (Reason("unindexed", "The index does not hold its published text yet."),)),
    }
    article_set_audience(actor=writer, article=unwritten, for_everyone=False)
    assert [reason.kind for reason in verdict_on(unwritten, Audience()).reasons] == [
        "unpublished",
        "audience",
    ]
    assert not ArticleIndexState.objects.filter(article=waiting, revision__isnull=False).exists()


@pytest.mark.row("2.5")
def test_the_tester_sees_what_the_search_sees_for_300_random_readers(
    live: Live, writer: Actor, audience_value: Callable[..., AudienceValue]
) -> None:
    rng = random.Random(7)
    rows = {(kind, value): audience_value(kind, value) for kind in KINDS for value in VALUES[kind]}
    for number in range(14):
        chosen = rng.sample(sorted(rows), rng.choice([0, 1, 1, 2, 3]))
        live(f"a-{number}", f"How do I reset number {number}?", values=tuple(rows[pair] for pair in chosen))
    Article.objects.filter(slug__in=("a-0", "a-1")).update(archived_at=timezone.now())
    seen = hidden = 0
    for _ in range(300):
        audience = random_audience(rng)
        readable = {one.article_id for one in verdicts(audience) if one.is_readable}
        live_ids = set(Article.objects.published().values_list("pk", flat=True))
        assert readable == readable_ids(fresh_index(), audience) & live_ids
        assert all(one.reasons for one in verdicts(audience))
        hits = search("How do I reset it?", audience=audience, limit=50).hits
        assert {hit.article_id for hit in hits} <= readable
        seen, hidden = seen + len(readable), hidden + 14 - len(readable)
    assert seen > 500
    assert hidden > 500


@pytest.mark.row("2.5", "2.7")
def test_a_question_is_ranked_as_the_search_ranks_it_with_and_without_the_page(
    live: Live, kim: Client, audience_value: Callable[..., AudienceValue]
) -> None:
    billing = ProductPage.objects.create(name="Billing", pattern="/settings/billing/**")
    team = audience_value("tier", "team")
    live("cards", "How do I change my card?", "# Card\n\nOpen **Billing**.\n" + SCOPE, pages=(billing,))
    live("reset-password")
    live("secret", "How do I change my secret card?", values=(team,), pages=(billing,))
    asked = {"page": "/settings/billing/cards", "question": "how do I change it?"}
    page = kim.get(TESTER, asked)
    here = search(asked["question"], audience=Audience(), page=asked["page"], limit=10).hits
    away = search(asked["question"], audience=Audience(), limit=50).hits
    shown = page.context["hits"]
    assert [one.hit for one in shown] == list(here)
    assert shown[0].hit.title == "How do I change my card?"
    assert shown[0].is_lifted
    plain = {hit.article_id: (rank, hit.score) for rank, hit in enumerate(away, start=1)}
    assert all((one.plain_rank, one.plain_score) == plain[one.hit.article_id] for one in shown)
    assert shown[0].hit.score > shown[0].plain_score
    assert [tile["count"] for tile in page.context["tiles"]] == [2, 1, 1]
    assert "The address is one of" in page.content.decode()
    excluded = kim.get(TESTER, {"question": "deleting an invoice that was paid"})
    assert excluded.context["excluded"].text == "- Deleting an invoice that was paid."
    assert "says that it does not cover this" in excluded.content.decode()


@pytest.mark.row("2.4", "2.5", "2.7")
def test_an_article_leads_to_the_tester_filled_in_and_back(
    live: Live, sign_in: SignIn, writer: Actor, audience_value: Callable[..., AudienceValue]
) -> None:
    page = ProductPage.objects.create(name="Keys", pattern="/settings/*/keys/**")
    article = live("keys", values=(audience_value("tier", "team"),), pages=(page,))
    wanda = sign_in(User.objects.get(pk=writer.id))
    readers = wanda.get(f"/admin/kb/article/{article.pk}/change/").context["readers"]
    assert readers["described"] == ["Subscription tier: Team"]
    assert readers["url"] == f"{TESTER}?article={article.pk}&tier=team&page=%2Fsettings%2Fexample%2Fkeys"
    met = wanda.get(readers["url"])
    assert (met.context["chosen"].is_readable, met.context["chosen"].is_lifted) == (True, True)
    assert "Sees it" in met.content.decode()
    unknown = wanda.get(readers["unknown_url"])
    assert unknown.context["chosen"].is_readable is False
    assert "Does not see it" in unknown.content.decode()
    assert f'href="/admin/kb/article/{article.pk}/change/"' in unknown.content.decode()
    gone = wanda.get(TESTER, {"article": 10**9}).content.decode()
    assert "There is no article number 1000000000 any more." in gone


@pytest.mark.row("2.5")
def test_the_list_is_searched_filtered_by_what_hides_and_paged(
    kim: Client, draft: Callable[..., Revision], audience_value: Callable[..., AudienceValue]
) -> None:
    owner_id = draft("d-0", "Draft 0?").article.owner_id
    Article.objects.bulk_create(
        Article(slug=f"d-{number}", title=f"Draft {number:02}?", owner_id=owner_id) for number in range(1, 30)
    )
    page = kim.get(TESTER, {"show": "hidden"})
    assert [(row["kind"], row["count"]) for row in page.context["hidden_by"]] == [
        ("audience", 29),
        ("unpublished", 30),
    ]
    assert (page.context["listed"].paginator.count, len(page.context["listed"])) == (30, 25)
    assert len(kim.get(TESTER, {"show": "hidden", "p": 2}).context["listed"]) == 5
    assert len(kim.get(TESTER, {"show": "hidden", "p": "x"}).context["listed"]) == 25
    assert kim.get(TESTER, {"show": "hidden", "why": "audience"}).context["listed"].paginator.count == 29
    one = kim.get(TESTER, {"show": "hidden", "q": "dRAFT 07"}).context["listed"]
    assert [row.slug for row in one] == ["d-7"]
    assert "This reader may read nothing" in kim.get(TESTER).content.decode()
    assert "No title here holds" in kim.get(TESTER, {"q": "<nothing>"}).content.decode()


@pytest.mark.row("2.5", "8.7")
def test_the_number_of_queries_does_not_grow_with_the_articles(live: Live, kim: Client) -> None:
    pages = [ProductPage.objects.create(name=f"P{n}", pattern=f"/p/{n}") for n in range(12)]
    asked = {"page": "/p/1", "question": "How do I reset my password?", "show": "readable"}

    def queries() -> int:
        kim.get(TESTER, asked)
        with CaptureQueriesContext(
            connection,
        ) as caught:
            assert kim.get(TESTER, asked).status_code == 200
        return len(caught)

    live("first", pages=(pages[1],))
    few = queries()
    for number in range(8):
        live(f"more-{number}", pages=tuple(pages[: number + 1]))
    assert queries() == few
    assert few <= 25


@pytest.mark.row("2.5", "8.1")
def test_who_may_not_see_articles_and_what_is_no_reader_is_refused(
    kim: Client,
    live: Live,
    make_user: Callable[..., User],
    sign_in: SignIn,
    audience_value: Callable[..., AudienceValue],
) -> None:
    audience_value("tier", "team")
    live()
    stranger = sign_in(make_user("sam", "kb.view_productpage"))
    assert stranger.get(TESTER).status_code == 403
    assert kim.post(TESTER).status_code == 405
    before = Activity.objects.count(), Article.objects.count(), AudienceValue.objects.count()
    for wrong, said in (
        ({"tier": "gold"}, "Subscription tier: Select a valid choice."),
        ({"page": "http://["}, "On the page: Write an address of your product"),
        ({"question": "x" * 501}, "Asks: Ensure this value has at most 500 characters"),
        ({"show": "everything"}, "Select a valid choice."),
    ):
        page = kim.get(TESTER, wrong)
        assert (page.status_code, "tiles" in page.context) == (200, False), wrong
        assert said in page.content.decode(), wrong
    assert kim.get(TESTER, {"question": "a\x00b"}).status_code == 400
    after = Activity.objects.count(), Article.objects.count(), AudienceValue.objects.count()
    assert after == before


@pytest.mark.row("2.5")
def test_an_empty_knowledge_base_says_what_to_do_next(
    kim: Client, sign_in: SignIn, make_user: Callable[..., User]
) -> None:
    page = kim.get(TESTER).content.decode()
    assert "There are no articles yet." in page
    assert "Write the first article" not in page
    writer = sign_in(make_user("wim", "kb.view_article", "kb.add_article"))
    assert 'href="/admin/kb/article/add/"' in writer.get(TESTER).content.decode()


@pytest.mark.row("2.4", "2.7")
def test_the_lists_count_their_articles_and_lead_to_the_tester(
    live: Live, make_user: Callable[..., User], sign_in: SignIn, audience_value: Callable[..., AudienceValue]
) -> None:
    page = ProductPage.objects.create(name="Billing", pattern="/settings/billing/**")
    team = audience_value("tier", "team")
    live("one", values=(team,), pages=(page,))
    live("two", values=(team,), pages=(page,))
    root = sign_in(make_user("root", superuser=True))
    for address, link in (
        ("/admin/kb/audiencevalue/", f"{TESTER}?tier=team"),
        ("/admin/kb/productpage/", f"{TESTER}?page=%2Fsettings%2Fbilling"),
    ):
        shown = root.get(address)
        text = shown.content.decode()
        assert f'href="{link}"' in text
        assert f'href="{TESTER}"' in text
        assert "kb.Article.None" not in text
        model_admin, rows = shown.context["cl"].model_admin, shown.context["cl"].result_list
        assert [model_admin.used_by(row) for row in rows] == [2]


@pytest.mark.row("2.7")
def test_addresses_are_tried_on_a_pattern_and_on_all_pages_and_nothing_is_saved(
    kim: Client, live: Live
) -> None:
    billing = ProductPage.objects.create(name="Billing", pattern="/settings/billing/**")
    ProductPage.objects.create(name="Items", pattern="/items/*")
    live(pages=(billing,))
    before = Activity.objects.count(), ProductPage.objects.count()
    typed = "https://app.example/settings/billing/cards?x=1\n\n/items/7/\r\nhttp://[\n"
    page = kim.get(TRY, {"pattern": "/settings/**", "addresses": typed})
    assert [(one.path, one.is_match, [row.name for row in one.pages]) for one in page.context["tried"]] == [
        ("/settings/billing/cards", True, ["Billing"]),
        ("/items/7", False, ["Items"]),
        ("", False, []),
    ]
    text = page.content.decode()
    assert "/settings/billing/**, 1 article<" in text
    assert "no address" in text
    bad = kim.get(TRY, {"pattern": "settings", "addresses": "/settings"})
    assert bad.context["problem"] == "Start the pattern with a slash, for example /settings/billing."
    assert [one.is_match for one in bad.context["tried"]] == [False]
    many = kim.get(TRY, {"addresses": "\n".join(f"/{n}" for n in range(60))})
    assert (len(many.context["tried"]), many.context["left_out"]) == (50, 10)
    assert (Activity.objects.count(), ProductPage.objects.count()) == before
    assert kim.post(TRY, {"pattern": "/x"}).status_code == 405


@pytest.mark.row("2.7", "8.1")
def test_who_may_not_see_product_pages_does_not_try_them(
    make_user: Callable[..., User], sign_in: SignIn
) -> None:
    assert sign_in(make_user("sam", "kb.view_article")).get(TRY).status_code == 403


@pytest.mark.browser
@pytest.mark.row("2.5", "8.12")
@pytest.mark.django_db(transaction=True)
def test_the_tester_is_worked_with_the_keyboard_and_fits_a_phone(
    page: Page,
    live_server: Any,
    live: Live,
    kim: Client,
    audience_value: Callable[..., AudienceValue],
) -> None:
    live(
        "keys", "How do I make an API key for the whole workspace?", values=(audience_value("tier", "team"),)
    )
    cookie = kim.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}]
    )
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(live_server.url + TESTER)
    expect(page.locator("#list")).to_contain_text("This reader may read nothing.")
    page.focus("#id_tier")
    page.keyboard.press("ArrowDown")
    for _ in range(3):
        page.keyboard.press("Tab")
    page.keyboard.type("how do I make a key?")
    page.keyboard.press("Enter")
    page.wait_for_url("**tier=team**")
    expect(page.locator("#hits-title")).to_have_text("What “how do I make a key?” finds")
    expect(page.locator("#list")).to_contain_text("Subscription tier: “Team” matches.")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
