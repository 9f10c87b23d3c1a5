"""What every endpoint gets for free: strict JSON, idempotency, throttling, pages, one shape for errors."""

from __future__ import annotations

import timeit
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.db import OperationalError, connection
from django.utils import timezone
from rest_framework.test import APIClient

from core.api import idempotency, strict_json
from core.models import IdempotencyRecord, Job

pytestmark = [pytest.mark.urls("tests.core.api_urls"), pytest.mark.django_db]


def post_raw(client: APIClient, path: str, raw: bytes) -> Any:
    return client.generic("POST", path, raw, content_type="application/json")


def nested(depth: int) -> bytes:
    return b'{"m":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"


POISON = {
    "NUL in a value": (rb'{"m":"a\u0000b"}', 400),
    "NUL in a key": (rb'{"a\u0000":1}', 400),
    "raw NUL": (b'{"m":"a\x00b"}', 400),
    "lone high surrogate": (rb'{"m":"\ud83d"}', 400),
    "lone low surrogate": (rb'{"m":"\udc00 x"}', 400),
    "surrogate in a key": (rb'{"\ud83d":1}', 400),
    "NaN": (b'{"m":NaN}', 400),
    "Infinity": (b'{"m":-Infinity}', 400),
    "1e400": (b'{"m":1e400}', 400),
    "just too large a float": (b'{"m":1e300}', 400),
    "5,000-digit int": (b'{"m":' + b"9" * 5000 + b"}", 400),
    "65-bit int": (b'{"m":9223372036854775808}', 400),
    "depth 33": (nested(33), 400),
    "depth 100": (nested(100), 400),
    "depth 1,000": (nested(1_000), 400),
    "depth 100,000": (nested(100_000), 400),
    "depth behind a string": (b'["\\"]]]",' + b"[" * 40 + b"]" * 40 + b"]", 400),
    "unclosed brackets": (b"[" * 100_000, 400),
    "invalid UTF-8": (b'{"m":"\xff\xfe"}', 400),
    "UTF-16": ('{"m":1}'.encode("utf-16"), 400),
    "20,001 values": (b"[" + b"1," * 20_000 + b"1]", 400),
    "10 MB": (b'{"m":"' + b"x" * 10_000_000 + b'"}', 413),
    "trailing comma": (b'{"m":1,}', 400),
    "two values": (b"{} {}", 400),
}


@pytest.mark.row("R13", "M7")
@pytest.mark.parametrize(("raw", "status"), POISON.values(), ids=POISON.keys())
def test_poison_json_is_refused_and_leaves_no_row(api, raw: bytes, status: int) -> None:
    client = api("runtime", "read")
    answer = post_raw(client, "/act", raw)
    assert answer.status_code == status
    assert set(answer.json()) == {"code", "message", "extra"}
    assert not Job.objects.exists()
    assert client.get("/jobs").json()["results"] == []


GOOD = {
    "emoji as a pair": (rb'{"m":"\ud83d\ude00"}', {"m": "😀"}),
    "depth 32": (nested(32), None),
    "brackets in a string": (b'{"m":"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["}', {"m": "[" * 40}),
    "escaped quotes": (rb'{"m":"\\\"[{\\"}', {"m": '\\"[{\\'}),
    "64-bit int": (b'{"m":9223372036854775807}', {"m": 2**63 - 1}),
}


@pytest.mark.parametrize(("raw", "value"), GOOD.values(), ids=GOOD.keys())
def test_sound_json_is_taken(api, raw: bytes, value: Any) -> None:
    answer = post_raw(api("read"), "/echo", raw)
    assert answer.status_code == 200
    if value is not None:
        assert answer.json() == {"echo": value}


