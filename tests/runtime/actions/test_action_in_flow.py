"""A flow in a conversation performs a configured action, in the stand-in of the other system."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from runtime.actions.services import action_run
from runtime.contracts import TurnRequest, TurnResult
from runtime.flows.services import flow_create
from runtime.models import Action, ActionLedger, Handoff
from runtime.services import turn_preview, turn_take
from tests.integrations.stand_ins.server import RESET_AFTER, RESET_BEFORE, StandIn
from tests.integrations.stand_ins.systems import LinearBook
from tests.runtime.conftest import ENGINES, SYSTEM
from tests.runtime.flows import BUG

MAKE = Callable[..., Action]
LIVE = replace(ENGINES, run_action=action_run)


@pytest.fixture
def bug_flow(rules: None) -> None:
    flow = flow_create(actor=SYSTEM, intent="data_export", title="Report a bug", definition=BUG)
    flow.active_version, flow.state = flow.versions.get(), "active"
    flow.save()  # the intents of these tests are no rows


def say(text: str, conversation_id: UUID | None = None) -> TurnResult:
    request = TurnRequest(text, conversation_id=conversation_id, channel="test")
    return turn_take(actor=SYSTEM, request=request, engines=LIVE)


@pytest.mark.row("3.13", "3.11")
@pytest.mark.usefixtures("bug_flow")
@pytest.mark.parametrize("faults", [[], [RESET_AFTER]])
def test_a_bug_report_becomes_one_linear_issue_whose_number_the_customer_hears(
    linear: StandIn, book: LinearBook, make_action: MAKE, faults: list[str]
) -> None:
    make_action("linear_create_issue", linear.url)
    linear.faults.extend(faults)
    turns = talk()
    last = turns[-1]
    assert last.decision == "act"
    assert "SUP-1" in last.reply
    assert [issue["title"] for issue in book.issues.values()] == ["It crashes when I save"]
    row = ActionLedger.objects.get()
    assert (row.state, row.conversation_id) == ("succeeded", last.conversation_id)
    assert row.reference.startswith("Report a bug v1, step ")


@pytest.mark.row("3.13")
@pytest.mark.usefixtures("bug_flow")
def test_where_linear_cannot_be_reached_a_person_takes_over_and_nothing_is_created(
    linear: StandIn, book: LinearBook, make_action: MAKE
) -> None:
    make_action("linear_create_issue", linear.url)
    linear.faults.extend([RESET_BEFORE] * 20)
    last = talk()[-1]
    assert (last.decision, last.reason) == ("escalate", "tool_failure")
    assert book.effects == []
    packet = Handoff.objects.get().packet
    assert any("linear_create_issue" in str(step) for step in packet["attempted_steps"])


@pytest.mark.row("3.13")
@pytest.mark.usefixtures("bug_flow")
def test_a_preview_sends_nothing(linear: StandIn, book: LinearBook, make_action: MAKE) -> None:
    make_action("linear_create_issue", linear.url)
    state: Any = None
    for text in WORDS:
        state = turn_preview(request=TurnRequest(text), flow=state, engines=LIVE).flow
    assert (linear.requests, book.effects, ActionLedger.objects.count()) == ([], [], 0)


WORDS = ("I want to export", "It crashes when I save", "yes")


def talk() -> list[TurnResult]:
    turns: list[TurnResult] = []
    for text in WORDS:
        turns.append(say(text, turns[-1].conversation_id if turns else None))
    return turns
