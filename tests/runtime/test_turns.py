"""Turns as they are taken and kept: decisions over several messages, serialisation, cost."""

from __future__ import annotations

import threading
from dataclasses import replace
from uuid import uuid4

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from core.actors import Actor
from core.errors import Conflict, InvalidInput, NotFound
from escalation.models import Rule, RuleSetVersion
from escalation.services import rule_disable, rule_enable, rule_update
from escalation.versions import fields_of
from runtime.contracts import MAX_TURNS, Customer, TurnRequest
from runtime.models import Conversation, Handoff, Trace, Turn
from runtime.services import handoff_accept, handoff_return, turn_preview, turn_take
from tests.runtime.conftest import ENGINES, SYSTEM

pytestmark = pytest.mark.django_db


def take(text: str, conversation=None, **more):
    conversation_id = conversation.conversation_id if conversation else None
    return turn_take(
        actor=SYSTEM,
        request=TurnRequest(text, conversation_id=conversation_id, channel="test", **more),
        engines=ENGINES,
    )


def rows() -> tuple[int, int, int, int]:
    return tuple(model.objects.count() for model in (Conversation, Turn, Trace, Handoff))


@pytest.mark.row("7.1", "2.14")
def test_a_turn_is_answered_with_a_citation_and_kept_with_its_trace(rules) -> None:
    result = take("How do I export?")
    assert (result.decision, result.reason, result.intent) == ("answer", "answered", "data_export")
    assert result.citations[0]["quote"] in result.reply
    assert result.versions == {"release": 3, "model_version": 5, "index": 12, "rule_set": 11}
    turn = Turn.objects.get()
    assert (turn.pk, turn.number, turn.mode, turn.delivered) == (result.turn_id, 1, "live", True)
    steps = {step["name"]: step for step in turn.trace.steps}
    assert list(steps) == [
        "rules",
        "sense",
        "classify",
        "intent",
        "attempts",
        "search",
        "decide",
        "reply",
    ]
    assert steps["search"]["details"]["hits"][0]["score"] == 0.7
    assert steps["classify"]["details"]["nearest_examples"][0]["id"] == 5
    assert set(result.timings_ms) == {*steps, "total"}


@pytest.mark.row("4.6", "4.17")
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("I want to talk to a human", "human_request"),
        ("restricted matter", "human_only_intent"),
        ("explode", "step_failure"),
        ("index broken", "step_failure"),
        ("unknown intent", "step_failure"),
    ],
)
def test_a_handoff_carries_its_reason_and_the_whole_packet(rules, text: str, reason: str) -> None:
    result = take(text)
    handoff = Handoff.objects.get()
    assert (result.decision, result.handoff_id) == ("escalate", handoff.pk)
    assert (handoff.reason, handoff.state, handoff.complete) == (reason, "queued", True)
    assert handoff.packet["transcript"][0]["text"] == text
    assert handoff.packet["transcript"][1]["text"] == result.reply
    rule = Rule.objects.get(trigger=reason)
    assert (handoff.rule_id, handoff.rule_version) == (rule.pk, rule.version)
    assert Conversation.objects.get().state == "waiting_for_human"


@pytest.mark.row("3.18", "4.7")
def test_two_close_intents_are_asked_about_once_and_a_second_miss_escalates(rules) -> None:
    first = take("something ambiguous")
    assert (first.decision, [o["label"] for o in first.options]) == (
        "clarify",
        ["Data export", "Billing inquiry"],
    )
    assert "1. Data export\n2. Billing inquiry" in first.reply
    second = take("still ambiguous", first)
    assert (second.decision, second.reason) == ("escalate", "low_confidence")
    packet = Handoff.objects.get().packet
    assert [line["text"] for line in packet["transcript"]] == [
        "something ambiguous",
        first.reply,
        "still ambiguous",
        second.reply,
    ]
    assert packet["attempted_steps"][0]["step"] == "clarify"


@pytest.mark.row("3.18")
def test_the_customers_choice_is_used_in_the_next_turn(rules) -> None:
    first = take("something ambiguous")
    second = take("2", first)
    assert (second.decision, second.intent) == ("answer", "billing_inquiry")
    steps = Trace.objects.get(turn_id=second.turn_id).steps
    assert steps[2]["details"] == {
        "chosen_by_customer": "billing_inquiry",
        "question_was_about": "something ambiguous",
    }
    third = take("again ambiguous", second)  # one question a conversation
    assert third.decision == "escalate"


@pytest.mark.row("4.7")
def test_with_one_question_allowed_a_wish_for_a_person_is_met_on_the_next_turn(rules) -> None:
    wish = Rule.objects.get(trigger="human_request")
    rule_enable(
        actor=SYSTEM, rule=rule_update(actor=SYSTEM, rule=wish, clarify_first=1), is_first_installation=True
    )
    first = take("let me talk to a human")
    assert (first.decision, first.escalation, first.handoff_id) == ("clarify", None, None)
    second = take("it is about my invoice", first)
    assert (second.decision, second.reason) == ("escalate", "human_request")
    assert second.escalation["matched_text"] == "talk to a human"


