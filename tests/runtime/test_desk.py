"""The desk in the admin: its lists, one case, its acts; and packets in words."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.actors import Actor
from core.models import User
from kb.contracts import SearchHit
from runtime.contracts import Customer, TurnRequest
from runtime.desk.lists import MAX_WAITING, desk_lists, promise_of
from runtime.desk.wording import packet_shown
from runtime.markdown_words import markdown_words
from runtime.models import Handoff, HandoffMessage, Turn
from runtime.packet import packet_complete
from runtime.services import handoff_accept, handoff_resolve, message_from_customer, turn_take
from runtime.suggested_reply import NEXT, suggested_reply
from tests.runtime.conftest import ENGINES, HIT, SYSTEM

pytestmark = pytest.mark.django_db
DESK = "/admin/runtime/handoff/desk/"
PERMISSION = "runtime.change_handoff"
Users = Callable[..., User]
SignIn = Callable[[User], Client]


def hand_over(text: str = "I want a human", tier: str = "pro") -> Handoff:
    request = TurnRequest(text, channel="chat", customer=Customer("c-1", "admin", tier, True), page="/home")
    result = turn_take(actor=SYSTEM, request=request, engines=ENGINES)
    return Handoff.objects.get(pk=result.handoff_id)


@pytest.fixture
def ada(rules: None, make_user: Users) -> User:
    return make_user("ada", PERMISSION)


@pytest.fixture
def desk(ada: User, sign_in: SignIn) -> Client:
    return sign_in(ada)


def act(client: Client, handoff: Handoff, name: str, **fields: Any) -> Any:
    return client.post(f"{DESK}{handoff.pk}/{name}/", fields)


@pytest.mark.row("4.10", "4.16")
def test_the_lists_tell_who_waits_longest_first_and_what_was_promised(desk: Client) -> None:
    now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    late, early = hand_over("I want a human <b>"), hand_over("explode")
    for handoff, minute in ((late, 30), (early, 0)):
        Handoff.objects.filter(pk=handoff.pk).update(requested_at=now + timedelta(minutes=minute))
    Turn.objects.filter(pk=late.turn_id).update(wait_estimate_seconds=241)
    state = desk.get(f"{DESK}state/").json()
    assert [case["id"] for case in state["waiting"]] == [early.pk, late.pk]
    first, second = state["waiting"]
    assert (first["reason"], first["hard"], first["promised_until"]) == (
        "A step of the agent failed",
        True,
        None,
    )
    assert (second["excerpt"], second["tier"], second["intent"]) == (
        "I want a human <b>",
        "pro",
        "Data export",
    )
    assert (second["promised_minutes"], second["promised_until"]) == (5, "2026-03-02T09:35:00+00:00")
    assert (state["waiting_total"], state["mine"], state["case"]) == (2, [], None)


@pytest.mark.parametrize(
    ("seconds", "minutes"), [(None, None), (0, 2), (120, 2), (121, 3), (240, 4), (241, 5)]
)
def test_the_desk_shows_the_promise_that_the_customer_has_read(
    seconds: int | None, minutes: int | None
) -> None:
    asked = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    until = asked + timedelta(minutes=minutes) if minutes else None
    assert promise_of(asked, seconds) == (until, minutes)


@pytest.mark.row("4.16")
def test_a_case_wanders_from_the_queue_to_its_person_to_the_finished(desk: Client, ada: User) -> None:
    handoff = hand_over()

    def where() -> dict[str, list[int]]:
        state = desk.get(f"{DESK}state/").json()
        names = ("waiting", "mine", "colleagues", "finished")
        return {name: [case["id"] for case in state[name]] for name in names if state[name]}

    assert where() == {"waiting": [handoff.pk]}
    assert act(desk, handoff, "claim").json()["state"] == "accepted"
    assert where() == {"mine": [handoff.pk]}
    assert desk.get(f"{DESK}state/").json()["mine"][0]["customer_waits"] is True
    sent = act(desk, handoff, "reply", text="Hello,\n there", key=uuid.uuid4())
    assert sent.json()["message"]["text"] == "Hello,\n there"
    assert desk.get(f"{DESK}state/").json()["mine"][0]["customer_waits"] is False
    assert act(desk, handoff, "resolve").status_code == 400  # an outcome is asked for
    assert act(desk, handoff, "resolve", outcome="duplicate", note="of 7").json()["state"] == "resolved"
    assert where() == {"finished": [handoff.pk]}
    assert desk.get(f"{DESK}state/").json()["finished"][0]["end"] == "Duplicate of another case"
    other = hand_over()
    handoff_accept(actor=SYSTEM, handoff=other, agent="Zed")
    assert where() == {"colleagues": [other.pk], "finished": [handoff.pk]}


@pytest.mark.row("4.16", "R23")
@pytest.mark.parametrize(
    ("name", "fields", "code"),
    [
        ("claim", {}, "transition_not_allowed"),
        ("reply", {"text": "hello", "key": str(uuid.uuid4())}, "held_by_other"),
        ("resolve", {"outcome": "otherwise"}, "held_by_other"),
        ("return", {}, "held_by_other"),
        ("pass", {"to": "1"}, "held_by_other"),
    ],
)
def test_what_is_done_to_somebody_elses_case_is_refused_with_who_has_it(
    desk: Client, ada: User, make_user: Users, name: str, fields: dict[str, str], code: str
) -> None:
    handoff = hand_over()
    handoff_accept(actor=Actor.of_user(make_user("ben", PERMISSION)), handoff=handoff)
    fields = {"to": str(ada.pk)} if name == "pass" else fields
    answer = act(desk, handoff, name, **fields)
    assert (answer.status_code, answer.json()["code"]) == (409, code)
    assert answer.json()["message"].startswith("ben has this case since")
    handoff.refresh_from_db()
    assert (handoff.state, handoff.accepted_by, HandoffMessage.objects.count()) == ("accepted", "ben", 0)


@pytest.mark.row("8.1")
@pytest.mark.parametrize("permissions", [(), ("runtime.view_handoff",)])
def test_the_desk_lets_in_only_who_may_take_over(
    rules: None, make_user: Users, sign_in: SignIn, permissions: tuple[str, ...]
) -> None:
    handoff = hand_over()
    client = sign_in(make_user("guest", *permissions))
    for path in ("", "state/", f"{handoff.pk}/"):
        assert client.get(f"{DESK}{path}").status_code == 403
    assert act(client, handoff, "claim").status_code == 403
    assert Client().get(DESK).status_code == 302
    assert Handoff.objects.get().state == "queued"


def test_what_is_sent_wrongly_is_refused_and_changes_nothing(desk: Client) -> None:
    handoff = hand_over()
    act(desk, handoff, "claim")
    for name, fields in (
        ("reply", {"text": "hello"}),
        ("reply", {"text": "hello", "key": "nonsense"}),
        ("reply", {"text": "x" * 4_001, "key": uuid.uuid4()}),
        ("pass", {"to": "somebody"}),
        ("pass", {"to": "999999"}),
        ("resolve", {"outcome": "whatever"}),
    ):
        assert act(desk, handoff, name, **fields).status_code == 400, (name, fields)
    assert act(desk, handoff, "delete").status_code == 404
    assert desk.post(f"{DESK}999999/claim/").status_code == 404
    assert desk.get(f"{DESK}{10**30}/").status_code == 404
    assert desk.get(f"{DESK}state/?case=nonsense").status_code == 400
    assert desk.get(f"{DESK}{handoff.pk}/claim/").status_code == 405
    assert (Handoff.objects.get().state, HandoffMessage.objects.count()) == ("accepted", 0)


@pytest.mark.row("4.16")
def test_an_answer_without_news_is_304_and_news_brings_only_what_is_new(desk: Client) -> None:
    handoff = hand_over()
    act(desk, handoff, "claim")
    address = f"{DESK}state/?case={handoff.pk}&after=0"
    first = desk.get(address)
    again = desk.get(address, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    message = message_from_customer(actor=SYSTEM, conversation=handoff.conversation, text="still there?")
    news = desk.get(address, headers={"If-None-Match": first["ETag"]})
    assert news.status_code == 200
    assert [one["text"] for one in news.json()["case"]["messages"]] == ["still there?"]
    later = desk.get(f"{DESK}state/?case={handoff.pk}&after={message.pk}").json()["case"]
    assert (later["messages"], later["next_after"], later["mine"]) == ([], message.pk, True)


@pytest.mark.row("8.7")
def test_the_lists_cost_as_many_queries_with_thirty_cases_as_with_three(ada: User) -> None:
    def cost(rows: int) -> int:
        while Handoff.objects.count() < rows:
            handoff = hand_over()
            if handoff.pk % 3 == 0:
                handoff_accept(actor=Actor.of_user(ada), handoff=handoff)
            if handoff.pk % 6 == 0:
                handoff_resolve(actor=Actor.of_user(ada), handoff=handoff)
        with CaptureQueriesContext(connection) as queries:
            desk_lists(ada.pk)
        return len(queries)

    assert cost(3) == cost(30) <= 4


def test_the_queue_is_bounded_and_tells_how_many_more_wait(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runtime.desk.lists.MAX_WAITING", 2)
    for _ in range(3):
        hand_over()
    lists = desk_lists(ada.pk)
    assert (len(lists.waiting), lists.waiting_total, MAX_WAITING) == (2, 3, 100)


@pytest.mark.row("4.10", "4.13")
def test_one_case_shows_everything_that_the_packet_holds_and_what_happened_since(desk: Client) -> None:
    handoff = hand_over("I want a human")
    act(desk, handoff, "claim")
    message_from_customer(actor=SYSTEM, conversation=handoff.conversation, text="hello")
    case = desk.get(f"{DESK}{handoff.pk}/").json()
    assert case["wants"] == {
        "label": "Data export",
        "note": "93% certain (50% needed)",
        "alternatives": [{"label": "billing inquiry", "share": "4%"}],
    }
    assert (case["why"]["kind"], case["why"]["words"]) == ("soft", "want a human")
    assert [line["role"] for line in case["transcript"]] == ["customer", "agent"]
    assert [move["text"] for move in case["moves"]] == ["ada claimed the case"]
    assert [one["text"] for one in case["messages"]] == ["hello"]
    assert (case["complete"], case["missing"], case["mine"]) == (True, [], True)
    assert ["Tier", "pro"] in case["customer"]
    assert ["Page", "/home"] in case["customer"]
    assert case["articles"][0]["title"] == "How do I export my workspace? › Steps"
    assert case["articles"][0]["shown"] is False
    assert case["suggested_reply"] == handoff.packet["suggested_reply"]


@pytest.mark.row("4.10")
def test_what_a_packet_lacks_is_named_at_the_desk(desk: Client) -> None:
    handoff = hand_over()
    packet = {name: value for name, value in handoff.packet.items() if name not in ("rule", "customer")}
    packet = packet_complete({**packet, "suggested_reply": ""})
    Handoff.objects.update(packet=packet, complete=packet["complete"])
    case = desk.get(f"{DESK}{handoff.pk}/").json()
    assert (case["complete"], case["missing"]) == (False, ["rule, customer", "suggested_reply"])
    assert desk.get(f"{DESK}state/").json()["waiting"][0]["complete"] is False


def test_a_packet_of_an_older_version_or_of_none_can_be_shown() -> None:
    shown = packet_shown({})
    assert shown["wants"] == {"label": "", "note": "not known", "alternatives": []}
    assert (shown["tried"], shown["articles"], shown["data"], shown["suggested_reply"]) == ([], [], [], "")


@pytest.mark.row("4.10")
def test_slots_and_look_ups_are_shown_with_their_source_and_time() -> None:
    at = "2026-03-02T09:15:00+00:00"
    packet = {
        "data_pulled": [
            {"source": "customer", "at": at, "data": {"order_number": "204"}},
            {"source": "stripe_find_invoice", "at": at, "data": {"amount_due": "120.00", "odd": {"a": 1}}},
            {"source": "knowledge_base", "at": at, "data": {"article_id": 1, "title": "A", "quote": "q"}},
            {
                "source": "knowledge_base",
                "at": at,
                "data": {"article_id": 2, "title": "B", "url": "javascript:x"},
            },
        ],
    }
    shown = packet_shown(packet)
    assert shown["data"] == [
        {"source": "Said by the customer", "at": at, "values": [["order number", "204"]]},
        {"source": "stripe find invoice", "at": at, "values": [["amount due", "120.00"], ["odd", "–"]]},
    ]
    assert [(one["title"], one["shown"], one["url"]) for one in shown["articles"]] == [
        ("A", True, ""),
        ("B", False, ""),
    ]


# The suggested reply

SECTION = (
    "This should help:\n\nHow do I export my workspace? › Steps\n1. Open Settings.\n2. Choose Export.\n"
    "https://help.example.com/export"
)
FAR = SearchHit(13, 32, "Billing cycles", (), "", "Text", 0.2, "")


@pytest.mark.row("4.10")
@pytest.mark.parametrize(
    ("reason", "hits", "seen", "last"),
    [
        ("no_answer", [HIT], set(), SECTION),
        ("no_answer", [HIT], {(12, "steps")}, NEXT),
        ("no_answer", [FAR], set(), NEXT),
        ("no_answer", [], set(), NEXT),
        ("legal", [HIT], set(), NEXT),
    ],
)  # fmt: skip
def test_the_suggestion_offers_the_best_section_that_the_customer_has_not_seen(
    reason: str, hits: list[SearchHit], seen: set[tuple[int, str]], last: str
) -> None:
    text = suggested_reply(reason=reason, topic="Data export", collected={}, missing=[], hits=hits, seen=seen)
    first, _, rest = text.partition("\n\n")
    assert "don't need to repeat anything" in first
    assert first.endswith("this is about: Data export.")
    assert rest == last


@pytest.mark.row("4.10", "4.13")
def test_the_suggestion_asks_only_for_what_is_not_known() -> None:
    text = suggested_reply(
        reason="flow_escalation",
        topic="",
        collected={"order_number": "204", "email": "kim@example.com"},
        missing=["delivery_date", "colour"],
        hits=[HIT],
        seen=set(),
    )
    assert text.partition("\n\n")[2] == (
        "This is what I have from you:\n- order number: 204\n- email: kim@example.com\n\n"
        "To go on, I only need this from you: delivery date."
    )


@pytest.mark.parametrize(
    ("markdown", "words"),
    [
        ("**Bold** and `code`", "Bold and code"),
        ("# Title\n1. *Open* it", "Title\n1. Open it"),
        ("[words](https://x.example) ![picture](a.png)", "words picture"),
        ("2 * 3 * 4 snake_case_name", "2 * 3 * 4 snake_case_name"),
        ("<script>", "<script>"),
    ],
)
def test_markdown_is_told_in_words(markdown: str, words: str) -> None:
    assert markdown_words(markdown) == words


def test_the_page_names_the_colleagues_of_the_desk_and_no_others(desk: Client, make_user: Users) -> None:
    make_user("ben", PERMISSION)
    make_user("carl")
    User.objects.filter(pk=make_user("gone", PERMISSION).pk).update(is_active=False)
    page = desk.get(DESK)
    assert [one["name"] for one in page.context["data"]["colleagues"]] == ["ben"]