@pytest.mark.row("R13")
@pytest.mark.parametrize(
    "raw",
    [
        b'["' + b"x" * 999_996 + b'"]',
        b'["' + b'\\"' * 499_990 + b'"]',
        b"[" + b"[]," * 300_000 + b"1]",
        b"[" * 500_000 + b"]" * 500_000,
        (b"[" * 33 + b"]" * 33 + b",") * 14_000,
        b'"' * 1_000_000,
    ],
    ids=["text", "escapes", "pairs", "deep", "towers", "quotes"],
)
def test_a_megabyte_is_judged_in_50_ms(raw: bytes) -> None:
    assert min(timeit.repeat(lambda: strict_json._depth(raw), number=1, repeat=5)) < 0.05


@pytest.mark.row("7.3", "R41")
def test_the_same_key_and_body_get_the_same_answer_and_one_effect(api) -> None:
    client = api("runtime")
    first = client.post("/act", {"a": 1, "b": 2}, headers={"idempotency-key": "k1"})
    again = client.post("/act", {"b": 2, "a": 1}, headers={"idempotency-key": "k1"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert "Idempotent-Replayed" not in first
    assert again["Idempotent-Replayed"] == "true"
    assert Job.objects.count() == 1


@pytest.mark.row("7.3", "R41")
def test_the_same_key_with_another_body_is_409(api) -> None:
    client = api("runtime")
    client.post("/act", {"a": 1}, headers={"idempotency-key": "k1"})
    answer = client.post("/act", {"a": 2}, headers={"idempotency-key": "k1"})
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_key_reused")
    assert Job.objects.count() == 1


@pytest.mark.row("R41")
def test_keys_of_two_clients_do_not_meet(api) -> None:
    for client in (api("runtime", name="one"), api("runtime", name="two")):
        assert client.post("/act", {"a": 1}, headers={"idempotency-key": "k1"}).status_code == 201
    assert Job.objects.count() == 2


@pytest.mark.row("R41")
def test_a_request_in_progress_is_409_and_a_stale_lease_is_taken_over(api) -> None:
    client = api("runtime")
    with pytest.raises(RuntimeError):
        client.post("/act", {"fail": "crash"}, headers={"idempotency-key": "k1"})
    assert not Job.objects.exists()
    IdempotencyRecord.objects.update(body_sha256=_digest({"a": 1}))  # the same request, without the crash
    answer = client.post("/act", {"a": 1}, headers={"idempotency-key": "k1"})
    assert (answer.status_code, answer.json()["code"]) == (409, "request_in_progress")
    IdempotencyRecord.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert client.post("/act", {"a": 1}, headers={"idempotency-key": "k1"}).status_code == 201
    assert Job.objects.count() == 1


def _digest(body: dict[str, Any]) -> str:
    return idempotency.hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest()


@pytest.mark.row("R41")
def test_a_refusal_does_not_use_the_key_up(api) -> None:
    client = api("runtime")
    assert client.post("/act", {"fail": "refused"}, headers={"idempotency-key": "k1"}).status_code == 400
    assert client.post("/act", {"a": 1}, headers={"idempotency-key": "k1"}).status_code == 201


@pytest.mark.parametrize("key", ["x" * 256, "a\tb"])
def test_a_key_that_cannot_be_kept_is_refused(api, key: str) -> None:
    answer = api("runtime").post("/act", {"a": 1}, headers={"idempotency-key": key})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_idempotency_key")
    assert not Job.objects.exists()


@pytest.mark.row("7.3", "R41")
@pytest.mark.django_db(transaction=True)
def test_twenty_at_once_have_one_effect(api) -> None:
    clear = api("runtime").clear

    def act(_: int) -> tuple[int, Any]:
        try:
            client = APIClient(headers={"authorization": f"Api-Key {clear}", "idempotency-key": "k1"})
            answer = client.post("/act", {"a": 1})
            return answer.status_code, answer.json()
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(act, range(20)))
    assert {status for status, _ in answers} <= {201, 409}
    assert {str(data) for status, data in answers if status == 201} == {
        str({"id": str(Job.objects.get().pk)})
    }
    assert {data["code"] for status, data in answers if status == 409} <= {"request_in_progress"}


@pytest.mark.row("7.9")
def test_a_key_over_its_limit_is_429_and_told_when_to_come_back(api) -> None:
    client, other = api("read", requests_per_minute=3), api("read", name="other")
    assert [client.get("/jobs").status_code for _ in range(4)][:3] == [200, 200, 200]
    answer = client.get("/jobs")
    assert (answer.status_code, answer.json()["code"]) == (429, "throttled")
    assert 1 <= int(answer["Retry-After"]) <= 60
    assert other.get("/jobs").status_code == 200


@pytest.mark.row("R14")
@pytest.mark.parametrize(
    ("query", "statuses"),
    [
        ("state=abc", {400}),
        ("attempts=abc", {400}),
        ("attempts=-1", {200}),
        ("attempts=1.5", {400, 200}),
        ("attempts=" + "9" * 5000, {400, 200}),
        ("attempts=1&attempts=2", {200}),
        ("state=%00", {400}),
        ("%00=1", {400}),
        ("state=" + "x" * 8000, {400}),
        ("updated_by__password__startswith=a", {200}),
        ("_connector=OR", {200}),
        ("a__b__c=1", {200}),
        ("ordering=arguments", {200}),
        ("cursor=abc", {400}),
        ("cursor=" + "9" * 5000, {400}),
        ("page_size=abc", {400}),
        ("page_size=-1", {400}),
        ("page_size=" + "9" * 5000, {400}),
        ("state=%ED%A0%80", {400}),
    ],
)
def test_no_query_string_breaks_a_list(api, query: str, statuses: set[int]) -> None:
    assert api("read").get(f"/jobs?{query}").status_code in statuses


@pytest.mark.row("R14")
@pytest.mark.parametrize(
    "query", ["q=%00", "state__exact=%00", "arguments__x=1", "created_by__password__startswith=a"]
)
def test_no_query_string_breaks_an_admin_list(make_user, sign_in, query: str) -> None:
    client = sign_in(make_user("root", superuser=True))
    for model in ("job", "activity", "apikey"):
        assert client.get(f"/admin/core/{model}/?{query}").status_code in (200, 302, 400)


def test_pages_are_bounded_and_lead_to_every_row_once(api) -> None:
    Job.objects.bulk_create(Job(task=f"t{n}") for n in range(130))
    client = api("read")
    assert len(client.get("/jobs").json()["results"]) == 25
    page = client.get("/jobs?page_size=1000").json()
    assert len(page["results"]) == 100
    rest = client.get(page["next"]).json()
    assert rest["next"] is None
    assert len({row["id"] for row in page["results"] + rest["results"]}) == 130


def test_a_view_without_scopes_is_closed(api) -> None:
    answer = api("runtime", "read", "content", "feedback", "identity").get("/closed")
    assert (answer.status_code, answer.json()["code"]) == (403, "missing_scope")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [("get", "/act", 405, "method_not_allowed"), ("put", "/jobs", 405, "method_not_allowed")],
)
def test_errors_have_one_shape(api, method: str, path: str, status: int, code: str) -> None:
    answer = getattr(api("runtime", "read"), method)(path)
    assert (answer.status_code, answer.json()["code"]) in {(status, code), (403, "missing_scope")}
    assert set(answer.json()) == {"code", "message", "extra"}


def test_a_body_of_another_type_is_415(api) -> None:
    answer = api("read").post("/echo", "a=1", content_type="application/x-www-form-urlencoded")
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.row("R28")
def test_what_is_away_is_503_with_the_time_to_retry(api, monkeypatch: pytest.MonkeyPatch) -> None:
    client = api("runtime", "read")
    away = client.post("/act", {"fail": "away"})
    assert (away.status_code, away.json()["code"], away["Retry-After"]) == (503, "unavailable", "5")
    assert not Job.objects.exists()

    def locked(*args: Any, **kwargs: Any) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(Job.objects, "create", locked)
    gone = client.post("/act", {"a": 1})
    assert (gone.status_code, gone.json()["code"], gone["Retry-After"]) == (503, "database_unavailable", "5")
