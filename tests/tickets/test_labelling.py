"""Who should resolve a category: the suggestion, its reasons, and the badge."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.proportions import Share
from tickets.contracts import CategoryFigures
from tickets.labelling import is_always_escalated, suggest

EASY = CategoryFigures(
    1,
    "How to",
    tickets=100,
    escalated=Share(2, 100),
    judgement=Share(0, 100),
    policy_exception=Share(0, 100),
    multi_system=Share(0, 100),
    reopened=Share(3, 100),
    touches_sum=140,
    touches_known=100,
    paths={"information": 90, "action": 10},
)


@pytest.mark.row("1.6")
@pytest.mark.parametrize(
    ("changes", "label", "reason"),
    [
        ({}, "ai_resolvable", "Solved by explaining: 90 % (90 of 100)."),
        ({"escalated": Share(100, 100)}, "human_only", "Every one of 100 tickets was escalated."),
        (
            {"escalated": Share(60, 100)},
            "human_only",
            "Escalated: 60 % (60 of 100), 95 % interval 50–69 %.",
        ),
        (
            {"escalated": Share(20, 100)},
            "ai_assisted",
            "Escalated: 20 % (20 of 100), 95 % interval 13–29 %.",
        ),
        ({"judgement": Share(45, 100)}, "human_only", "45 % (45 of 100) needed a person's judgement."),
        ({"judgement": Share(25, 100)}, "ai_assisted", "25 % (25 of 100) needed a person's judgement."),
        (
            {"policy_exception": Share(40, 100)},
            "human_only",
            "40 % (40 of 100) needed an exception from policy.",
        ),
        (
            {"multi_system": Share(30, 100)},
            "ai_assisted",
            "30 % (30 of 100) took looks into several systems.",
        ),
        (
            {"reopened": Share(20, 100)},
            "ai_assisted",
            "Reopened: 20 % (20 of 100), 95 % interval 13–29 %.",
        ),
        ({"touches_sum": 400}, "ai_assisted", "4.0 replies of agents per ticket."),
        (
            {"paths": {"information": 30, "action": 70}},
            "ai_assisted",
            "Solved by explaining only in 30 % (30 of 100); somebody acts in 70 % (70 of 100).",
        ),
        (
            {"paths": {}, "escalated": Share(0, 0)},
            "ai_resolvable",
            "Whether such tickets were escalated is not known.",
        ),
    ],
)
def test_a_label_is_suggested_with_its_reasons(changes: dict[str, object], label: str, reason: str) -> None:
    found = suggest(replace(EASY, **changes))
    assert found.label == label
    assert reason in found.reasons


@pytest.mark.row("1.7")
def test_a_flag_is_suggested_from_a_fifth_of_the_tickets_on() -> None:
    found = suggest(replace(EASY, judgement=Share(20, 100), multi_system=Share(19, 100)))
    assert (found.needs_judgement, found.multi_system, found.policy_exception) == (True, False, False)


@pytest.mark.row("1.8")
@pytest.mark.parametrize(
    ("escalated", "is_always"),
    [(Share(10, 10), True), (Share(9, 9), False), (Share(99, 100), False), (Share(0, 0), False)],
)
def test_always_escalated_needs_all_of_at_least_ten(escalated: Share, is_always: bool) -> None:
    assert is_always_escalated(replace(EASY, escalated=escalated)) is is_always


@pytest.mark.row("1.8")
def test_few_tickets_are_said_to_be_few_and_show_their_interval() -> None:
    found = suggest(replace(EASY, tickets=9, escalated=Share(9, 9)))
    assert found.is_thin
    assert found.reasons == (
        "Escalated: 100 % (9 of 9), 95 % interval 70–100 %.",
        "Only 9 tickets: look at them yourself.",
    )


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [(0, 0, 0.0, 1.0), (0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0)],
)
def test_shares_carry_wilsons_interval(part: int, whole: int, low: float, high: float) -> None:
    share = Share(part, whole)
    assert (round(share.low, 4), round(share.high, 4)) == (low, high)
