"""Clarifying answers, reply wording and the packet's schema, without a database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.contracts import RuleSet
from escalation.teams.contracts import NO_TEAM
from kb.contracts import Audience
from runtime.clarification import Pending, option_chosen
from runtime.contracts import Customer, TurnRequest
from runtime.drafting.voice import answer_reply
from runtime.packet import packet_build, packet_complete
from runtime.pipeline import run
from runtime.replies import out_of_scope_reply
from runtime.turn_state import Context
from tests.runtime.conftest import ENGINES, EXCLUSION, FOUND, HIT

OPTIONS = [
    {"intent": "data_export", "label": "Data export"},
    {"intent": "billing_inquiry", "label": "Billing inquiry"},
]
PURE = replace(
    ENGINES,
    rule_set=lambda: RuleSet(0, ()),
    active_flow=lambda intent: None,
    assign_team=lambda case, *, at: NO_TEAM,
    wait_seconds=lambda team: None,
    handoff_message=lambda reason, *, situation, locale, tier: f"{reason} {situation.wait_seconds}",
)
AT = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.mark.row("3.18")
@pytest.mark.parametrize(
    ("reply", "chosen"),
    [
        ("1", "data_export"),
        (" 2. ", "billing_inquiry"),
        ("#1", "data_export"),
        ("option 2 please", "billing_inquiry"),
        ("the first one", "data_export"),
        ("It's the second", "billing_inquiry"),
        ("Data export", "data_export"),
        ("data_export", "data_export"),
        ("billing inquiry, thanks", "billing_inquiry"),
        ("I mean the data export", "data_export"),
        ("3", None),
        ("12", None),
        ("a", None),
        ("neither", None),
        ("data export or billing inquiry", None),
        ("I have 2 problems", None),
        ("no, something else", None),
        ("my export of 1 gigabyte fails when the billing page of the data team is open", None),
    ],
)
def test_an_option_is_taken_by_number_label_or_slug_and_never_guessed(reply, chosen) -> None:
    assert option_chosen(reply, OPTIONS) == chosen


@given(st.text(max_size=200))
def test_no_reply_breaks_the_reading_of_options(reply: str) -> None:
    assert option_chosen(reply, OPTIONS) in {None, "data_export", "billing_inquiry"}
    assert option_chosen(reply, OPTIONS[:1]) in {None, "data_export"}


@pytest.mark.row("3.18")
def test_the_chosen_option_answers_the_question_that_was_asked_first() -> None:
    queries = []

    def search(query, **_):
        queries.append(query)
        return FOUND

    pending = Pending("low_confidence", "it does not work", "", OPTIONS)
    outcome = run(TurnRequest("2"), Context(1, 0, pending), replace(PURE, search=search))
    assert queries == ["it does not work"]
    assert (outcome.decision.action, outcome.facts.intent) == ("answer", "billing_inquiry")
    assert (outcome.facts.confidence, outcome.classification) == (1.0, None)


@pytest.mark.row("2.14")
def test_an_answer_is_the_sections_own_text_under_its_heading_with_its_source() -> None:
    other = replace(HIT, title="Other", url="", score=0.65)
    far = replace(HIT, title="Far", score=0.3)
    best = replace(HIT, heading_path=("Steps", "Where to find it"))  # "Steps" says nothing by itself
    assert answer_reply([best, other, far], lambda slug: "") == (
        "**Where to find it**\n\n1. Open **Settings**.\n2. Choose **Export**.\n\n"
        "Source: [How do I export my workspace?](https://help.example.com/export)\nSee also: Other"
    )


LINKED = "Refunds: [What is your refund policy?](kb:refund-policy)"


@pytest.mark.row("2.14")
@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://help.example.com/x", "Refunds: [What is your refund policy?](https://help.example.com/x)"),
        ("/help/x/", "Refunds: What is your refund policy?"),  # holds on our own pages only
        ("", "Refunds: What is your refund policy?"),
    ],
)
def test_links_between_articles_are_addresses_or_words_in_replies(url: str, shown: str) -> None:
    assert shown in answer_reply([replace(HIT, quote=LINKED)], lambda slug: url)
    assert shown in out_of_scope_reply(replace(EXCLUSION, text=LINKED), lambda slug: url)


@pytest.mark.row("2.14")
def test_the_reply_resolves_links_and_the_citation_stays_verbatim() -> None:
    found = replace(FOUND, hits=(replace(HIT, quote=LINKED),))
    outcome = run(TurnRequest("hello"), Context(), replace(PURE, search=lambda query, **_: found))
    assert "](https://help.example.com/refund-policy)" in outcome.reply
    assert "kb:" not in outcome.reply
    assert outcome.citations[0]["quote"] == LINKED


@pytest.mark.row("3.18")
@pytest.mark.parametrize(("text", "hint"), [("hello", "Data export"), ("I am unsure", "")])
def test_the_search_is_told_the_intent_where_it_is_certain(text: str, hint: str) -> None:
    hints = []

    def search(query, *, hint, **_):
        hints.append(hint)
        return FOUND

    run(TurnRequest(text), Context(), replace(PURE, search=search))
    assert hints == [hint]


@pytest.mark.row("7.4", "2.5")
@pytest.mark.parametrize(("verified", "audience"), [(True, Audience("admin", "pro")), (False, Audience())])
def test_only_a_verified_customer_is_an_audience(verified: bool, audience: Audience) -> None:
    seen = []

    def search(query, *, audience, **_):
        seen.append(audience)
        return FOUND

    customer = Customer("c-1", "admin", "pro", verified)
    run(TurnRequest("hello", customer=customer), Context(), replace(PURE, search=search))
    assert seen == [audience]


BREAKAGES = {
    "rules": {"rule_set": lambda: 1 / 0},
    "classify": {"classify": lambda text: 1 / 0},
    "intent": {"intent_profile": lambda slug: None},
    "search": {"search": lambda query, **_: 1 / 0},
    "decide": {"decide": lambda facts, rules: 1 / 0},
}


@pytest.mark.row("4.10", "4.16", "R59")
@pytest.mark.parametrize("step", BREAKAGES)
def test_whatever_step_fails_the_turn_ends_with_a_person_and_a_complete_packet(step: str) -> None:
    request = TurnRequest("How do I export?")
    outcome = run(request, Context(), replace(PURE, **BREAKAGES[step]))
    assert (outcome.decision.action, outcome.decision.reason) == ("escalate", "step_failure")
    assert outcome.facts.failed_step == step
    assert outcome.failed_step.name == step
    assert outcome.reply == "step_failure None"
    packet = packet_build(past=(), request=request, outcome=outcome, number=1, at=AT)
    assert packet["complete"], packet["missing"]
    if step in ("rules", "classify"):
        assert packet["intent"]["unavailable"].startswith(f"{step}: ")


@pytest.mark.row("4.16", "R59")
@pytest.mark.parametrize("broken", ["wait_seconds", "handoff_message"])
def test_a_customer_is_never_handed_over_in_silence(broken: str) -> None:
    def fail(*_, **__):
        raise OSError

    outcome = run(TurnRequest("I want a human nothing"), Context(), replace(PURE, **{broken: fail}))
    assert outcome.decision.action == "escalate"
    assert outcome.reply.startswith("I'm connecting you with a support specialist")


@pytest.mark.row("4.10")
@pytest.mark.parametrize(
    ("path", "value", "missing"),
    [
        (("transcript",), [], "transcript"),
        (("intent",), {"intent": None}, "intent"),
        (("rule",), {}, "rule.kind, rule.trigger, rule.rule_id, rule.rule_version, rule.matched_text"),
        (("customer", "tier"), None, "customer.tier"),
        (("attempted_steps",), [], "attempted_steps"),
        (("data_pulled",), [{"source": "x", "at": "t"}], "data_pulled.0.data"),
    ],
)
def test_a_packet_that_misses_something_says_what(path, value, missing) -> None:
    outcome = run(TurnRequest("I want a human nothing"), Context(), PURE)
    packet = packet_build(past=(), request=TurnRequest("x"), outcome=outcome, number=1, at=AT)
    assert packet["complete"]
    target = packet
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = value
    checked = packet_complete(packet)
    assert (checked["complete"], checked["missing"]) == (False, [missing])


@pytest.mark.row("7.2")
@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_classifier_that_returns_no_number_counts_as_failed(bad: float) -> None:
    engines = replace(PURE, classify=lambda text: replace(ENGINES.classify("x"), confidence=bad))
    outcome = run(TurnRequest("hello"), Context(), engines)
    assert (outcome.decision.reason, outcome.facts.failed_step) == ("step_failure", "classify")
