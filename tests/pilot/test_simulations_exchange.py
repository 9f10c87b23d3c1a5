"""Scenarios come in from test specs, conversations, intents and rules, and go out as YAML that comes back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.actors import Actor
from core.errors import InvalidInput
from pilot.models import Scenario
from pilot.simulations.exchange.contracts import Surroundings
from pilot.simulations.exchange.exporting import script_dump, suite_dump
from pilot.simulations.exchange.importing import file_import, outcome_checks
from pilot.simulations.making import rule_scripts, scenario_of_conversation, starters_keep
from pilot.simulations.reading import script_loads, scripts_read
from pilot.simulations.script import Script, ScriptStep
from pilot.simulations.suites import suite_create
from runtime.contracts import Customer, TurnRequest
from runtime.models import Conversation
from runtime.services import turn_take
from tests.pilot.test_simulations_pure import REFUND
from tests.runtime.conftest import ENGINES

pytestmark = pytest.mark.row("5.14")
SYSTEM = Actor.system("test")
KNOWN = Surroundings(
    intents={"data_export": "Data export", "billing_inquiry": "Billing inquiry"},
    actions={"stripe_find_invoice": "Look up an invoice"},
    titles=("How do I export my workspace?", "Help"),
)
SPEC = """\
name: Service agent tests
subjectType: AGENT
subjectName: Larkstow_Agent
testCases:
  - utterance: How do I export my data?
    expectedTopic: Data_Export
    expectedActions: []
    expectedOutcome: "It answers from “How do I export my workspace?” with the steps."
    metrics: [coherence]
  - utterance: What about invoice INV-204?
    expectedTopic: Billing Inquiry Topic
    expectedActions: [Look_Up_An_Invoice]
    expectedOutcome: The conversation is escalated to a human.
    conversationHistory:
      - {role: agent, index: 2, message: "Which one?", topic: billing}
      - {role: user, index: 1, message: I have a question}
  - utterance: Where is my parcel?
    expectedTopic: Shipping
  - expectedTopic: Data_Export
  - utterance: What about invoice INV-204?
    expectedActions: [Refund]
