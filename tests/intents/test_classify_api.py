"""POST /classify and GET /intents, as a bot calls them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from core.actors import Actor
from core.api_keys import api_key_create
from core.models import Activity, ApiKey
from intents.models import Example, Intent, ModelVersion
from intents.services import release_activate

CLASSIFY = "/api/v1/classify"
INTENTS = "/api/v1/intents"
KEYS = {
    "intent",
    "confidence",
    "is_fallback",
    "threshold",
    "margin",
    "alternatives",
    "nearest_examples",
    "release",
    "model_version",
    "segments",
}


@pytest.fixture
def bot(db: None, actor: Actor) -> Client:
    """Return a bot whose key has the scopes runtime and read."""
    _, key = api_key_create(actor=actor, name="bot", scopes=["runtime", "read"])
    return Client(headers={"Authorization": f"Api-Key {key}"})


def classify(bot: Client, body: Any) -> Any:
    return bot.post(CLASSIFY, body, content_type="application/json")


@pytest.mark.row("7.2", "3.20")
def test_the_answer_has_the_promised_keys_and_names_the_version(
    bot: Client, make_version: Callable[..., ModelVersion], actor: Actor
) -> None:
    version = make_version()
    release_activate(actor=actor, version=version)
    example = Example.objects.get(text="my password reset link has expired")
    response = classify(bot, {"text": example.text})
    answer = response.json()
    assert response.status_code == 200
    assert set(answer) == KEYS
    assert (answer["intent"], answer["is_fallback"]) == ("account_access", False)
    assert (answer["release"], answer["model_version"]) == (1, 1)
    assert answer["threshold"] == pytest.approx(version.threshold)
    assert len(answer["alternatives"]) == 3
    assert answer["margin"] == pytest.approx(answer["confidence"] - answer["alternatives"][0]["confidence"])
    assert len(answer["nearest_examples"]) == 3
    nearest = answer["nearest_examples"][0]
    assert (nearest["id"], nearest["text"]) == (example.pk, example.text)
    assert nearest["similarity"] == pytest.approx(1.0, abs=1e-3)


@pytest.mark.row("3.19")
def test_two_wishes_in_one_message_are_two_segments_and_one_wish_is_none(
    bot: Client, make_version: Callable[..., ModelVersion], actor: Actor
) -> None:
    release_activate(actor=actor, version=make_version())
    answer = classify(bot, {"text": "refund and also export my data"}).json()
    first, second = answer["segments"]
    assert (first["text"], first["intent"]) == ("refund", "billing_inquiry")
    assert (second["text"], second["intent"]) == ("export my data", "data_export")
    assert min(first["confidence"], second["confidence"]) >= answer["threshold"]
    assert classify(bot, {"text": "please export my data"}).json()["segments"] == []


@pytest.mark.row("3.21")
def test_with_explain_the_answer_lists_five_terms_and_three_examples_with_ids(
    bot: Client, make_version: Callable[..., ModelVersion], actor: Actor
) -> None:
    release_activate(actor=actor, version=make_version())
    text = "please reset the password of my user today"
    answer = classify(bot, {"text": text, "explain": True}).json()
    assert set(answer) == KEYS | {"terms"}
    assert len(answer["terms"]) == 5
    assert {term["term"] for term in answer["terms"]} <= set(text.split())
    ids = [nearest["id"] for nearest in answer["nearest_examples"]]
    assert Example.objects.filter(pk__in=ids).count() == 3


@pytest.mark.row("3.6")
def test_the_guides_three_phrasings_mean_account_access(
    bot: Client, make_version: Callable[..., ModelVersion], actor: Actor
) -> None:
    release_activate(actor=actor, version=make_version())
    phrasings = ["I can't get in", "my login isn't working", "locked out of my account"]
    assert not Example.objects.filter(text__in=phrasings).exists()
    assert [classify(bot, {"text": text}).json()["intent"] for text in phrasings] == ["account_access"] * 3


@pytest.mark.row("3.16", "7.2")
@pytest.mark.parametrize("text", ["a", "asdf jkl; qwer", "?!", "🤷"])
def test_noise_falls_back_with_a_real_intent_and_low_confidence(
    bot: Client, make_version: Callable[..., ModelVersion], actor: Actor, text: str
) -> None:
    release_activate(actor=actor, version=make_version())
    answer = classify(bot, {"text": text}).json()
    assert answer["is_fallback"] is True
    assert answer["intent"] in Intent.objects.values_list("slug", flat=True)
    assert answer["confidence"] < answer["threshold"]


@pytest.mark.row("3.16")
def test_a_literal_training_phrase_reaches_the_threshold(
    bot: Client, make_version: Callable[..., ModelVersion], actor: Actor
) -> None:
    release_activate(actor=actor, version=make_version())
    for example in Example.objects.order_by("id")[::5]:
        answer = classify(bot, {"text": example.text}).json()
        assert (answer["intent"], answer["is_fallback"]) == (example.intent.slug, False), example.text


def test_a_message_in_html_is_classified_like_its_plain_text(
    bot: Client, make_version: Callable[..., ModelVersion], actor: Actor
) -> None:
    release_activate(actor=actor, version=make_version())
    plain = classify(bot, {"text": "my password reset link has expired"}).json()
    html = "<p>my password\u200b reset&nbsp;link</p><style>p{color:red}</style><div>has expired</div>"
    assert classify(bot, {"text": html}).json()["confidence"] == pytest.approx(plain["confidence"], abs=1e-6)
    only_markup = classify(bot, {"text": "<p></p>"}).json()
    assert only_markup["is_fallback"] is True


def test_without_a_release_the_bot_is_told_what_to_do(bot: Client) -> None:
    response = classify(bot, {"text": "hello"})
    assert response.status_code == 503
    assert response.json()["code"] == "no_release"
    assert "train_intents --activate" in response.json()["message"]
    assert response["Retry-After"] == "5"


@pytest.mark.row("M7", "R13")
@pytest.mark.parametrize(
    "body",
    [
        '{"text": "a\\u0000b"}',
        '{"text": "\\ud83d"}',
        '{"text": ""}',
        '{"text": "   "}',
        '{"text": null}',
        '{"text": 5000}{',
        '{"text": ["a"]}',
        '{"text": {"a": 1}}',
        '{"text": "' + "x" * 20_001 + '"}',
        '{"text": "a", "explain": "perhaps"}',
        "{}",
        "[]",
        "",
        b'{"text": "\xff"}',
    ],
)
def test_poisonous_bodies_are_refused_and_nothing_is_written(bot: Client, body: Any) -> None:
    lines = Activity.objects.count()
    response = classify(bot, body)
    assert response.status_code == 400
    assert set(response.json()) == {"code", "message", "extra"}
    assert Activity.objects.count() == lines


def test_twenty_thousand_characters_are_taken(
    bot: Client, make_version: Callable[..., ModelVersion], actor: Actor
) -> None:
    release_activate(actor=actor, version=make_version())
    assert classify(bot, {"text": "x " * 9_999 + "xy"}).status_code == 200


@pytest.mark.parametrize(("scope", "allowed"), [("runtime", CLASSIFY), ("read", INTENTS)])
def test_each_endpoint_needs_its_scope(db: None, actor: Actor, scope: str, allowed: str) -> None:
    _, key = api_key_create(actor=actor, name="narrow", scopes=[scope])
    narrow = Client(headers={"Authorization": f"Api-Key {key}"})
    status = {
        CLASSIFY: classify(narrow, {"text": "a"}).status_code,
        INTENTS: narrow.get(INTENTS).status_code,
    }
    assert status.pop(allowed) in (200, 503)
    assert set(status.values()) == {403}
    assert {Client().get(INTENTS).status_code, classify(Client(), {"text": "a"}).status_code} == {401}


@pytest.mark.row("7.8")
def test_a_classification_needs_two_queries_beside_the_key(
    bot: Client,
    make_version: Callable[..., ModelVersion],
    actor: Actor,
    django_assert_num_queries: Callable[..., Any],
) -> None:
    release_activate(actor=actor, version=make_version())
    classify(bot, {"text": "warm up"})
    ApiKey.objects.update(last_used_at=ApiKey.objects.get().last_used_at)
    with django_assert_num_queries(2):  # the key, the live release
        classify(bot, {"text": "why was I charged twice"})


def test_the_list_of_intents_is_filtered_and_paged(bot: Client, make_intent: Callable[..., Intent]) -> None:
    for number in range(3):
        make_intent(f"intent_{number}", real=number, synthetic=1)
    make_intent("draft", state="draft")
    page = bot.get(INTENTS, {"state": "active", "page_size": 2}).json()
    assert [row["slug"] for row in page["results"]] == ["intent_0", "intent_1"]
    assert page["next"] is not None
    assert page["results"][1] | {"updated_at": ""} == {
        "slug": "intent_1",
        "label": "Intent 1",
        "description": "",
        "resolution": "ai_assisted",
        "resolution_reason": "",
        "state": "active",
        "real_examples": 1,
        "synthetic_examples": 1,
        "updated_at": "",
    }
    assert bot.get(INTENTS, {"state": "nonsense"}).status_code == 400


@pytest.mark.usefixtures("after_the_pilot")
def test_the_list_needs_as_many_queries_for_thirty_rows_as_for_three(
    bot: Client, make_intent: Callable[..., Intent], django_assert_num_queries: Callable[..., Any]
) -> None:
    bot.get(INTENTS)
    for number in range(3):
        make_intent(f"intent_{number}", real=1)
    with django_assert_num_queries(2):
        bot.get(INTENTS, {"page_size": 100})
    for number in range(3, 30):
        make_intent(f"intent_{number}", real=1)
    with django_assert_num_queries(2):
        assert len(bot.get(INTENTS, {"page_size": 100}).json()["results"]) == 30
