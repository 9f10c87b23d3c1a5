"""When a rule is asked: a decision table of every condition, true, false and unknown, by kind of rule."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from escalation.conditions import conditions_explain, conditions_hold, conditions_validate
from escalation.contracts import Amount, Rule, RuleSet, TurnFacts
from escalation.engine import decide

FACTS = TurnFacts(
    text="Hello",
    intent="billing",
    is_fallback=False,
    channel="web",
    user_type="admin",
    tier="pro",
    page="https://app.example/settings/billing?tab=2",
    at="2026-05-04T10:30:00+02:00",  # a Monday
    amounts=(Amount(50_001, "USD", "$500.01"),),
)
WORKDAYS = [1, 2, 3, 4, 5]
OFFICE = {"days": WORKDAYS, "from": "09:00", "until": "17:00"}
NIGHT = {"days": [5], "from": "22:00", "until": "06:00"}


def hours(*windows, outside: bool = False):
    return {"hours": {"outside": outside, "windows": list(windows)}}


def over(minor: int, currency: str = "USD"):
    return {"amount_over": {"minor": minor, "currency": currency}}


USD_500 = Amount(50_000, "USD", "$500")
TABLE = [
    ({"intents": ["billing", "refund"]}, {}, True),
    ({"intents": ["refund"]}, {}, False),
    ({"intents": ["billing"]}, {"is_fallback": True}, None),
    ({"intents": ["billing"]}, {"intent": ""}, None),
    ({"user_types": ["admin"]}, {}, True),
    ({"user_types": ["member"]}, {}, False),
    ({"user_types": ["admin"]}, {"user_type": ""}, None),
    ({"tiers": ["free", "pro"]}, {}, True),
    ({"tiers": ["enterprise"]}, {}, False),
    ({"tiers": ["enterprise"]}, {"tier": ""}, None),
    ({"channels": ["web"]}, {}, True),
    ({"channels": ["mail"]}, {}, False),
    ({"channels": ["web"]}, {"channel": ""}, None),
    ({"pages": ["/settings/**"]}, {}, True),
    ({"pages": ["/home", "/*/billing"]}, {}, True),
    ({"pages": ["/settings"]}, {}, False),
    ({"pages": ["/settings/**"]}, {"page": ""}, None),
    ({"pages": ["/settings/**"]}, {"page": "http://["}, None),
    (over(50_000), {}, True),
    (over(50_000), {"amounts": (USD_500,)}, False),
    (over(49_999), {"amounts": (USD_500,)}, True),
    (over(50_000), {"amounts": ()}, False),
    (over(50_000), {"amounts": (Amount(90_000, "", "900"),)}, None),
    (over(50_000), {"amounts": (Amount(1, "EUR", "1 cent"),)}, None),
    (over(50_000), {"amounts": (USD_500, Amount(60_000, "USD", "$600"))}, True),
    (over(50_000), {"amounts": (USD_500, Amount(60_000, "EUR", "€600"))}, None),
    (over(500, "JPY"), {"amounts": (Amount(501, "JPY", "¥501"),)}, True),
    (hours(OFFICE), {}, True),
    (hours(OFFICE, outside=True), {}, False),
    (hours(OFFICE), {"at": "2026-05-04T08:59:59+02:00"}, False),
    (hours(OFFICE), {"at": "2026-05-04T09:00:00+02:00"}, True),
    (hours(OFFICE), {"at": "2026-05-04T16:59:59+02:00"}, True),
    (hours(OFFICE), {"at": "2026-05-04T17:00:00+02:00"}, False),
    (hours(OFFICE), {"at": "2026-05-03T10:30:00+02:00"}, False),
    (hours(OFFICE, outside=True), {"at": "2026-05-03T10:30:00+02:00"}, True),
    (hours(OFFICE), {"at": ""}, None),
    (hours(OFFICE, outside=True), {"at": "yesterday"}, None),
    (hours(OFFICE), {"at": "2026-05-04T10:30:00"}, None),
    (hours(NIGHT), {"at": "2026-05-01T21:59:00+00:00"}, False),  # Friday
    (hours(NIGHT), {"at": "2026-05-01T22:00:00+00:00"}, True),
    (hours(NIGHT), {"at": "2026-05-02T05:59:00+00:00"}, True),  # Saturday, still Friday's night
    (hours(NIGHT), {"at": "2026-05-02T06:00:00+00:00"}, False),
    (hours(NIGHT), {"at": "2026-05-01T05:00:00+00:00"}, False),  # Thursday's night
    (hours(NIGHT, OFFICE), {}, True),
    (hours({**OFFICE, "from": "00:00", "until": "24:00"}), {"at": "2026-05-04T23:59:59+02:00"}, True),
    ({"valid_from": "2026-05-04T08:30:00+00:00"}, {}, True),  # the very moment
    ({"valid_from": "2026-05-04T08:30:01+00:00"}, {}, False),
    ({"valid_until": "2026-05-04T08:30:00+00:00"}, {}, False),
    ({"valid_until": "2026-05-04T08:30:01+00:00"}, {}, True),
    ({"valid_from": "2026-05-04T08:30:00+00:00"}, {"at": ""}, None),
    ({"valid_until": "2026-05-04T08:30:00+00:00"}, {"at": ""}, None),
]


@pytest.mark.row("4.8")
@pytest.mark.parametrize(("conditions", "changes", "holds"), TABLE)
def test_a_condition_holds_does_not_or_is_unknown_by_this_table(conditions, changes, holds) -> None:
    facts = replace(FACTS, **changes)
    assert conditions_validate(conditions) == conditions
    assert dict(conditions_explain(conditions, facts)) == {next(iter(conditions)): holds}
    assert conditions_hold(conditions, "hard", facts) is (holds is not False)
    assert conditions_hold(conditions, "soft", facts) is (holds is True)


@pytest.mark.row("4.8")
@pytest.mark.parametrize(
    ("changes", "hard", "soft"),
    [
        ({}, True, True),
        ({"tier": "free"}, False, False),
        ({"tier": ""}, True, False),
        ({"tier": "", "channel": "mail"}, False, False),
        ({"tier": "", "channel": ""}, True, False),
    ],
)
def test_all_conditions_must_hold_and_one_that_does_not_settles_it(changes, hard, soft) -> None:
    conditions, facts = {"tiers": ["pro"], "channels": ["web"]}, replace(FACTS, **changes)
    assert conditions_hold(conditions, "hard", facts) is hard
    assert conditions_hold(conditions, "soft", facts) is soft


@pytest.mark.row("4.8")
@pytest.mark.parametrize(
    ("conditions", "field"),
    [
        ({"moon": ["full"]}, ""),
        ([], ""),
        ({"tiers": []}, "tiers"),
        ({"tiers": ["pro", "pro"]}, "tiers"),
        ({"tiers": "pro"}, "tiers"),
        ({"intents": [""]}, "intents"),
        ({"pages": ["settings"]}, "pages"),
        ({"pages": ["/a b"]}, "pages"),
        (over(-1), "amount_over"),
        (over(500, "usd"), "amount_over"),
        ({"amount_over": {"minor": 5}}, "amount_over"),
        (hours(), "hours"),
        (hours({**OFFICE, "days": [0]}), "hours"),
        (hours({**OFFICE, "until": "09:00"}), "hours"),
        (hours({**OFFICE, "until": "25:00"}), "hours"),
        ({"valid_from": "tomorrow"}, "valid_from"),
        ({"valid_from": "2026-05-04T08:30:00"}, "valid_from"),
        (
            {"valid_from": "2026-05-04T08:30:00+00:00", "valid_until": "2026-05-04T10:30:00+02:00"},
            "valid_until",
        ),
    ],
)
def test_a_condition_that_cannot_be_meant_is_refused_beside_its_field(conditions, field) -> None:
    with pytest.raises(InvalidInput) as refusal:
        conditions_validate(conditions)
    assert (refusal.value.code, refusal.value.extra["field"]) == ("bad_conditions", field)


@pytest.mark.row("4.8")
@given(st.sampled_from(TABLE), st.sampled_from(TABLE))
def test_two_conditions_hold_together_only_where_each_does(first, second) -> None:
    facts = replace(FACTS, **first[1])
    both = {**first[0], **second[0]}
    for kind in ("hard", "soft"):
        each = [conditions_hold({name: wanted}, kind, facts) for name, wanted in both.items()]
        assert conditions_hold(both, kind, facts) is all(each)


LIMITED = Rule(1, 1, "wish", "soft", "human_request", 1, {}, {"intents": ["billing"]})
ANSWERED = replace(FACTS, text="my invoice", intent="other", confidence=0.9, threshold=0.5, answer_score=0.9)


@pytest.mark.row("4.7", "4.8")
@pytest.mark.parametrize(
    ("changes", "action"),
    [
        (
            {"pending_trigger": "human_request", "pending_text": "a human", "clarifications_used": 1},
            "escalate",
        ),
        ({"text": "I want a human"}, "answer"),
        ({"text": "I want a human", "intent": "billing"}, "clarify"),
    ],
)
def test_a_wish_that_was_asked_about_is_granted_whatever_the_answer_is_about(changes, action) -> None:
    decision = decide(replace(ANSWERED, **changes), RuleSet(1, (LIMITED,)))
    assert decision.action == action
    if action == "escalate":
        assert (decision.escalation.rule_id, decision.escalation.matched_text) == (1, "a human")
