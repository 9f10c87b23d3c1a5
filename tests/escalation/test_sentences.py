"""A rule reads as one sentence, whatever it says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.contracts import Rule
from escalation.sentences import Names, money, rule_sentence
from escalation.triggers import TRIGGERS

NAMES = Names(intents={"billing": "Billing"}, tiers={"ent": "Enterprise"}, categories={7: "Refunds"})
OFFICE = {"days": [1, 2, 3, 4, 5, 7], "from": "09:00", "until": "17:00"}


def rule(trigger: str, parameters=None, conditions=None, kind: str = "soft", clarify_first: int = 0) -> Rule:
    return Rule(1, 1, "r", kind, trigger, clarify_first, parameters or {}, conditions or {})


@pytest.mark.row("4.8")
@pytest.mark.parametrize(
    ("given_rule", "sentence"),
    [
        (rule("human_request"), "When the customer asks for a person, then escalate."),
        (
            rule("human_request", {"extra_phrases": ["agent now"]}, clarify_first=1),
            "When the customer asks for a person or says “agent now”, "
            "then ask one question first, then escalate.",
        ),
        (
            rule("billing_dispute", {"threshold_amount": "1200.00"}, kind="hard"),
            "When the customer disputes a charge over 1,200.00 USD or names no sum, "
            "then escalate at once, before anything else.",
        ),
        (
            rule("billing_dispute", {"threshold_currency": "EUR", "without_amount": "leave"}),
            "When the customer disputes a charge over 500.00 EUR, then escalate.",
        ),
        (
            rule("legal", {"extra_phrases": ["audit"], "exceptions": ["legal team"]}),
            "When the message touches law or compliance or says “audit”, except for “legal team”, "
            "then escalate.",
        ),
        (rule("repeated_failure"), "When 2 attempts at the same issue have failed, then escalate."),
        (
            rule("step_failure", kind="hard"),
            "When a step of the agent fails, then escalate at once, before anything else.",
        ),
        (
            rule("pattern", {"phrases": ["a b", "c"], "patterns": ["x+"], "ignore_case": False}, kind="hard"),
            "When the message says “a b” or “c” or matches /x+/, capitals as written, "
            "then escalate at once, before anything else.",
        ),
        (
            rule("flagged_category", {"category_id": 7}, {"intents": ["billing", "other"], "tiers": ["ent"]}),
            "When the issue is of the category Refunds and the intent is Billing or other "
            "and the plan is Enterprise, then escalate.",
        ),
        (
            rule(
                "no_answer",
                conditions={
                    "valid_until": "2026-05-04T18:00:00+02:00",
                    "valid_from": "2026-05-03T10:00:00+00:00",
                    "hours": {"outside": True, "windows": [OFFICE]},
                    "amount_over": {"minor": 123_450, "currency": "USD"},
                    "pages": ["/a", "/b", "/c", "/d", "/e", "/f"],
                },
            ),
            "When the best answer scores under 0.38 in the knowledge base and the page is /a, /b, /c, /d or "
            "2 more and a sum over 1,234.50 USD is named and it is outside Mon-Fri,Sun 09:00-17:00, then "
            "escalate, valid from 3 May 2026 10:00 UTC until 4 May 2026 18:00 UTC+02:00.",
        ),
        (
            rule("low_confidence", {"minimum_confidence_by_intent": {"billing": 0.8}}),
            "When the agent is not sure enough of the intent (80% for Billing) or wavers between two within "
            "10 points, then escalate.",
        ),
    ],
)
def test_the_sentence_says_all_that_the_rule_does(given_rule: Rule, sentence: str) -> None:
    assert rule_sentence(given_rule, NAMES) == sentence


@pytest.mark.row("4.8")
@pytest.mark.parametrize(
    ("minor", "currency", "written"),
    [
        (50_000, "USD", "500.00 USD"),
        (500, "JPY", "500 JPY"),
        (1_500, "KWD", "1.500 KWD"),
        (0, "EUR", "0.00 EUR"),
    ],
)
def test_sums_have_the_digits_of_their_currency(minor: int, currency: str, written: str) -> None:
    assert money(minor, currency) == written


@given(st.sampled_from(list(TRIGGERS)))
def test_every_trigger_has_a_sentence(trigger: str) -> None:
    sentence = rule_sentence(rule(trigger, kind=TRIGGERS[trigger].kinds[0]))
    assert sentence.startswith("When ")
    assert sentence.endswith(".")
    assert "_" not in sentence
