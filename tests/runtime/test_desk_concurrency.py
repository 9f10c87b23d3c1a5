"""People of the desk and customers at the same moment: one claim wins, one message is kept, none is lost."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from core.actors import Actor
from core.errors import Conflict
from core.models import Activity, User
from escalation.services import defaults_install
from runtime.contracts import TurnRequest
from runtime.messages import conversation_news
from runtime.models import Conversation, Handoff, HandoffMessage
from runtime.services import (
    handoff_accept,
    handoff_release,
    handoff_resolve,
    message_from_customer,
    message_reply,
    turn_take,
)
from tests.runtime.conftest import ENGINES, SYSTEM

pytestmark = pytest.mark.django_db(transaction=True)


def _together(acts: list[Callable[[], Any]]) -> list[str]:
    """Do them at once; return for each "done" or the code of its refusal."""

    def do(act: Callable[[], Any]) -> str:
        try:
            act()
        except Conflict as refusal:
            return refusal.code
        else:
            return "done"
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=8) as pool:
        return list(pool.map(do, acts))


@pytest.fixture
def people(make_user: Callable[..., User]) -> list[Actor]:
    defaults_install(actor=SYSTEM)
    return [Actor.of_user(make_user(f"person{n}", "runtime.change_handoff")) for n in range(6)]


@pytest.fixture
def handoff(people: list[Actor]) -> Handoff:
    turn_take(actor=SYSTEM, request=TurnRequest("I want a human"), engines=ENGINES)
    return Handoff.objects.get()


@pytest.mark.row("4.16", "R23")
def test_of_six_who_claim_at_once_exactly_one_has_the_case(people: list[Actor], handoff: Handoff) -> None:
    seen = [Handoff.objects.get() for _ in people]
    said = _together(
        [lambda a=a, h=h: handoff_accept(actor=a, handoff=h) for a, h in zip(people, seen, strict=True)]
    )
    assert sorted(said) == ["done"] + ["stale_transition"] * 5
    handoff.refresh_from_db()
    winner = people[said.index("done")]
    assert (handoff.state, handoff.assignee_id, handoff.accepted_by) == ("accepted", winner.id, winner.label)
    assert Activity.objects.filter(verb="handoff.accepted").count() == 1


@pytest.mark.row("4.16", "R35")
def test_one_reply_sent_eight_times_at_once_is_kept_once(people: list[Actor], handoff: Handoff) -> None:
    handoff_accept(actor=people[0], handoff=handoff)
    key = uuid.uuid4()
    said = _together([lambda: message_reply(actor=people[0], handoff=handoff, text="hello", key=key)] * 8)
    assert said == ["done"] * 8
    assert (HandoffMessage.objects.count(), Handoff.objects.get().message_count) == (1, 1)


@pytest.mark.row("4.16")
def test_a_cursor_loses_nothing_while_many_write_at_once(people: list[Actor], handoff: Handoff) -> None:
    handoff_accept(actor=people[0], handoff=handoff)
    conversation = Conversation.objects.get()
    seen: list[str] = []

    def read() -> None:
        after = 0
        while len(seen) < 20:
            news = conversation_news(conversation, after=after)
            seen.extend(one.text for one in news.messages)
            after = news.next_after

    def write(number: int) -> None:
        if number % 2:
            message_reply(actor=people[0], handoff=handoff, text=f"{number}")
        else:
            message_from_customer(actor=SYSTEM, conversation=conversation, text=f"{number}")

    said = _together([read, *(lambda number=number: write(number) for number in range(20))])
    assert said == ["done"] * 21
    assert sorted(seen, key=int) == [f"{number}" for number in range(20)]


@pytest.mark.row("4.16")
def test_a_message_and_the_end_at_once_leave_no_message_behind_a_closed_case(
    people: list[Actor], handoff: Handoff
) -> None:
    handoff_accept(actor=people[0], handoff=handoff)
    conversation = Conversation.objects.get()
    said = _together(
        [
            lambda: message_from_customer(actor=SYSTEM, conversation=conversation, text="wait"),
            lambda: handoff_resolve(actor=people[0], handoff=handoff, outcome="otherwise"),
        ]
    )
    assert said[1] == "done"
    assert said[0] in ("done", "conversation_closed")
    assert HandoffMessage.objects.count() == (said[0] == "done")
    assert Conversation.objects.get().state == "closed"


@pytest.mark.row("4.16")
def test_a_reply_and_a_release_at_once_leave_the_case_with_nobody_and_the_words_kept_or_refused(
    people: list[Actor], handoff: Handoff
) -> None:
    handoff_accept(actor=people[0], handoff=handoff)
    said = _together(
        [
            lambda: message_reply(actor=people[0], handoff=handoff, text="one moment"),
            lambda: handoff_release(actor=people[1], handoff=Handoff.objects.get()),
        ]
    )
    assert said[1] == "done"
    assert said[0] in ("done", "not_claimed")
    assert HandoffMessage.objects.count() == (said[0] == "done")
    assert Handoff.objects.get().state == "queued"
