"""What people ask again although the handoff packet held it: detection, checks, page, packet order."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from core import jobs
from core.jobs import enqueue
from core.models import User
from core.proportions import Share
from runtime.models import Handoff, HandoffMessage, RepeatCheck, RepeatField
from runtime.repeats.checking import CHECK_TASK, repeats_check
from runtime.repeats.detection import asked_again
from runtime.repeats.fields import FIELDS
from runtime.repeats.held import held_values
from runtime.repeats.selectors import (
    field_rates,
    handoff_repeats,
    packet_field_order,
    packet_glance,
    people_range,
)
from supportadmin.roles import roles_sync
from tests.runtime.measured import PACKET, finished, turn

pytestmark = pytest.mark.row("4.13")
GOLDEN = Path(__file__).parent / "golden"
HELD = {
    "email": "ada@northwind.example",
    "order_number": "INV-1042",
    "amount": "49.00 EUR",
    "date": "2026-03-03",
    "plan": "Team",
    "page": "/billing/invoices",
    "tried": "reset the password; cleared the cache",
    "account_id": "acct-881",
    "error_text": "E403 permission denied",
}


def score(name: str) -> tuple[int, float, float]:
    """Return number of replies, precision and recall over (reply, field)."""
    right = wrong = missed = 0
    lines = (GOLDEN / name).read_text().splitlines()
    for row in map(json.loads, lines):
        held = {field: value for field, value in HELD.items() if field not in row.get("without", ())}
        found = {one.field for one in asked_again(row["reply"], held)}
        right += len(found & set(row["asked"]))
        wrong += len(found - set(row["asked"]))
        missed += len(set(row["asked"]) - found)
    return len(lines), right / (right + wrong), right / (right + missed)


def test_golden_replies_are_told_with_precision_and_recall() -> None:
    n, precision, recall = score("repeated_questions.jsonl")
    assert n >= 120
    assert (precision, recall) >= (0.9, 0.8)
    assert recall >= 0.8


def test_replies_that_nothing_was_tuned_on_are_told_as_well() -> None:
    n, precision, recall = score("repeated_questions_held_out.jsonl")
    assert n == 40
    assert precision >= 0.9
    assert recall >= 0.8


@pytest.mark.parametrize(
    ("reply", "asked"),
    [
        ("Could you send me your e-mail address?", ["email"]),
        ("I see your invoice INV-1042, is it the March one?", []),
        ("Is inv-1042 the invoice number you mean? Please confirm.", []),
        ("No need to send me the invoice number again.", []),
        ("Please confirm your e-mail address: Ada@Northwind.example.", []),
        ("Please confirm your e-mail address, is it bob@northwind.example?", ["email"]),
        ("Are you on the Team or the Business plan?", ["plan"]),
        ("Please tell me if the email arrived.", []),
        ("To look into it I need: your account ID and the amount.", ["account_id", "amount"]),
        ("What's your e-mail? And your e-mail, please?", ["email"]),
        ("", []),
    ],
)
def test_a_question_for_what_is_known_is_a_repetition_and_a_confirmation_is_none(
    reply: str, asked: list[str]
) -> None:
    assert [one.field for one in asked_again(reply, HELD)] == asked


def test_the_finding_cites_the_sentence_and_the_value_that_was_there() -> None:
    (one,) = asked_again("Hi Ada! Which invoice is this about? I'll look.", HELD)
    assert (one.field, one.sentence, one.value) == (
        "order_number",
        "Which invoice is this about?",
        "INV-1042",
    )


def test_what_the_packet_did_not_hold_may_be_asked() -> None:
    assert asked_again("What's your e-mail address?", {"plan": "Team"}) == []


@given(
    st.text(max_size=600), st.dictionaries(st.sampled_from([f.name for f in FIELDS]), st.text(max_size=40))
)
def test_any_reply_gives_known_fields_each_once(reply: str, held: dict[str, str]) -> None:
    found = [one.field for one in asked_again(reply, held)]
    assert len(found) == len(set(found))
    assert set(found) <= {name for name, value in held.items() if value}


@pytest.mark.parametrize(
    "part", ["what is the ", "could you ", "please send ", "an error " * 3, "a" * 50, "?!. "]
)
def test_a_hostile_reply_takes_no_time(part: str) -> None:
    began = time.perf_counter()
    asked_again(part * (20_000 // len(part)), HELD)
    held_values({"transcript": [{"role": "customer", "text": part * (20_000 // len(part)), "at": ""}]})
    assert time.perf_counter() - began < 1


def test_a_packet_holds_what_the_customer_wrote_what_flows_collected_and_who_they_are() -> None:
    packet = {
        "transcript": [
            {
                "role": "customer",
                "text": "I was charged 49 EUR twice on March 3, invoice INV-1042. "
                "We are on the Team plan. I have "
                'already cleared the cache. The error says "E403 permission denied".',
                "at": "2026-03-05T10:00:00+00:00",
            },
            {"role": "agent", "text": "Write to help@example.com", "at": "2026-03-05T10:00:00+00:00"},
        ],
        "customer": {"external_id": "acct-881", "tier": "", "page": "/billing"},
        "data_pulled": [
            {"source": "customer", "data": {"email": "ada@northwind.example", "weight": "heavy"}},
            {"source": "stripe_find_invoice", "data": {"invoice_number": "INV-7", "lines": [1]}},
            {"source": "knowledge_base", "data": {"url": "https://help.example.com"}},
        ],
    }
    assert held_values(packet) == {
        "account_id": "acct-881",
        "email": "ada@northwind.example",
        "order_number": "INV-7",
        "amount": "49.00 EUR",
        "date": "2026-03-03",
        "plan": "Team",
        "page": "/billing",
        "tried": "I have already cleared the cache",
        "error_text": "E403 permission denied",
    }


def test_an_empty_packet_holds_nothing() -> None:
    assert held_values({}) == {}


@pytest.mark.django_db
def test_a_finished_handoff_is_read_once_and_only_its_first_two_human_replies() -> None:
    now = timezone.now()
    handoff = finished(now, "Which invoice is this about?", "Thanks!", "What's your e-mail address?")
    HandoffMessage.objects.create(handoff=handoff, sender="customer", text="Which plan am I on?")
    assert repeats_check() == {"handoffs": 1, "repeated": 1}
    asked = RepeatField.objects.get(asked=True)
    assert (asked.field, asked.sentence, asked.value) == (
        "order_number",
        "Which invoice is this about?",
        "INV-1042",
    )
    assert asked.message == handoff.messages.order_by("pk")[0]
    held = dict(RepeatField.objects.values_list("field", "asked"))
    assert held == {
        "account_id": False,
        "email": False,
        "order_number": True,
        "amount": False,
        "date": False,
        "plan": False,
        "page": False,
    }
    assert repeats_check() == {"handoffs": 0, "repeated": 0}
    assert RepeatCheck.objects.count() == 1


@pytest.mark.django_db
def test_handoffs_that_run_or_in_which_nobody_wrote_are_left_alone() -> None:
    now = timezone.now()
    finished(now)
    waiting = turn(now, "escalate").handoff
    HandoffMessage.objects.create(handoff=waiting, sender="human", text="What's your e-mail?")
    assert repeats_check() == {"handoffs": 0, "repeated": 0}
    assert not RepeatCheck.objects.exists()


@pytest.mark.django_db
def test_the_schedule_reads_them_as_a_job() -> None:
    finished(timezone.now(), "What's your e-mail?")
    job = enqueue(CHECK_TASK)
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.result) == ("succeeded", {"handoffs": 1, "repeated": 1})


@pytest.mark.django_db
def test_rates_are_of_the_packets_that_held_the_field_and_people_are_not_named() -> None:
    now = timezone.now()
    for person in "abcde":
        for number in range(5):
            finished(now, "What's your e-mail?" if person < "c" and number < 3 else "On it!", by=person)
    finished(now, "What's your e-mail?", by="seldom")
    repeats_check(limit=100)
    since = now - timedelta(days=1)
    rates = {rate.name: rate.share for rate in field_rates(since)}
    assert field_rates(since)[0].name == "email"
    assert (rates["email"], rates["order_number"], rates["tried"]) == (
        Share(7, 26),
        Share(0, 26),
        Share(0, 0),
    )
    assert handoff_repeats(since) == Share(7, 26)
    spread = people_range(since)
    assert spread is not None
    assert (spread.people, spread.lowest, spread.middle, spread.highest) == (5, 0.0, 0.0, 0.6)


@pytest.mark.django_db
def test_four_people_are_too_few_to_show_how_unlike_they_are() -> None:
    now = timezone.now()
    for person in "abcd":
        for _ in range(5):
            finished(now, "On it!", by=person)
    repeats_check()
    assert people_range(now - timedelta(days=1)) is None


@pytest.mark.django_db
def test_what_is_asked_again_most_often_stands_first_in_the_packet() -> None:
    default = tuple(field.name for field in FIELDS)
    assert packet_field_order() == default
    now = timezone.now()
    for _ in range(4):
        finished(now, "How much were you charged?")
    repeats_check()
    assert packet_field_order() == default, "four packets say nothing yet"
    finished(now, "How much were you charged? And on which date was that?")
    repeats_check()
    assert packet_field_order() == ("amount", "date", *(n for n in default if n not in ("amount", "date")))
    assert packet_glance(PACKET)[:3] == [
        ("Amount", "49.00 EUR"),
        ("Date", "2026-03-03"),
        ("Account or customer ID", "acct-881"),
    ]


@pytest.mark.django_db
def test_a_handoffs_page_begins_with_what_need_not_be_asked(
    make_user: Callable[..., User], sign_in: Callable[[User], Client]
) -> None:
    for _ in range(5):
        handoff = finished(timezone.now(), "How much were you charged?")
    repeats_check()
    roles_sync()
    client = sign_in(make_user("rae", roles=("Reviewer",)))
    page = client.get(f"/admin/runtime/handoff/{handoff.pk}/change/").content.decode()
    shown = page[page.index("No need to ask") :]
    assert shown.index("49.00 EUR") < shown.index("acct-881") < shown.index("Conversation")


@pytest.mark.django_db
def test_the_page_says_the_next_step_then_the_cases_without_names(
    make_user: Callable[..., User], sign_in: Callable[[User], Client]
) -> None:
    roles_sync()
    client = sign_in(make_user("rae", roles=("Reviewer",)))
    address = "/admin/runtime/sampledturn/asked-again/"
    assert "No handoff has been read yet" in client.get(address).content.decode()
    finished(timezone.now(), "What's your e-mail, <b>Ada</b>?", by="Someone Special")
    repeats_check()
    page = client.get(address).content.decode()
    assert "not enough to say: 1 of 1, at least 30 are needed" in page
    assert "/admin/runtime/repeatfield/?field__exact=email" in page
    cases = client.get("/admin/runtime/repeatfield/").content.decode()
    assert "What&#x27;s your e-mail, &lt;b&gt;Ada&lt;/b&gt;?" in cases
    assert "Someone Special" not in page + cases
    assert Handoff.objects.count() == 1


@pytest.mark.django_db
def test_the_lists_queries_do_not_grow_with_the_cases(
    make_user: Callable[..., User], sign_in: Callable[[User], Client]
) -> None:
    roles_sync()
    client = sign_in(make_user("rae", roles=("Reviewer",)))
    counts = []
    for more in (3, 27):
        for _ in range(more):
            finished(timezone.now(), "What's your e-mail?")
        repeats_check()
        for address in ("/admin/runtime/repeatfield/", "/admin/runtime/sampledturn/asked-again/"):
            with CaptureQueriesContext(connection) as queries:
                assert client.get(address).status_code == 200
            counts.append(len(queries))
    assert counts[:2] == counts[2:]
