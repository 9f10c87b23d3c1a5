"""What a search returns: citations, exclusions, the reader's page, and its cost."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core import jobs
from core.actors import Actor
from core.errors import InvalidInput
from kb.contracts import Audience
from kb.models import Article, IndexVersion, ProductPage, Revision
from kb.retrieval import search
from kb.review import revision_submit
from kb.services import product_page_save, revision_save_draft

pytestmark = pytest.mark.django_db
Live = Callable[..., Article]

BILLING = """\
# How do I change my card?

Open the payment settings and choose **Replace card**. You can change it at any time.

## What this does NOT cover

- Refunds for a charge that you did not expect
"""
PROFILE = """\
# How do I change my profile picture?

Open your profile settings and choose **Replace picture**. You can change it at any time.
"""


@pytest.mark.row("2.14")
def test_every_hit_cites_article_revision_anchor_and_a_verbatim_quote(live: Live, settings: object) -> None:
    settings.ARTICLE_URL = "https://help.example/{slug}/{id}"  # type: ignore[attr-defined]
    article = live()
    result = search("the mail for my password never arrived", audience=Audience())
    hit = result.hits[0]
    revision = Revision.objects.get()
    assert (hit.article_id, hit.revision_id, hit.title) == (
        article.pk,
        revision.pk,
        "How do I reset my password?",
    )
    assert hit.anchor == "the-mail-does-not-arrive"
    assert hit.quote == "Look into the spam folder, then ask your administrator."
    assert hit.quote in revision.body
    assert hit.url == f"https://help.example/reset-password/{article.pk}#the-mail-does-not-arrive"
    assert 0.3 < hit.score <= 1
    assert result.index_version == IndexVersion.objects.get().number


@pytest.mark.row("2.11")
def test_only_the_published_revision_is_found(live: Live, writer: Actor) -> None:
    article = live()
    new = revision_save_draft(
        actor=writer,
        article=article,
        base_number=1,
        title=article.title,
        body="# Reset\n\nAbracadabra zebra.",
    )
    revision_submit(actor=writer, revision=new)
    jobs.run_due()
    hits = search("abracadabra zebra reset", audience=Audience()).hits
    assert {hit.revision_id for hit in hits} == {article.published_revision_id}
    assert all("zebra" not in hit.quote for hit in hits)


@pytest.mark.row("2.11")
def test_a_text_that_was_replaced_is_not_found_before_the_new_one_is_indexed(
    live: Live, publish: Callable[[Revision], Article], writer: Actor
) -> None:
    article = live()
    publish(
        revision_save_draft(
            actor=writer,
            article=article,
            base_number=1,
            title="Reset",
            body="# Reset\n\nAsk your administrator.",
        )
    )
    assert search("reset password", audience=Audience()).hits == ()
    jobs.run_due()
    assert [hit.quote for hit in search("reset password", audience=Audience()).hits] == [
        "Ask your administrator."
    ]


@pytest.mark.row("2.6")
def test_a_query_that_an_article_excludes_is_out_of_scope(live: Live) -> None:
    article = live("change-card", "How do I change my card?", BILLING)
    result = search("I want a refund for a charge I did not expect", audience=Audience())
    assert result.out_of_scope is not None
    assert (result.out_of_scope.article_id, result.out_of_scope.title) == (
        article.pk,
        "How do I change my card?",
    )
    assert result.out_of_scope.text == "- Refunds for a charge that you did not expect"
    assert search("how do I change my card", audience=Audience()).out_of_scope is None


@pytest.mark.row("2.7")
def test_the_readers_page_decides_between_articles_that_a_vague_query_leaves_close(
    live: Live, writer: Actor
) -> None:
    page = ProductPage(name="Billing settings", pattern="/settings/billing/**")
    product_page_save(actor=writer, page=page)
    billing = live("change-card", "How do I change my card?", BILLING, pages=(page,))
    profile = live("change-picture", "How do I change my profile picture?", PROFILE)

    def ranked(page: str) -> list[int]:
        return [
            hit.article_id
            for hit in search("where do I change my settings", audience=Audience(), page=page).hits
        ]

    assert ranked("/") == ranked("") == ranked("/profile/me") == [profile.pk, billing.pk]
    assert ranked("/settings/billing") == [billing.pk, profile.pk]
    assert ranked("https://app.example/settings/billing/cards?tab=2#top") == [billing.pk, profile.pk]


@pytest.mark.parametrize("query", ["", "   ", "???", "\n", "a" * 5000])
def test_a_query_without_words_or_sense_is_answered_without_failing(live: Live, query: str) -> None:
    live()
    assert isinstance(search(query, audience=Audience()).hits, tuple)


def test_an_unknown_method_is_refused(db: None) -> None:
    with pytest.raises(InvalidInput):
        search("x", audience=Audience(), method="magic")


def test_an_empty_knowledge_base_finds_nothing(db: None) -> None:
    result = search("password", audience=Audience())
    assert (result.hits, result.out_of_scope, result.index_version) == ((), None, 0)


@pytest.mark.row("7.8")
def test_a_search_takes_two_queries_however_many_articles_there_are(live: Live, writer: Actor) -> None:
    page = ProductPage(name="Anything", pattern="/**")
    product_page_save(actor=writer, page=page)

    def cost() -> int:
        search("warm up", audience=Audience("admin", "team"), page="/x")
        with CaptureQueriesContext(
            connection,
        ) as queries:
            search("topic text", audience=Audience("admin", "team"), page="/x")
        return len(queries)

    for number in range(3):
        live(f"few-{number}", f"Topic {number}", "# Topic\n\nText.", pages=(page,))
    few = cost()
    for number in range(12):
        live(f"many-{number}", f"Topic {number}", "# Topic\n\nText.", pages=(page,))
    assert (few, cost()) == (2, 2)


@pytest.mark.row("2.11", "2.14")
def test_a_text_that_is_replaced_while_the_search_ranks_is_not_cited(
    live: Live, publish: Callable[[Revision], Article], writer: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    article = live()
    assert len(search("reset password", audience=Audience()).hits) == 1

    def publish_meanwhile(index: object, page: str) -> set[int]:
        publish(
            revision_save_draft(
                actor=writer, article=article, base_number=1, title="New", body="# New\n\nText."
            )
        )
        return set()

    monkeypatch.setattr("kb.retrieval._ids_on_page", publish_meanwhile)
    assert search("reset password", audience=Audience()).hits == ()