@pytest.mark.row("2.6", "4.6")
@pytest.mark.parametrize(
    ("text", "decision", "reason"),
    [
        ("excluded", "out_of_scope", "out_of_scope"),
        ("nonsense", "clarify", "no_answer"),
        ("nothing", "clarify", "no_answer"),
        ("unsure", "clarify", "low_confidence"),
    ],
)
def test_what_has_no_good_answer_is_not_answered(rules, text, decision, reason) -> None:
    result = take(text)
    assert (result.decision, result.reason, result.citations) == (decision, reason, ())
    if decision == "out_of_scope":
        assert result.out_of_scope["article_id"] == 12
        assert "How do I export my workspace?" in result.reply
        assert "Exports of single items." in result.reply


def test_without_any_rule_what_has_no_answer_still_reaches_a_person(rules) -> None:
    for rule in Rule.objects.all():
        rule_disable(actor=SYSTEM, rule=rule)
    assert take("nothing").reason == "no_answer"
    assert take("explode").reason == "step_failure"
    assert take("I want a human").decision == "answer"


@pytest.mark.row("4.16")
def test_while_a_person_has_the_conversation_the_agent_is_silent(rules) -> None:
    first = take("I want a human")
    before = rows()
    for _ in range(2):
        with pytest.raises(Conflict) as refusal:
            take("hello?", first)
        assert refusal.value.code == "with_human"
        assert rows() == before
        if Handoff.objects.get().state == "queued":
            handoff_accept(actor=SYSTEM, handoff=Handoff.objects.get())


@pytest.mark.row("4.16")
def test_a_returned_conversation_is_not_handed_over_again_by_its_old_context(rules) -> None:
    wish = Rule.objects.get(trigger="human_request")
    rule_enable(
        actor=SYSTEM, rule=rule_update(actor=SYSTEM, rule=wish, clarify_first=1), is_first_installation=True
    )
    first = take("I want a human")
    assert take("it is about exports", first).decision == "escalate"
    handoff_return(actor=SYSTEM, handoff=Handoff.objects.get())
    answered = take("How do I export?", first)
    assert answered.decision == "answer"
    assert take("something ambiguous", first).decision == "clarify"  # its one question is there again
    again = take("I want a human", first)  # a second explicit wish is never delayed
    assert (again.decision, again.reason) == ("escalate", "human_request")
    assert [turn.number for turn in Turn.objects.order_by("number")] == [1, 2, 3, 4, 5]
    assert Handoff.objects.count() == 2


def test_a_full_or_closed_conversation_takes_no_turn(rules) -> None:
    first = take("How do I export?")
    for changes, code in (
        ({"turn_count": MAX_TURNS}, "conversation_full"),
        ({"state": "closed"}, "conversation_closed"),
    ):
        Conversation.objects.update(**changes)
        with pytest.raises(Conflict) as refusal:
            take("hello", first)
        assert refusal.value.code == code
    assert Turn.objects.count() == 1


@pytest.mark.row("R57")
def test_a_conversation_is_not_passed_to_another_customer(rules) -> None:
    first = take("How do I export?", customer=Customer("c-1"))
    with pytest.raises(Conflict) as refusal:
        take("and now?", first, customer=Customer("c-2"))
    assert refusal.value.code == "other_customer"
    assert take("and now?", first).decision == "answer"


@pytest.mark.parametrize(
    "request_",
    [
        TurnRequest(" \n"),
        TurnRequest("x" * 4001),
        TurnRequest("x\x00"),
        TurnRequest("x\ud800"),
        TurnRequest("x", channel="c" * 33),
        TurnRequest("x", page="p" * 501),
        TurnRequest("x", customer=Customer("c" * 129)),
    ],
)
@pytest.mark.row("R13")
def test_a_request_that_cannot_be_kept_is_refused(rules, request_) -> None:
    for act in (
        lambda: turn_take(actor=SYSTEM, request=request_, engines=ENGINES),
        lambda: turn_preview(request=request_, engines=ENGINES),
    ):
        with pytest.raises(InvalidInput):
            act()
    assert rows() == (0, 0, 0, 0)


@pytest.mark.row("R3")
def test_an_unknown_or_foreign_conversation_is_not_found(rules) -> None:
    own = take("How do I export?")
    stranger = Actor("api_key", 999, "other")
    for actor, conversation_id in ((SYSTEM, uuid4()), (stranger, own.conversation_id)):
        with pytest.raises(NotFound):
            turn_take(actor=actor, request=TurnRequest("x", conversation_id), engines=ENGINES)
    assert rows() == (1, 1, 1, 0)


