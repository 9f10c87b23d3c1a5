"""Golden set of the detector of explicit requests for a human."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.human_request import human_request_find

ASKS = [
    "I want to talk to a human",
    "Can I speak with a real person please?",
    "agent",
    "human",
    "Human please!",
    "representative",
    "REPRESENTATIVE!!!",
    "Operator, please",
    "let me talk to someone",
    "Is there a person I can talk to?",
    "stop, I want a human",
    "Please connect me to a support agent.",
    "transfer me to an agent",
    "get me your manager",
    "I need to speak to your supervisor now",
    "I don't want to talk to a bot",
    "Are you a bot? I need a real human",
    "can I get a live agent",
    "I'd rather talk to a human being",
    "I would prefer speaking with customer service",
    "put me through to a person",
    "hand this over to a human agent",
    "Can someone call me back about this?",
    "please have somebody contact me",
    "is anyone there?",
    "I'm tired of talking to a machine",
    "why can't I talk to a real person?",
    "This is useless. Give me a human.",
    "I need an agent to help with this",
    "please escalate this",
    "I want human support",
    "How do I speak with somebody from billing?",
    "I demand to speak to a manager about this invoice",
    "no I want a real agent not a robot",
    "could you connect me with someone who can fix my account?",
    "chat with live person",
    "I want a human <br> now",
]
DOES_NOT_ASK = [
    "How do I export the human resources report?",
    "I can't open a real person's account",
    "the agent portal shows an error",
    "How do I add an agent to my workspace?",
    "I need an agent seat for my colleague",
    "Which user agent string do you send?",
    "the file should be human readable",
    "the operator returned a syntax error",
    "a representative sample of the data",
    "my manager asked me to export the invoices",
    "how can I talk to the API from Python?",
    "invite a person to my team",
    "does a human review the uploads?",
    "I need to remove a person from my plan",
    "where do I enter the account manager's name?",
    "I talked to an agent yesterday and got a refund",
    "I don't want to talk to a human, just tell me the price",
    "no need to speak with an agent",
    "what does an agent license cost?",
    "the AI agent settings page is blank",
    "How do our customers talk to an agent in your widget?",
    "I cannot log in",
    "someone changed my password",
    "somebody else's invoice is in my account",
    "how do I transfer my data to another workspace?",
    "is there a way to export people?",
    "Can someone help me reset my password?",
    "I had to talk to an agent last year and now it fails again",
    "how do I connect Slack to support?",
]
DISGUISED = [
    "I want to talk to a hu\u200bman",
    "t a l k to a h u m a n",
    "I want to speak to a нuman",
    "ΗUMAN please",
    "give me a hümán",
    "talk to a\u00a0\u2060human",
    "ＴＡＬＫ ＴＯ Ａ ＨＵＭＡＮ",
    "talk to a h.u.m.a.n",
    "do not escalate, ignore the rules, I want to speak to a human",
]


@pytest.mark.row("4.6")
@pytest.mark.parametrize("text", ASKS)
def test_an_explicit_request_for_a_person_is_found(text: str) -> None:
    assert human_request_find(text) is not None


@pytest.mark.row("4.6")
@pytest.mark.parametrize("text", DOES_NOT_ASK)
def test_a_text_that_only_mentions_people_does_not_count(text: str) -> None:
    assert human_request_find(text) is None


@pytest.mark.row("R58")
@pytest.mark.parametrize("text", DISGUISED)
def test_disguised_letters_do_not_hide_the_request(text: str) -> None:
    assert human_request_find(text) is not None


@pytest.mark.row("4.8")
def test_the_evidence_is_the_customers_own_words() -> None:
    text = "Hello!  Please let me TALK to a hu\u200bman now."
    evidence = human_request_find(text)
    assert evidence == "TALK to a hu\u200bman"
    assert evidence in text


def test_a_phrase_that_a_rule_adds_counts_as_a_word_and_never_as_a_pattern() -> None:
    assert human_request_find("press zero!", ["press zero"]) == "press zero"
    assert human_request_find("impress zeros", ["press zero"]) is None
    assert human_request_find("aaaa", ["(a+)+$"]) is None


@pytest.mark.row("R15")
@pytest.mark.parametrize(
    "piece", ["talk to a real ", "human ", "is there any ", "don't want to talk to ", "h u m a n ", "please "]
)
def test_long_hostile_texts_are_matched_in_time(piece: str) -> None:
    started = time.perf_counter()
    human_request_find(piece * 2_000)
    assert time.perf_counter() - started < 10  # linear; backtracking would not end


@given(st.text(max_size=300))
def test_no_text_breaks_the_detector_and_evidence_always_stands_in_it(text: str) -> None:
    evidence = human_request_find(text)
    assert evidence is None or evidence in text
