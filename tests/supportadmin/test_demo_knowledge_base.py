"""The check of the demo's knowledge base against what is planted in its articles; recall and false alarms."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

import pytest

from core.actors import Actor
from kb.audit.running import audit_run
from kb.contracts import Audience
from kb.models import Article
from kb.retrieval import search
from nlp.ticket_text import prepare
from supportadmin.demo.content import read_articles
from supportadmin.demo.tickets.generator import generate
from supportadmin.demo.tickets.phrases import categories
from supportadmin.demo.tickets.plan import plan, plants
from supportadmin.demo.tickets.source import SEED
from tickets.vectors import text_to_encode

pytestmark = [pytest.mark.usefixtures("demo"), pytest.mark.django_db]
NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
QUESTIONS_EACH = 20
# Gaps are asked with any tickets of a category, not with its most typical ones: so many answers are too weak.
MOST_FALSE = {"contradiction": 0, "near_duplicate": 0, "outdated": 0, "gap": 9}


def asked() -> list[dict[str, Any]]:
    """Return what customers truly ask of each category of the demo, as the board would hand it on."""
    slugs = {case.external_id: case.category.slug for case in plan(seed=SEED, now=NOW, count=1_000)}
    questions = defaultdict(list)
    for ticket in generate(seed=SEED, now=NOW, count=1_000):
        words = " ".join(
            prepare(message.body, is_html=message.is_html).clean
            for message in ticket.messages
            if message.author == "customer"
        )
        questions[slugs[ticket.external_id]].append(text_to_encode(ticket.subject, words))
    return [
        {"name": slug, "volume": len(found), "questions": found[:QUESTIONS_EACH]}
        for slug, found in questions.items()
        if len(found) >= QUESTIONS_EACH
    ]


@pytest.fixture
def found() -> dict[str, set[frozenset[str]]]:
    """Return what the check finds, by kind, as sets of slugs (of categories, for gaps)."""
    slug_of = dict(Article.objects.values_list("pk", "slug"))
    audit = audit_run(actor=Actor.system("tests"), categories=asked())
    return {
        part["kind"]: {
            frozenset(slug_of[key] for key in finding["articles"])
            or frozenset({finding["text"].split("”")[0].removeprefix("“")})
            for finding in part["findings"]
        }
        for part in audit.parts
    }


def planted() -> dict[str, set[frozenset[str]]]:
    """Return what is planted, in the same shape."""
    rows = plants()["articles"]
    return {
        "contradiction": {frozenset(row["articles"]) for row in rows["contradictions"]},
        "near_duplicate": {frozenset(pair) for pair in rows["near_duplicates"]},
        "outdated": {frozenset({slug}) for slug in rows["outdated"]},
        "gap": {frozenset({slug}) for slug in rows["gaps"]},
    }


@pytest.mark.row("1.9")
@pytest.mark.timeout(300)
def test_the_check_finds_what_is_planted_and_hardly_anything_else(
    found: dict[str, set[frozenset[str]]],
) -> None:
    missed = {(kind, pair) for kind, pairs in planted().items() for pair in pairs - found[kind]}
    assert missed == set()
    false = {kind: found[kind] - pairs for kind, pairs in planted().items()}
    assert {kind: false[kind] for kind in false if len(false[kind]) > MOST_FALSE[kind]} == {}
    apart = {frozenset(row["articles"]) for row in plants()["articles"]["different_readers"]}
    assert not apart & found["contradiction"]


def test_the_articles_say_what_is_planted_in_them() -> None:
    texts = {file.metadata["slug"]: file.markdown for file in read_articles()}
    rows = plants()["articles"]
    for row in [*rows["contradictions"], *rows["different_readers"]]:
        assert row["says"].keys() == set(row["articles"])
        for slug, words in row["says"].items():
            assert words in texts[slug], (slug, words)
    assert set(rows["gaps"]) <= {slug for slug, category in categories().items() if not category.articles}


def test_readers_of_the_pair_apart_never_see_both() -> None:
    (pair,) = plants()["articles"]["different_readers"]
    wanted = set(Article.objects.filter(slug__in=pair["articles"]).values_list("pk", flat=True))
    for user_type in ("admin", "member", "billing_contact", "developer"):
        audience = Audience(user_type, "enterprise")
        hits = search("how long do I stay signed in on a device", audience=audience, limit=10).hits
        assert len(wanted & {hit.article_id for hit in hits}) <= 1


def test_dates_of_review_come_into_the_demo() -> None:
    rows = Article.objects.filter(review_by_is_default=False).order_by("slug")
    assert [(slug, str(day)) for slug, day in rows.values_list("slug", "review_by")] == [
        ("api-keys", "2026-06-13"),
        ("change-plan", "2026-05-26"),
        ("zapier-integration", "2026-03-31"),
    ]
