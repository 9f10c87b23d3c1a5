"""Resolution flows over several turns: asked, answered, left; an action has one effect whatever dies."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from core.errors import Conflict
from escalation.engine import decide
from escalation.models import Rule
from escalation.selectors import rule_set_at
from escalation.services import rule_enable, rule_update
from runtime.actions.contracts import FAILED, UNKNOWN, ActionResult
from runtime.contracts import TurnRequest
from runtime.flows.services import flow_activate, flow_create, flow_save
from runtime.models import Conversation, FlowRun, Handoff, Trace, Turn
from runtime.selectors import facts_of
from runtime.services import turn_preview, turn_take
from tests.runtime.conftest import ENGINES, GOOD, SYSTEM, UNSURE
from tests.runtime.flows import BUG, DONE, INVOICE, Ledger, collect, definition

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("actions_set_up")]
OTHER = replace(GOOD, intent="billing_inquiry", confidence=0.97, margin=0.9)


class Killed(BaseException):
    """The process dies: nothing of it goes on."""


def classify(text: str):
    if "invoice sent" in text:
        return OTHER
    if "export" in text or "restricted matter" in text or "explode" in text:
        return ENGINES.classify(text)
    return UNSURE


class Agent:
    """A conversation with the agent."""

    def __init__(self, ledger: Ledger, **engines: Any) -> None:
        self.ledger = ledger
        self.engines = replace(ENGINES, classify=classify, run_action=ledger, **engines)
        self.conversation_id = None

    def say(self, text: str, **more: Any):
        engines = more.pop("engines", self.engines)
        on_recorded = more.pop("on_recorded", None)
        request = TurnRequest(text, conversation_id=self.conversation_id, channel="test", **more)
        result = turn_take(actor=SYSTEM, request=request, engines=engines, on_recorded=on_recorded)
        self.conversation_id = result.conversation_id
        return result


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def agent(rules, ledger: Ledger) -> Agent:
    return Agent(ledger)


def activate(raw: dict[str, Any], intent: str = "data_export"):
    flow = flow_create(actor=SYSTEM, intent=intent, title=f"Flow of {intent}", definition=raw)
    flow.active_version, flow.state = flow.versions.get(), "active"
    flow.save()  # the intents of these tests are no rows
    return flow


@pytest.mark.row("3.11", "3.12")
def test_a_flow_runs_its_full_arc_asking_only_for_what_is_missing(agent: Agent) -> None:
    activate(INVOICE)
    first = agent.say("I want to export INV-204")
    assert (first.decision, first.reason, first.reply) == ("act", "flow_step", "What is your email?")
    assert first.as_json()["flow"] == {"step": "ask_email", "missing": ["email"]}
    second = agent.say("it's kim@example.com")
    assert second.reply == "Invoice INV-204 is paid.\n\nDoes that settle it?"
    assert second.as_json()["actions"] == [
        {
            "action": "stripe_find_invoice",
            "state": "succeeded",
            "message": "stripe_find_invoice: done",
            "data": {"invoice_status": "paid", "amount_due": "0.00"},
        }
    ]
    assert dict(agent.ledger.effects[0].arguments) == {
        "email": "kim@example.com",
        "invoice_number": "INV-204",
    }
    third = agent.say("yes, thanks")
    assert (third.decision, third.reason, third.reply) == ("act", "flow_resolved", "Glad that helped.")
    assert third.as_json()["flow"] == {"step": None, "missing": []}
    run = FlowRun.objects.get()
    assert (run.state, run.step, run.position["slots"]) == (
        "resolved",
        "done",
        {"email": "kim@example.com", "invoice": "INV-204"},
    )
    assert [(event["turn"], event["outcome"]) for event in run.events] == [
        (1, "asked"),
        (2, "answered"),
        (2, "stripe_find_invoice: succeeded"),
        (2, "said"),
        (2, "asked"),
        (3, "yes"),
        (3, "resolved"),
    ]
    assert Conversation.objects.get().state == "open"
    assert agent.say("How do I export?").reason == "flow_step"  # a new run
    assert FlowRun.objects.count() == 2


@pytest.mark.row("3.11")
def test_the_answer_to_a_question_needs_no_classifier(agent: Agent) -> None:
    activate(INVOICE)
    agent.say("export please")

    def never(text: str):
        raise AssertionError(f"classified {text!r}")

    turn = agent.say("kim@example.com", engines=replace(agent.engines, classify=never))
    assert (turn.decision, turn.intent, turn.as_json()["flow"]["step"]) == (
        "act",
        "data_export",
        "ask_invoice",
    )


@pytest.mark.row("3.11", "7.12")
def test_each_decision_of_a_flow_follows_from_its_facts(agent: Agent) -> None:
    activate(INVOICE)
    for text in ("export", "dunno", "kim@example.com INV-1", "yes"):
        agent.say(text)
    for turn in Turn.objects.select_related("trace"):
        again = decide(facts_of(turn.trace.facts), rule_set_at(turn.rule_set_version))
        assert (again.action, again.reason) == (turn.decision, turn.reason)
    steps = [step["name"] for step in Trace.objects.earliest("pk").steps]
    assert steps == [
        *("rules", "sense", "classify", "intent", "attempts", "search"),
        *("decide", "flow", "decide", "reply"),
    ]


@pytest.mark.row("3.11")
def test_a_wrong_answer_is_asked_again_and_after_the_last_try_a_person_takes_over(agent: Agent) -> None:
    activate(INVOICE)
    agent.say("export INV")
    again = agent.say("no idea")
    assert (again.decision, again.reply) == ("act", "That is no e-mail address. Which one is it?")
    agent.say("kim@example.com")
    assert agent.say("the last one").reply == (
        "I couldn't find a number like INV-1234 in that.\n\nWhat is your invoice?"
    )
    last = agent.say("the one of March")
    assert (last.decision, last.reason) == ("escalate", "flow_escalation")
    packet = Handoff.objects.get().packet
    assert packet["complete"]
    assert packet["data_pulled"][0]["data"] == {"email": "kim@example.com"}
    tried = [(step["step"], step["outcome"]) for step in packet["attempted_steps"]]
    assert tried.count(("Flow of data_export: ask_invoice", "not understood")) == 2
    run = FlowRun.objects.get()
    assert (run.state, run.reason) == ("escalated", "No valid invoice after 2 tries.")
    assert agent.ledger.calls == []


@pytest.mark.row("3.12", "4.6", "4.10")
def test_a_flow_that_ends_with_a_person_hands_over_what_it_found(agent: Agent) -> None:
    activate(INVOICE)
    agent.say("export INV-204, I am kim@example.com")
    last = agent.say("no")
    assert (last.decision, last.reason) == ("escalate", "flow_escalation")
    handoff = Handoff.objects.get()
    assert (handoff.rule_kind, handoff.complete) == ("hard", True)
    assert handoff.rule_id == Rule.objects.get(trigger="flow_escalation").pk
    pulled = {row["source"]: row["data"] for row in handoff.packet["data_pulled"]}
    assert pulled["stripe_find_invoice"]["invoice_status"] == "paid"
    first = Turn.objects.get(number=1).created_at.isoformat()
    when = {row["source"]: row["at"] for row in handoff.packet["data_pulled"]}
    assert (when["customer"], when["stripe_find_invoice"]) == (first, first)  # not the time of the handoff
    assert "- email: kim@example.com\n" in handoff.packet["suggested_reply"]
    assert FlowRun.objects.get().reason == "The customer is not satisfied."


@pytest.mark.row("3.11", "4.6")
@pytest.mark.parametrize("state", [FAILED, UNKNOWN])
def test_an_action_that_fails_ends_with_a_person(agent: Agent, state: str) -> None:
    activate(INVOICE)
    agent.ledger.failing = ActionResult(state, message="Stripe does not answer.")
    turn = agent.say("export INV-204, I am kim@example.com")
    assert (turn.decision, turn.reason) == ("escalate", "tool_failure")
    assert turn.as_json()["actions"][0]["state"] == state
    steps = Handoff.objects.get().packet["attempted_steps"]
    assert any(step.get("detail") == "Stripe does not answer." for step in steps)
    assert FlowRun.objects.get().state == "escalated"


@pytest.mark.row("3.11")
def test_only_what_surely_had_no_effect_takes_the_way_for_failures(agent: Agent) -> None:
    steps = [dict(step) for step in INVOICE["steps"]]
    steps[2] |= {"failure": "solved"}
    activate(definition(*steps))
    agent.ledger.failing = ActionResult(FAILED, message="No such invoice.")
    assert agent.say("export INV-204 kim@example.com").reply == "Does that settle it?"
    agent.ledger.failing = ActionResult(UNKNOWN, message="Timeout.")
    agent.conversation_id = None
    assert agent.say("export INV-204 kim@example.com").reason == "tool_failure"


@pytest.mark.row("3.11", "4.6")
@pytest.mark.parametrize(
    ("text", "reason"),
    [("I want to talk to a human", "human_request"), ("restricted matter", "human_only_intent")],
)
def test_who_wants_or_needs_a_person_leaves_the_flow(agent: Agent, text: str, reason: str) -> None:
    activate(BUG)
    agent.say("export is broken")
    turn = agent.say(text)
    assert (turn.decision, turn.reason, turn.as_json()["flow"]) == (
        "escalate",
        reason,
        {"step": None, "missing": []},
    )
    run = FlowRun.objects.get()
    assert (run.state, run.reason) == ("escalated", reason)
    assert Handoff.objects.get().packet["complete"]


@pytest.mark.row("3.11")
def test_a_rule_comes_before_the_flow_begins(agent: Agent) -> None:
    activate(INVOICE, "legal_threat")
    assert agent.say("restricted matter").reason == "human_only_intent"
    assert FlowRun.objects.count() == 0


@pytest.mark.row("3.11")
def test_a_clarifying_question_between_leaves_the_run_where_it_was(agent: Agent) -> None:
    wish = Rule.objects.get(trigger="human_request")
    rule_enable(
        actor=SYSTEM, rule=rule_update(actor=SYSTEM, rule=wish, clarify_first=1), is_first_installation=True
    )
    activate(INVOICE)
    agent.say("export")
    assert agent.say("let me talk to a human").decision == "clarify"
    assert FlowRun.objects.get().state == "running"
    assert agent.say("kim@example.com").reason == "human_request"


@pytest.mark.row("3.11")
def test_never_mind_calls_the_flow_off(agent: Agent) -> None:
    activate(INVOICE)
    agent.say("export")
    turn = agent.say("never mind")
    assert (turn.decision, turn.reason, turn.as_json()["flow"]["step"]) == ("act", "flow_cancelled", None)
    assert (FlowRun.objects.get().state, Conversation.objects.get().state) == ("abandoned", "open")


@pytest.mark.row("3.11")
def test_another_topic_leaves_the_flow_and_is_answered(agent: Agent) -> None:
    activate(INVOICE)
    agent.say("export")
    turn = agent.say("why was my invoice sent twice?")
    assert (turn.decision, turn.intent) == ("answer", "billing_inquiry")
    run = FlowRun.objects.get()
    assert (run.state, run.reason) == ("abandoned", "The customer turned to billing_inquiry.")
    assert agent.say("kim@example.com").decision != "act"


@pytest.mark.row("3.11")
def test_another_topic_with_a_flow_of_its_own_begins_that_one(agent: Agent) -> None:
    activate(BUG)
    activate(INVOICE, "billing_inquiry")
    agent.say("export fails")
    agent.say("it shows error 500")
    turn = agent.say("Another question: why was my invoice sent twice, INV-9, kim@example.com?")
    assert (turn.intent, turn.as_json()["actions"][0]["action"]) == ("billing_inquiry", "stripe_find_invoice")
    assert list(FlowRun.objects.order_by("number").values_list("number", "state")) == [
        (1, "abandoned"),
        (2, "running"),
    ]


def test_free_text_is_taken_whatever_it_resembles(agent: Agent) -> None:
    activate(BUG)
    agent.say("export")
    turn = agent.say("The page says that the invoice sent is late")
    assert turn.reply == "Shall I report this: The page says that the invoice sent is late?"


@pytest.mark.row("3.11")
def test_no_article_is_needed_where_a_flow_answers(agent: Agent) -> None:
    activate(INVOICE)
    assert agent.say("export nothing").reason == "flow_step"


@pytest.mark.row("3.11")
def test_a_run_stays_with_the_version_that_it_began_with(agent: Agent) -> None:
    flow = activate(INVOICE)
    agent.say("export")
    flow_save(actor=SYSTEM, flow=flow, base_number=1, title=flow.title, definition=BUG)
    flow.active_version = flow.versions.get(number=2)
    flow.save()
    assert agent.say("kim@example.com").reply == "What is your invoice?"
    assert FlowRun.objects.get().version.number == 1


@pytest.mark.row("3.11", "R41")
def test_an_action_is_not_repeated_where_the_process_dies_before_the_turn_is_kept(agent: Agent) -> None:
    activate(BUG)
    agent.say("export")
    agent.say("it fails")

    def die(result: Any) -> None:
        raise Killed

    with pytest.raises(Killed):
        agent.say("yes", on_recorded=die)
    assert len(agent.ledger.effects) == 1
    assert Turn.objects.count() == 2
    run = FlowRun.objects.get()
    assert (run.state, run.step, run.position["visits"]) == ("running", "report", {"report": 1})
    turn = agent.say("hello?")  # whatever comes next: what was agreed is done, once
    assert (turn.reason, turn.reply) == ("flow_resolved", "It is SUP-7.")
    assert (len(agent.ledger.effects), len(agent.ledger.calls)) == (1, 2)
    assert Turn.objects.count() == 3


@pytest.mark.row("3.11", "R41")
def test_after_a_real_death_others_wait_until_the_lease_is_over(agent: Agent) -> None:
    activate(BUG)
    agent.say("export")
    agent.say("it fails")

    def die(call: Any) -> None:
        agent.ledger(call)
        FlowRun.objects.update(revision=99)  # no release can find it: nothing runs after a kill
        raise Killed

    with pytest.raises(Killed):
        agent.say("yes", engines=replace(agent.engines, run_action=die))
    FlowRun.objects.update(acting_since=timezone.now())
    with pytest.raises(Conflict) as refusal:
        agent.say("hello?")
    assert refusal.value.code == "conversation_busy"
    assert len(agent.ledger.calls) == 1
    FlowRun.objects.update(acting_since=timezone.now() - timedelta(minutes=1))
    assert agent.say("hello?").reply == "It is SUP-7."
    assert len(agent.ledger.effects) == 1


@pytest.mark.row("3.11", "R41")
def test_an_opening_message_with_an_idempotency_key_acts_once_though_its_turn_was_lost(agent: Agent) -> None:
    activate(INVOICE)

    def die(result: Any) -> None:
        raise Killed

    opening = "export INV-204 kim@example.com"
    with pytest.raises(Killed):
        agent.say(opening, retry_key="k-1", on_recorded=die)
    assert (Conversation.objects.count(), Turn.objects.count()) == (1, 0)
    turn = agent.say(opening, retry_key="k-1")
    assert turn.reply == "Invoice INV-204 is paid.\n\nDoes that settle it?"
    assert len(agent.ledger.effects) == 1
    assert (Conversation.objects.count(), Turn.objects.get().number) == (1, 1)
    agent.conversation_id = None  # the key is used again, long after: a conversation of its own
    agent.say(opening, retry_key="k-1")
    assert (Conversation.objects.count(), len(agent.ledger.effects)) == (2, 2)


@pytest.mark.row("3.11", "7.3")
def test_a_turn_that_is_overtaken_does_not_act_again(agent: Agent) -> None:
    activate(BUG)
    agent.say("export")
    agent.say("it fails")
    once = []

    def overtaken(call: Any) -> ActionResult:
        result = agent.ledger(call)
        if not once:
            once.append(call)
            Conversation.objects.update(turn_count=Conversation.objects.get().turn_count + 1)
            FlowRun.objects.update(acting_since=None)
        return result

    turn = agent.say("yes", engines=replace(agent.engines, run_action=overtaken))
    assert turn.reply == "It is SUP-7."
    assert (len(agent.ledger.calls), len(agent.ledger.effects)) == (2, 1)


@pytest.mark.row("3.11", "7.3")
@pytest.mark.django_db(transaction=True)
def test_of_two_confirmations_at_once_one_acts(agent: Agent) -> None:
    activate(BUG)
    agent.say("export")
    agent.say("it fails")
    barrier = threading.Barrier(2, timeout=10)
    outcomes: list[str] = []

    def decide_together(facts, rule_set):
        if not getattr(local, "met", False):
            local.met = True
            barrier.wait()
        return decide(facts, rule_set)

    local = threading.local()
    engines = replace(agent.engines, decide=decide_together)

    def go() -> None:
        try:
            request = TurnRequest("yes", conversation_id=agent.conversation_id)
            outcomes.append(turn_take(actor=SYSTEM, request=request, engines=engines).reason)
        except Conflict as refusal:
            outcomes.append(refusal.code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=go) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(agent.ledger.effects) == 1
    assert outcomes.count("flow_resolved") == 1


@pytest.mark.row("3.11")
def test_a_preview_carries_the_flow_on_and_does_nothing(rules, ledger: Ledger) -> None:
    activate(INVOICE)
    engines = replace(ENGINES, classify=classify, run_action=ledger)
    first = turn_preview(request=TurnRequest("export INV-204"), engines=engines)
    assert first.result.reply == "What is your email?"
    second = turn_preview(request=TurnRequest("kim@example.com"), flow=first.flow, engines=engines)
    assert second.result.as_json()["actions"][0]["state"] == "dry_run"
    assert second.result.reply == "Invoice INV-204 is –.\n\nDoes that settle it?"
    third = turn_preview(request=TurnRequest("no"), flow=second.flow, engines=engines)
    assert (third.result.reason, third.flow, third.packet["complete"]) == ("flow_escalation", None, True)
    assert [call.dry_run for call in ledger.calls] == [True]
    assert (Conversation.objects.count(), FlowRun.objects.count(), Handoff.objects.count()) == (0, 0, 0)


@pytest.mark.row("3.11")
def test_slot_values_are_data_in_replies_and_go_with_their_conversation(agent: Agent) -> None:
    activate(
        definition(
            collect("a", "story", "text"),
            {"id": "b", "kind": "say", "text": "You said: {story}"},
            DONE,
        )
    )
    agent.say("export")
    turn = agent.say("see [me](http://evil.example) {story} <b>*x*</b>")
    assert turn.reply.startswith(r"You said: see \[me\](http://evil.example) {story} \<b\>\*x\*\</b\>")
    Conversation.objects.all().delete()
    assert FlowRun.objects.count() == 0


@pytest.mark.row("3.11")
def test_customers_values_reach_neither_the_log_nor_the_trace(agent: Agent, caplog) -> None:
    activate(INVOICE)
    agent.say("export")
    agent.say("kim@example.com")
    assert "kim@example.com" not in caplog.text
    steps = [step for step in Trace.objects.get(turn__number=2).steps if step["name"] == "flow"]
    assert "kim@example.com" not in str(steps)


@pytest.mark.row("3.11")
def test_a_flow_that_crashes_ends_with_a_person(agent: Agent) -> None:
    activate(INVOICE)

    def crash(call: Any) -> ActionResult:
        raise OSError("no network")

    turn = agent.say("export INV-1 kim@example.com", engines=replace(agent.engines, run_action=crash))
    assert (turn.decision, turn.reason) == ("escalate", "step_failure")
    assert FlowRun.objects.get().state == "escalated"
    assert Handoff.objects.get().packet["complete"]


def test_a_flow_with_errors_is_not_activated(rules) -> None:
    flow = flow_create(actor=SYSTEM, intent="data_export", title="Broken", definition=definition())
    with pytest.raises(Exception, match="cannot be activated"):
        flow_activate(actor=SYSTEM, flow=flow, number=1)
