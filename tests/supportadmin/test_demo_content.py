"""The demo company's files keep the promises that the guide makes about content."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from kb.markdown import outline
from supportadmin.demo.content import read_articles, read_intents, read_test_questions, read_workspace

GUIDE_INTENTS = {
    "billing_inquiry",
    "feature_request",
    "bug_report",
    "account_access",
    "integration_setup",
    "data_export",
}
LITERAL_PHRASES = ("i can't get in", "my login isn't working", "locked out of my account")


def test_there_are_at_least_thirty_articles_in_the_guides_structure() -> None:
    articles = read_articles()
    assert len(articles) >= 30
    for article in articles:
        headings = outline(article.markdown)
        assert [h.level for h in headings].count(1) == 1, article.article_id
        assert headings[0].text == article.title, article.article_id
        assert all(h.level <= 2 for h in headings), article.article_id
        assert headings[-1].text == "What this does NOT cover", article.article_id
        assert article.title.endswith("?"), article.article_id


def test_every_audience_page_and_owner_is_in_the_vocabulary() -> None:
    workspace = read_workspace()
    pages = {page["name"] for page in workspace["pages"]}
    people = {user["username"] for user in workspace["users"]}
    known = {
        kind: {value["slug"] for value in workspace[kind]}
        for kind in ("user_types", "tiers", "product_areas")
    }
    for article in read_articles():
        audience = dict(article.metadata["audience"])
        everyone = audience.pop("everyone", "false") == "true"
        assert everyone or any(audience.values()), article.article_id
        for kind, values in audience.items():
            assert set(values) <= known[kind], article.article_id
        assert set(article.metadata.get("pages", [])) <= pages, article.article_id
        assert article.metadata["owner"] in people, article.article_id


def test_links_between_articles_lead_somewhere() -> None:
    slugs = {article.metadata["slug"] for article in read_articles()}
    for article in read_articles():
        assert set(re.findall(r"\]\(kb:([a-z0-9-]+)\)", article.markdown)) <= slugs, article.article_id


@pytest.mark.row("3.2")
def test_the_guides_six_intents_are_among_twelve_to_fifteen() -> None:
    slugs = {intent["slug"] for intent in read_intents()}
    assert slugs >= GUIDE_INTENTS
    assert 12 <= len(slugs) <= 15


@pytest.mark.row("3.3", "3.4")
def test_each_intent_has_eight_to_twelve_phrasings_of_which_eight_are_real() -> None:
    for intent in read_intents():
        origins = Counter(example["origin"] for example in intent["examples"])
        assert 8 <= origins.total() <= 12, intent["slug"]
        assert origins["ticket"] + origins["review"] >= 8, intent["slug"]
        assert all(e.get("source_ref") for e in intent["examples"] if e["origin"] != "synthetic"), intent[
            "slug"
        ]


@pytest.mark.row("3.5", "3.6")
def test_no_phrasing_stands_twice_and_the_guides_three_phrases_stand_nowhere() -> None:
    texts = [example["text"].lower() for intent in read_intents() for example in intent["examples"]]
    assert len(set(texts)) == len(texts)
    for phrase in LITERAL_PHRASES:
        assert not any(phrase in text for text in texts)


def test_no_held_out_utterance_is_a_training_example() -> None:
    examples = {example["text"].lower() for intent in read_intents() for example in intent["examples"]}
    held_out = {row["text"].lower() for row in read_test_questions()["utterances"]}
    assert not examples & held_out
