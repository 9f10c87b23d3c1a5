"""Two wishes in one message: each is decided on, and both are answered for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from core.actors import Actor
from escalation.contracts import Decision, Escalation
from intents.contracts import IntentProfile, Segment
from kb.contracts import SearchResult
from runtime.contracts import TurnRequest
from runtime.flows.services import flow_create
from runtime.models import Handoff, Turn
from runtime.second_wish import is_final, leads, put_off
from runtime.services import turn_take
from tests.runtime.conftest import ENGINES, EXCLUSION, FOUND, GOOD, HIT
from tests.runtime.flows import INVOICE

SYSTEM = Actor.system("test")
SLUGS = {
    "export": "data_export",
    "bill": "billing_inquiry",
    "people": "people_only",
    "excluded": "excluded",
    "nothing": "nothing",
    "invoice": "invoice",
    "again": "invoice_again",
}
RESOLUTION = {"people_only": "human_only"}
BILL = replace(HIT, article_id=14, title="Where is my bill?", quote="Under **Billing**.")


def classify(text: str) -> Any:
    """See a wish in each half of what “and also” joins."""
    halves = text.split(" and also ")
    segments = tuple(Segment(half, SLUGS[half.split()[0]], 0.9) for half in halves)
    return replace(GOOD, intent=segments[0].intent, segments=segments if len(segments) > 1 else ())


def search(query: str, **more: Any) -> SearchResult:
    """Find one article for each subject."""
    word = query.split()[0]
    if word == "nothing":
        return SearchResult((), None, 12)
    if word == "excluded":
        return SearchResult((HIT,), EXCLUSION, 12)
    return SearchResult((BILL,), None, 12) if word == "bill" else FOUND


def profile(slug: str) -> IntentProfile:
    return IntentProfile(slug, slug.replace("_", " ").capitalize(), "", RESOLUTION.get(slug, "ai_resolvable"))


def activate(*slugs: str) -> None:
    """Give each of the intents, which are no rows here, the flow about an invoice."""
    for slug in slugs:
        made = flow_create(actor=SYSTEM, intent=slug, title=f"Flow of {slug}", definition=INVOICE)
        made.active_version, made.state = made.versions.get(), "active"
        made.save()


TWO = replace(ENGINES, classify=classify, search=search, intent_profile=profile)


def take(text: str, engines: Any = TWO) -> Any:
    return turn_take(actor=SYSTEM, request=TurnRequest(text, channel="test"), engines=engines)


@pytest.mark.django_db
@pytest.mark.row("3.18", "7.1")
def test_both_of_two_questions_are_answered_in_their_order_with_both_sources(rules: None) -> None:
    result = take("export all and also bill of May")
    assert (result.decision, result.intent) == ("answer", "data_export")
    assert [citation["article_id"] for citation in result.citations] == [12, 14]
    assert result.reply.index(HIT.quote) < result.reply.index(BILL.quote)
    assert result.also == {
        "text": "bill of May",
        "intent": "billing_inquiry",
        "label": "Billing inquiry",
        "decision": "answer",
    }


@pytest.mark.django_db
@pytest.mark.row("3.18")
@pytest.mark.parametrize(
    ("text", "decision", "intent", "also", "said"),
    [
        ("export all and also people now", "escalate", "people_only", "answer", [HIT.quote, "specialist"]),
        ("people now and also export all", "escalate", "people_only", "answer", [HIT.quote, "specialist"]),
        ("nothing here and also export all", "clarify", "nothing", "answer", [HIT.quote, "good answer"]),
        (
            "excluded and also bill of May",
            "answer",
            "billing_inquiry",
            "out_of_scope",
            ["single", BILL.quote],
        ),
        ("nothing here and also people now", "escalate", "people_only", "clarify", ["specialist"]),
    ],
)
def test_the_more_urgent_part_leads_and_the_other_is_said_before_it(
    rules: None, text: str, decision: str, intent: str, also: str, said: list[str]
) -> None:
    result = take(text)
    assert (result.decision, result.intent, result.also["decision"]) == (decision, intent, also)
    places = [result.reply.find(words) for words in said]
    assert -1 not in places, result.reply
    assert places == sorted(places)
    turn = Turn.objects.get()
    assert (turn.decision, turn.intent, turn.reply) == (decision, intent, result.reply)


@pytest.mark.django_db
def test_one_section_that_answers_both_parts_is_given_once(rules: None) -> None:
    result = take("export all and also export it again")
    assert (result.decision, len(result.citations), result.also) == ("answer", 1, None)


@pytest.mark.django_db
@pytest.mark.row("3.16")
@pytest.mark.usefixtures("actions_set_up")
@pytest.mark.parametrize("text", ["invoice please and also export all", "export all and also invoice please"])
def test_a_flow_begins_after_the_other_part_is_answered(rules: None, text: str) -> None:
    activate("invoice")
    result = take(text)
    assert (result.decision, result.intent, result.also["decision"]) == ("act", "invoice", "answer")
    assert result.reply.index(HIT.quote) < result.reply.index("What is your email?")
    assert result.flow["step"] == "ask_email"


@pytest.mark.django_db
@pytest.mark.usefixtures("actions_set_up")
def test_of_two_flows_the_second_is_said_to_wait(rules: None) -> None:
    activate("invoice", "invoice_again")
    result = take("invoice please and also again please")
    assert (result.intent, result.also["decision"]) == ("invoice", "act")
    assert result.reply == (
        "You also asked about “Invoice again”. Once this is settled, just ask me again."
        "\n\nWhat is your email?"
    )


@pytest.mark.django_db
@pytest.mark.row("4.5", "4.10")
def test_a_wish_for_a_person_is_all_that_is_said_and_the_packet_names_what_led_the_turn(rules: None) -> None:
    result = take("export all and also people who let me talk to a human")
    assert (result.reason, result.also) == ("human_request", None)
    assert HIT.quote not in result.reply
    take("nothing here and also people now")
    packet = Handoff.objects.order_by("-id")[0].packet
    assert packet["complete"]
    assert packet["intent"]["also"]["text"] == "nothing here"


@pytest.mark.django_db
def test_a_second_part_whose_intent_is_gone_ends_with_a_person(rules: None) -> None:
    result = take(
        "export all and also bill of May",
        replace(TWO, intent_profile={"data_export": profile("data_export")}.get),
    )
    assert (result.decision, result.reason) == ("escalate", "step_failure")


def test_urgency_decides_who_leads_and_equals_keep_their_order() -> None:
    order = [Decision(action, "x") for action in ("escalate", "act", "clarify", "answer", "out_of_scope")]
    for i, first in enumerate(order):
        for j, second in enumerate(order):
            assert leads(first, second) is (j < i)


@pytest.mark.parametrize(
    ("kind", "trigger", "final"),
    [("hard", "step_failure", True), ("soft", "human_request", True), ("soft", "no_answer", False)],
)
def test_after_a_hard_rule_or_a_wish_for_a_person_nothing_else_is_said(kind, trigger, final) -> None:
    assert is_final(Decision("escalate", trigger, Escalation(kind, trigger, 1, 1))) is final
    assert not is_final(Decision("clarify", trigger, Escalation(kind, trigger, 1, 1)))


def test_a_label_is_never_expanded() -> None:
    said = put_off(Decision("act", "x"), Decision("act", "x"), "{label.__class__} %s")
    assert said == "You also asked about “{label.__class__} %s”. Once this is settled, just ask me again."