"""


def test_a_test_spec_becomes_scenarios_and_nothing_of_it_is_lost() -> None:
    found = file_import(SPEC, "spec.yaml", KNOWN)
    assert (found.format, found.suite) == ("Agentforce test spec", "Service agent tests")
    first, second = found.scripts
    assert first.steps == (
        ScriptStep(
            "How do I export my data?", {"intent": "data_export", "cites": ["How do I export my workspace?"]}
        ),
    )
    assert first.note.startswith("It answers from")
    assert [step.say for step in second.steps] == ["I have a question", "What about invoice INV-204?"]
    assert second.steps[1].expect == {
        "intent": "billing_inquiry",
        "called": [{"action": "stripe_find_invoice"}],
        "escalated": True,
    }
    assert [(one.line, one.reason.split(":")[0]) for one in found.rejected] == [
        (17, "no intent is known for the topic “Shipping”"),
        (19, "there is no utterance"),
        (20, "no action is known for “Refund”"),
    ]
    assert len(found.scripts) + len(found.rejected) == 5
    assert (found.unknown_topics, found.unknown_actions) == (("Shipping",), ("Refund",))
    assert found.unchecked == ("metrics",)


def test_a_person_says_what_unknown_names_mean() -> None:
    chosen = Surroundings(KNOWN.intents, KNOWN.actions, (), {"Shipping": "billing_inquiry", "Refund": "-"})
    found = file_import(SPEC, "spec.yaml", chosen)
    assert [one.reason for one in found.rejected] == ["there is no utterance"]
    assert found.scripts[2].steps[0].expect == {"intent": "billing_inquiry"}
    assert found.scripts[3].name == "What about invoice INV-204? (2)"
    assert found.scripts[3].steps[0].expect == {}


def test_the_shape_of_the_metadata_is_read_too() -> None:
    text = """{"name": "T", "subjectType": "AGENT", "testCase": [{"number": 1,
      "inputs": {"utterance": "Export?", "contextVariable": [{"variableName": "a", "variableValue": "b"}]},
      "expectation": [{"name": "topic_sequence_match", "expectedValue": "Data_Export"},
        {"name": "action_sequence_match", "expectedValue": "['Look_Up_An_Invoice']"},
        {"name": "bot_response_rating", "expectedValue": "Steps"}, {"name": "coherence"}]}]}"""
    found = file_import(text, "t.json", KNOWN)
    (script,) = found.scripts
    assert script.steps[0].expect == {"intent": "data_export", "called": [{"action": "stripe_find_invoice"}]}
    assert script.note == "Steps"
    assert found.unchecked == ("inputs.contextVariable", "coherence")


def test_a_csv_is_read_by_its_header_and_refused_without_an_utterance() -> None:
    text = (
        "Utterance,Expected Topic,Expected Actions,Expected Response\n"
        '"Export, please",data_export,"[""stripe_find_invoice""]",Steps\n'
        ",data_export,,\n"
    )
    found = file_import(text, "cases.csv", KNOWN)
    assert found.scripts[0].steps[0].say == "Export, please"
    assert found.scripts[0].steps[0].expect["called"] == [{"action": "stripe_find_invoice"}]
    assert [(one.line, one.reason) for one in found.rejected] == [(3, "there is no utterance")]
    with pytest.raises(InvalidInput, match="no column “utterance”"):
        file_import("a,b\n1,2", "x.csv", KNOWN)
    with pytest.raises(InvalidInput, match="not sound CSV"):
        file_import('utterance\n"a"b', "x.csv", KNOWN)


@pytest.mark.parametrize(
    ("outcome", "checks"),
    [
        ("The agent escalates to a human agent.", {"escalated": True}),
        ("It transfers the customer to a live agent", {"escalated": True}),
        ("It does not escalate.", {}),
        ("It never hands over to a human agent", {}),
        ("It asks a clarifying question.", {"decision": ["clarify"]}),
        ("It says that this is out of scope.", {"out_of_scope": True}),
        ("A friendly summary of the account.", {}),
        ("See Help.", {}),
    ],
)
def test_prose_is_checked_only_where_it_says_plainly_what_must_be(
    outcome: str, checks: dict[str, Any]
) -> None:
    assert outcome_checks(outcome, KNOWN.titles) == checks


def test_what_is_exported_comes_back_as_it_was() -> None:
    script = script_loads(REFUND)
    text = script_dump(script)
    assert script_loads(text) == script
    assert script_dump(script_loads(text)) == text
    again = scripts_read(suite_dump("Smoke", [script]))
    assert (again.suite, [one for _, one in again.scripts], again.problems) == ("Smoke", [script], ())
    assert file_import(suite_dump("Smoke", [script]), "x.yaml", KNOWN).scripts == (script,)


said = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), min_size=1, max_size=60)


@settings(max_examples=150)
@given(say=said.filter(str.strip), contains=said, value=said)
def test_any_words_survive_the_round_trip(say: str, contains: str, value: str) -> None:
    script = Script("x", (ScriptStep(say, {"reply_contains": [contains], "slots": {"a": value}}),))
    assert script_loads(script_dump(script)) == script


@pytest.mark.django_db
def test_a_conversation_becomes_a_scenario_without_its_customers_secrets(rules: None) -> None:
    conversation_id = None
    for text in ("How do I export? Mail me at kim@example.com", "I will sue you"):
        request = TurnRequest(
            text,
            conversation_id=conversation_id,
            channel="email",
            customer=Customer("c-17", user_type="admin", tier="pro", verified=True),
        )
        conversation_id = turn_take(actor=SYSTEM, request=request, engines=ENGINES).conversation_id
    suite = suite_create(actor=SYSTEM, name="From life")
    scenario = scenario_of_conversation(
        actor=SYSTEM, conversation=Conversation.objects.get(pk=conversation_id), suite=suite
    )
    definition = scenario.definition
    assert (scenario.source, scenario.source_ref) == ("conversation", str(conversation_id))
    assert "kim@example.com" not in str(definition)
    assert "c-17" not in str(definition)
    assert definition["customer"] == {"user_type": "admin", "tier": "pro"}
    assert definition["steps"][0]["expect"] == {
        "decision": ["answer"],
        "intent": "data_export",
        "cites": ["How do I export my workspace?"],
    }
    assert definition["steps"][1]["expect"]["escalated"] == {"trigger": "legal"}


@pytest.mark.django_db
def test_starters_come_from_intents_and_hard_rules_and_only_once(rules: None) -> None:
    suite = suite_create(actor=SYSTEM, name="Starters")
    names = {script.name for script in rule_scripts()}
    kept = starters_keep(actor=SYSTEM, suite=suite)
    assert set(kept.made) == names
    assert len(names) >= 3
    assert starters_keep(actor=SYSTEM, suite=suite).made == ()
    assert set(suite.scenarios.values_list("source", flat=True)) == {Scenario.Source.STARTER}