def test_a_preview_tells_everything_and_keeps_nothing(rules) -> None:
    preview = turn_preview(request=TurnRequest("I want a human"), engines=ENGINES)
    assert (preview.result.decision, preview.result.turn_id, preview.result.delivered) == (
        "escalate",
        None,
        False,
    )
    assert preview.packet["complete"]
    assert preview.result.as_json()["conversation_id"] is None
    assert [step.name for step in preview.steps][:2] == ["rules", "sense"]
    assert turn_preview(request=TurnRequest("How do I export?"), engines=ENGINES).packet is None
    assert rows() == (0, 0, 0, 0)


@pytest.mark.row("7.3")
def test_a_failure_while_recording_leaves_no_part_of_the_turn(rules) -> None:
    def fail(_):
        raise OSError("no disk")

    with pytest.raises(OSError, match="no disk"):
        turn_take(actor=SYSTEM, request=TurnRequest("I want a human"), on_recorded=fail, engines=ENGINES)
    assert rows() == (0, 0, 0, 0)


@pytest.mark.row("7.8")
@pytest.mark.parametrize(("text", "most"), [("How do I export?", 10), ("I want a human", 18)])
def test_a_turn_costs_few_statements_however_long_the_conversation(rules, text, most) -> None:
    rule_disable(actor=SYSTEM, rule=Rule.objects.get(trigger="repeated_failure"))
    first = take("How do I export?")

    def cost(text: str) -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            take(text, first)
        return len([q for q in queries if "SAVEPOINT" not in q["sql"]])

    short = cost("How do I export?")
    for _ in range(20):
        take("How do I export?", first)
    assert cost("How do I export?") == short <= 10  # one asks which pilots run
    assert cost(text) <= most  # one asks who is to be told of a handoff


@pytest.mark.row("7.3")
@pytest.mark.django_db(transaction=True)
def test_concurrent_turns_of_one_conversation_get_consecutive_numbers(rules) -> None:
    first = take("How do I export?")
    barrier = threading.Barrier(2, timeout=10)
    met = threading.local()

    def classify(text):
        if not getattr(met, "done", False):  # both have read the conversation before either writes
            met.done = True
            barrier.wait()
        return ENGINES.classify(text)

    engines = replace(ENGINES, classify=classify)
    results = []

    def go(text: str) -> None:
        try:
            request = TurnRequest(text, conversation_id=first.conversation_id)
            results.append(turn_take(actor=SYSTEM, request=request, engines=engines))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=go, args=(f"question {n}",)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 2
    assert list(Turn.objects.order_by("number").values_list("number", flat=True)) == [1, 2, 3]
    assert Conversation.objects.get().turn_count == 3


@pytest.mark.row("7.3", "4.7")
@pytest.mark.django_db(transaction=True)
def test_of_two_concurrent_misses_one_is_asked_about_and_the_other_escalates(rules) -> None:
    first = take("How do I export?")
    barrier = threading.Barrier(2, timeout=10)
    met = threading.local()
    decisions = []

    def classify(text):
        if not getattr(met, "done", False):
            met.done = True
            barrier.wait()
        return ENGINES.classify(text)

    def go() -> None:
        try:
            request = TurnRequest("ambiguous", conversation_id=first.conversation_id)
            result = turn_take(actor=SYSTEM, request=request, engines=replace(ENGINES, classify=classify))
            decisions.append(result.decision)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=go) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(decisions) == ["clarify", "escalate"]


@pytest.mark.row("4.8")
def test_an_edit_that_waits_decides_nothing_and_is_cited_nowhere(rules) -> None:
    rule = Rule.objects.get(trigger="human_request")
    rule_update(actor=SYSTEM, rule=rule, name="Later", clarify_first=1)
    result = take("I want to talk to a human")
    turn = Turn.objects.get()
    assert (result.decision, turn.rule_id, turn.rule_version) == ("escalate", rule.pk, 1)
    assert (turn.matched_text, turn.rule_set_version) == ("talk to a human", 11)
    assert "Later" not in str(result) + str(Handoff.objects.get().packet)
    rule_enable(actor=SYSTEM, rule=rule, is_first_installation=True)
    asked = take("I want to talk to a human")
    assert (asked.decision, Turn.objects.latest("pk").rule_version) == ("clarify", 2)


@pytest.mark.row("4.8")
def test_a_rule_that_breaks_is_named_in_the_trace(rules) -> None:
    rule = Rule.objects.get(trigger="no_answer")
    number = RuleSetVersion.objects.count() + 1
    broken = [{"id": rule.pk, "version": 1, **fields_of(rule), "parameters": {"minimum_score": "much"}}]
    RuleSetVersion.objects.create(number=number, rules=broken, changed_by="x")
    result = take("How do I export?")
    assert (result.decision, result.reason) == ("escalate", "step_failure")
    (decided,) = [step for step in Turn.objects.get().trace.steps if step["name"] == "decide"]
    name = "No good answer in the knowledge base"
    assert decided["details"]["fault"] == f"rule {rule.pk} version 1 ({name}): TypeError"
