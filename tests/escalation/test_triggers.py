"""Sums of money, disputes, legal language, failed attempts, recalibration: exact values, no database."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from escalation.attempts import EarlierTurn, failed_attempts
from escalation.billing_dispute import dispute_find
from escalation.contracts import Rule, RuleSet, Sign, TurnFacts
from escalation.engine import decide
from escalation.legal import legal_find
from escalation.money import amounts_find
from escalation.normalisation import plain, readings
from escalation.platt import LEAST_SLOPE, Curve, fit_curve, log_loss

GOOD = TurnFacts(
    text="How do I export?",
    intent="data_export",
    confidence=0.95,
    threshold=0.5,
    margin=0.8,
    is_fallback=False,
    answer_score=0.9,
)


@pytest.mark.row("4.2")
@pytest.mark.parametrize(
    ("text", "minor", "currency"),
    [
        ("$1,200.50", 120050, "USD"),
        ("1.200,50 €", 120050, "EUR"),
        ("USD 500", 50000, "USD"),
        ("500 bucks", 50000, "USD"),
        ("£30", 3000, "GBP"),
        ("¥5000", 5000, "JPY"),
        ("12 000 kr", 1200000, ""),
        ("1.5k", 150000, ""),
        ("BHD 1.250", 1250, "BHD"),
        ("1,250 BHD", 1250000, "BHD"),
        ("CHF 1'250.00", 125000, "CHF"),
        ("five hundred dollars", 50000, "USD"),
        ("$10k", 1000000, "USD"),
        ("$500 CAD", 50000, "CAD"),
        ("charged 900 twice", 90000, ""),
        ("$500.001", 50000100, "USD"),  # three digits behind a point group thousands
        ("0.001 USD", 1, "USD"),
    ],
)
def test_a_sum_is_read_to_the_smallest_unit_of_its_currency(text, minor, currency) -> None:
    found = amounts_find(f"I was charged something: {text} it says")
    found = found or amounts_find(f"I was {text}")
    assert [(amount.minor, amount.currency) for amount in found] == [(minor, currency)]


@pytest.mark.parametrize("text", ["error 500", "all 5 rows", "try 3 times", "call 1-800-555", "12 seats", ""])
def test_other_numbers_are_no_sums(text) -> None:
    assert amounts_find(text) == ()


@pytest.mark.row("4.2")
@pytest.mark.parametrize(
    ("text", "parameters", "action"),
    [
        ("You charged me $499.99 twice.", {}, "answer"),
        ("You charged me $500.00 twice.", {}, "answer"),
        ("You charged me $500.01 twice.", {}, "escalate"),
        ("You charged me 20 EUR twice.", {}, "escalate"),  # another currency
        ("You charged me 12 000 kr twice.", {}, "escalate"),  # an unknown one
        ("You charged me $20 and $600 by mistake.", {}, "escalate"),
        ("You charged me twice.", {}, "escalate"),
        ("You charged me twice.", {"without_amount": "leave"}, "answer"),
        ("You charged me $20 twice.", {"threshold_amount": "19.99"}, "escalate"),
        ("You charged me €20 twice.", {"threshold_amount": "20", "threshold_currency": "EUR"}, "answer"),
        ("You charged me ¥501 twice.", {"threshold_amount": "500", "threshold_currency": "JPY"}, "escalate"),
        ("How do I get an invoice of 900 USD?", {}, "answer"),
    ],
)
def test_a_dispute_escalates_above_the_threshold_and_wherever_the_sum_is_unknown(
    text, parameters, action
) -> None:
    facts = replace(GOOD, text=text, amounts=amounts_find(text))
    rule = Rule(1, 1, "dispute", "hard", "billing_dispute", 0, parameters)
    assert decide(facts, RuleSet(1, (rule,))).action == action


@pytest.mark.parametrize(
    "text",
    ["What is your refund policy?", "Our customer disputes a charge of $900.", "How do chargebacks show up?"],
)
def test_questions_about_bills_are_no_disputes(text) -> None:
    assert dispute_find(text) is None


@pytest.mark.row("4.3")
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("I will sue you", "will sue"),
        ("I have an issue", None),
        ("Sue from sales told me", None),
        ("See you in court!", "in court"),
        ("the tennis court is wet", None),
        ("my lawyer says no", "lawyer"),
        ("We're a law firm, how do I add users?", None),
        ("illegal character in line 3", None),
        ("Is the GDPR export included?", "GDPR"),
        ("Verstoß gegen die DSGVO", "Verstoß gegen"),
        ("mon avocat vous écrira", "avocat"),
        ("voy a hablar con mi abogado", "abogado"),
        ("I will s\u200bu\u200be you", "will s\u200bu\u200be"),
        ("1 w1ll 5ue you", "w1ll 5ue"),
    ],
)
def test_legal_language_is_found_by_whole_words_with_what_else_they_mean_left_out(text, found) -> None:
    assert legal_find(text) == found


@pytest.mark.row("4.3")
def test_lists_are_chosen_by_locale_and_edited_by_phrases() -> None:
    assert legal_find("mon avocat vous écrira", locales=["en", "de"]) is None
    assert legal_find("the Xylon treaty", extra_terms=["xylon treaty"]) == "Xylon treaty"
    assert legal_find("ask our lawyer bot", exceptions=["lawyer bot"]) is None
    assert legal_find("ask (a+)+$", extra_terms=["(a+)+$"]) == "(a+)+$"  # a phrase, never a pattern


@pytest.mark.row("4.1", "4.5")
@pytest.mark.parametrize(("score", "minimum", "action"), [(0.49, 0.5, "answer"), (0.5, 0.5, "escalate")])
def test_anger_escalates_from_its_threshold_on_whatever_else_holds(score, minimum, action) -> None:
    rule = Rule(1, 1, "anger", "hard", "anger", 0, {"minimum_anger": minimum})
    facts = replace(GOOD, signs=(Sign("anger", score, "so furious"),))
    for more in ({}, {"clarifications_used": 0, "pending_trigger": "no_answer"}, {"flow": "running"}):
        decision = decide(replace(facts, **more), RuleSet(1, (rule,)))
        assert decision.action == ("act" if action == "answer" and "flow" in more else action)
    if action == "escalate":
        failed = decide(replace(facts, failed_step="classify"), RuleSet(1, (rule,)))
        assert (failed.reason, failed.escalation.matched_text) == ("anger", "so furious")


ANSWER = EarlierTurn("How do I export?", "data_export", "answer", "answered")
OTHER = EarlierTurn("Where is my bill?", "billing", "answer", "answered")
ASKED = EarlierTurn("the thing", "data_export", "clarify", "low_confidence")


@pytest.mark.row("4.4")
@pytest.mark.parametrize(
    ("earlier", "text", "intent", "count"),
    [
        ([], "How do I export?", "data_export", 0),
        ([ANSWER], "How do I export the list?", "data_export", 1),
        ([ANSWER, ANSWER], "How do I export it then?", "data_export", 2),
        ([ANSWER, OTHER], "How do I export it then?", "data_export", 1),
        ([ANSWER, OTHER], "Where do I see taxes?", "billing", 1),
        ([OTHER, OTHER], "How do I export?", "data_export", 0),
        ([ANSWER], "That didn't help.", "", 1),
        ([ANSWER, replace(ANSWER, text="still not working", intent="data_export")], "no luck", "", 2),
        ([ANSWER], "ok", "", 0),
        ([ANSWER], "Thanks, the export works now.", "data_export", 0),
        ([replace(ANSWER, thumbs_down=True)], "ok", "", 1),
        ([ASKED, ASKED], "How do I export?", "data_export", 0),
        ([replace(ANSWER, decision="act", reason="flow_resolved")], "export again please", "data_export", 1),
        ([replace(ANSWER, decision="act", reason="flow_step")], "yes", "data_export", 0),
        ([replace(ANSWER, decision="act", reason="flow_cancelled")], "export", "data_export", 0),
    ],
)
def test_failed_attempts_are_counted_per_issue(earlier, text, intent, count) -> None:
    assert failed_attempts(earlier, text=text, intent=intent).count == count


@pytest.mark.row("4.4")
@pytest.mark.parametrize(("count", "action"), [(1, "answer"), (2, "escalate"), (3, "escalate")])
def test_the_third_try_escalates(count, action) -> None:
    rule = Rule(1, 1, "again", "hard", "repeated_failure", 0)
    assert decide(replace(GOOD, failed_attempts=count), RuleSet(1, (rule,))).action == action


@pytest.mark.row("4.1")
def test_a_few_labels_move_the_scores_a_little_and_many_move_them_far_and_never_turn_the_order() -> None:
    few = fit_curve([0.6] * 30, [False] * 25 + [True] * 5)
    many = fit_curve([0.6] * 600, [False] * 500 + [True] * 100)
    assert 0.6 > few(0.6) > many(0.6) > 0.15
    turned = fit_curve([0.9] * 300 + [0.1] * 300, [False] * 300 + [True] * 300)
    assert turned.slope >= LEAST_SLOPE
    assert turned(0.2) < turned(0.8)
    scores, angry = [0.2] * 20 + [0.4] * 20, [False] * 20 + [True] * 20
    assert log_loss(fit_curve(scores, angry), scores, angry) < log_loss(Curve(), scores, angry)


@given(st.text(max_size=60))
@settings(max_examples=200, deadline=None)
def test_every_character_of_every_reading_comes_from_the_text(text) -> None:
    for words in readings(text):
        assert len(words.origins) == len(words.text)
        assert words.evidence(0, len(words.text)) in text


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("l a w y e r  s a y s  n o", "lawyer says n o"),
        ("I_want_a_human", "i want a human"),
        ("my **lawyer**", "my lawyer"),
        ("ｌａｗｙｅｒ", "lawyer"),
    ],
)
def test_disguises_are_taken_off(text, read) -> None:
    assert plain(text).text == read
