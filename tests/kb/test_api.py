"""What a bot gets of the knowledge base, and what it never gets."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.actors import Actor
from core.models import Activity, Job
from kb.models import Article, AudienceValue, IndexVersion, Revision
from kb.services import article_set_labels, revision_save_draft

pytestmark = pytest.mark.django_db
Live = Callable[..., Article]
Bot = Callable[..., Client]
TEAM_ADMIN = {"user_type": "admin", "tier": "team"}


def post(client: Client, body: Any) -> Any:
    return client.post("/api/v1/search", body, content_type="application/json")


@pytest.mark.row("7.1", "2.14")
def test_search_answers_in_the_agreed_shape(live: Live, bot: Bot) -> None:
    article = live()
    response = post(bot("runtime"), {"query": "the mail for my password never arrived"})
    assert response.status_code == 200
    body = response.json()
    score = body["results"][0].pop("score")
    assert 0.3 < score <= 1
    assert body == {
        "results": [
            {
                "article_id": article.pk,
                "revision_id": article.published_revision_id,
                "title": "How do I reset my password?",
                "heading_path": ["The mail does not arrive"],
                "anchor": "the-mail-does-not-arrive",
                "quote": "Look into the spam folder, then ask your administrator.",
                "url": f"/help/{article.slug}/#the-mail-does-not-arrive",
            }
        ],
        "out_of_scope": None,
        "index_version": IndexVersion.objects.get().number,
    }


@pytest.mark.row("2.6")
def test_search_names_the_article_that_excludes_the_question(live: Live, bot: Bot) -> None:
    text = "# How do I change my card?\n\nChoose **Replace**.\n\n## Not covered here\n\n- Refunds of a charge"
    article = live("card", "How do I change my card?", text)
    body = post(bot("runtime"), {"query": "refund of a charge"}).json()
    assert body["out_of_scope"] == {"article_id": article.pk, "text": "- Refunds of a charge"}


@pytest.mark.row("2.5", "7.4", "R55")
def test_a_key_without_identity_gets_what_everyone_may_see(
    live: Live, bot: Bot, audience_value: Callable[..., AudienceValue]
) -> None:
    narrow = live("narrow", values=(audience_value("tier", "team"), audience_value("user_type", "admin")))
    wide = live("wide")
    asked = {"query": "reset my password", "audience": TEAM_ADMIN}

    def found(client: Client) -> set[int]:
        return {hit["article_id"] for hit in post(client, asked).json()["results"]}

    assert found(bot("runtime")) == {wide.pk}
    assert found(bot("runtime", "identity")) == {wide.pk, narrow.pk}

    def listed(client: Client) -> set[int]:
        return {row["id"] for row in client.get("/api/v1/articles", TEAM_ADMIN).json()["results"]}

    stranger, known = bot("read"), bot("read", "identity")
    assert listed(stranger) == {wide.pk}
    assert listed(known) == {wide.pk, narrow.pk}
    address = f"/api/v1/articles/{narrow.pk}"
    assert stranger.get(address, TEAM_ADMIN).status_code == 404
    assert known.get(address).status_code == 404
    assert known.get(address, {"tier": "team"}).status_code == 404
    assert known.get(address, TEAM_ADMIN).json()["id"] == narrow.pk


@pytest.mark.row("7.1", "2.11")
def test_an_article_is_read_as_its_published_revision_has_it(live: Live, bot: Bot, writer: Actor) -> None:
    article = live(body="# Title\n\nRead **this** <script>alert(1)</script>.")
    article_set_labels(actor=writer, article=article, names=["login", "access"])
    revision_save_draft(actor=writer, article=article, base_number=1, title="Secret draft", body="Not yet.")
    body = bot("read").get(f"/api/v1/articles/{article.pk}").json()
    assert (body["title"], body["revision_number"]) == ("How do I reset my password?", 1)
    assert body["labels"] == ["access", "login"]
    assert body["body"] == "# Title\n\nRead **this** <script>alert(1)</script>."
    assert "<strong>this</strong>" in body["html"]
    assert "<script" not in body["html"]
    rows = bot("read", "identity").get("/api/v1/articles", {"label": "login"}).json()["results"]
    assert [row["title"] for row in rows] == ["How do I reset my password?"]


@pytest.mark.row("2.11", "R2")
def test_drafts_and_archived_articles_do_not_exist(
    draft: Callable[..., Revision], live: Live, bot: Bot
) -> None:
    unpublished = draft("draft").article
    archived = live("old")
    Article.objects.filter(pk=archived.pk).update(archived_at="2026-01-01T00:00:00Z")
    client = bot("read")
    for article in (unpublished, archived):
        assert client.get(f"/api/v1/articles/{article.pk}").status_code == 404
    assert client.get("/api/v1/articles").json()["results"] == []


@pytest.mark.row("R1")
@pytest.mark.parametrize(
    ("scopes", "search", "articles"),
    [(("runtime",), 200, 403), (("read",), 403, 200), (("content", "feedback", "identity"), 403, 403)],
)
def test_each_endpoint_needs_its_scope(bot: Bot, scopes: tuple[str, ...], search: int, articles: int) -> None:
    client = bot(*scopes)
    assert post(client, {"query": "x"}).status_code == search
    assert client.get("/api/v1/articles").status_code == articles
    assert client.get("/api/v1/articles/1").status_code == (404 if articles == 200 else 403)


@pytest.mark.row("R1")
def test_without_a_key_everything_is_401(client: Client) -> None:
    assert post(client, {"query": "x"}).status_code == 401
    assert client.get("/api/v1/articles").status_code == 401
    assert client.get("/api/v1/articles/1").status_code == 401


POISON = ["\x00", "\ud83d", "x" * 5000, 10**5000, float("nan"), {"a": 1}, ["x"], True, None]
FIELDS = ["query", "page", "limit", "audience", "user_type", "tier", "product_area"]


@pytest.mark.row("R13")
@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("number", range(len(POISON)))
def test_poison_in_any_field_is_refused_and_writes_nothing(
    live: Live, bot: Bot, field: str, number: int
) -> None:
    poison = POISON[number]
    harmless = {
        ("query", True): "a boolean is text to the serializer's eyes",
        ("page", True): "likewise",
    }
    client = bot("runtime", "identity")
    before = Activity.objects.count(), Job.objects.count()
    body: dict[str, Any] = {"query": "x", "audience": {}}
    target = body["audience"] if field in FIELDS[4:] else body
    target[field] = poison
    response = client.post("/api/v1/search", _json(body), content_type="application/json")
    assert response.status_code == 400, (field, harmless.get((field, poison)))
    assert response.json()["code"] in {"invalid", "bad_json", "parse_error"}
    assert (Activity.objects.count(), Job.objects.count()) == before
    assert client.post("/api/v1/search", {"query": "x"}, content_type="application/json").status_code == 200


def _json(body: object) -> bytes:
    """JSON in which the unsayable is said: lone surrogates, NaN, endless numbers."""
    if isinstance(body, dict):
        return b"{" + b",".join(_json(k) + b":" + _json(v) for k, v in body.items()) + b"}"
    if isinstance(body, list):
        return b"[" + b",".join(map(_json, body)) + b"]"
    if isinstance(body, str):
        escaped = "".join(f"\\u{ord(c):04x}" if ord(c) < 32 or 0xD800 <= ord(c) < 0xE000 else c for c in body)
        return f'"{escaped}"'.encode()
    if body is True or body is None:
        return {True: b"true", None: b"null"}[body]
    if isinstance(body, float):
        return b"NaN"
    return b"1" + b"0" * 5000 if isinstance(body, int) else b""


@pytest.mark.row("R14")
@pytest.mark.parametrize(
    "parameter", ["label", "slug", "cursor", "page_size", "tier", "user_type", "ordering", "owner__password"]
)
@pytest.mark.parametrize("value", ["abc", "-1", "1.5", "9" * 5000, "%00", "%ED%A0%BD", "a__b__c"])
def test_query_parameters_never_fail(live: Live, bot: Bot, parameter: str, value: str) -> None:
    live()
    client = bot("read", "identity")
    response = client.get(f"/api/v1/articles?{parameter}={value}&{parameter}={value}")
    assert response.status_code in {200, 400, 404}
    with_join = client.get("/api/v1/articles?owner__password__startswith=a&_connector=OR")
    assert len(with_join.json()["results"]) == 1


@pytest.mark.row("R14")
@pytest.mark.parametrize("position", ["p=abc", "p=" + "9" * 500, "o=-1", "p=\x00", "p=1&r=1&o=99999999999"])
def test_a_forged_cursor_never_fails(live: Live, bot: Bot, position: str) -> None:
    live()
    cursor = base64.b64encode(position.encode()).decode()
    assert bot("read").get("/api/v1/articles", {"cursor": cursor}).status_code in {200, 400, 404}


@pytest.mark.row("R14")
@pytest.mark.parametrize("pk", ["0", "9" * 18, "9" * 40, "9" * 5000, "abc", "-1"])
def test_an_id_that_cannot_be_is_not_found(bot: Bot, pk: str) -> None:
    assert bot("read").get(f"/api/v1/articles/{pk}").status_code == 404


@pytest.mark.row("R29")
def test_the_list_takes_as_many_queries_for_3_as_for_30_articles(
    draft: Callable[..., Revision], publish: Callable[[Revision], Article], bot: Bot, writer: Actor
) -> None:
    client = bot("read", "identity")

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            rows = client.get("/api/v1/articles", {"page_size": 100, "tier": "team"}).json()["results"]
        assert len(rows) == Article.objects.count()
        return len(queries)

    def add(numbers: range) -> None:
        for number in numbers:
            article = publish(draft(f"article-{number}"))
            article_set_labels(actor=writer, article=article, names=["a", f"b{number}"])

    add(range(3))
    client.get("/api/v1/articles")  # the first request of a key notes that it was used
    few = cost()
    add(range(3, 30))
    assert cost() == few


@pytest.mark.row("7.1")
def test_pages_of_the_list_are_complete_and_newest_first(
    draft: Callable[..., Revision], publish: Callable[[Revision], Article], bot: Bot
) -> None:
    made = [publish(draft(f"article-{number}")).pk for number in range(7)]
    client, address, seen = bot("read"), "/api/v1/articles?page_size=3", []
    while address:
        page = client.get(address).json()
        seen += [row["id"] for row in page["results"]]
        address = page["next"]
    assert seen == made[::-1]
