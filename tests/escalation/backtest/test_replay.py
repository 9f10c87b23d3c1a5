"""Replays are exact: the short way, the sweep along a number and the plain way give the same."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from escalation.backtest.cases import TICKET, TURN, Case, Truth, ticket_truth, turn_truth
from escalation.backtest.dial import dials_of, recommendation
from escalation.backtest.figures import SETTLED, Assumptions, Tally, figures_of, outcome_of
from escalation.backtest.plot import dial_plot
from escalation.backtest.replay import Pair, Ruling, replay, sweep
from escalation.contracts import Rule, RuleSet, TurnFacts
from escalation.engine import decide

FAILED = Rule(5, 1, "failed", "hard", "step_failure", 0)
HUMAN = Rule(1, 3, "human", "soft", "human_request", 0)
ONLY = Rule(2, 1, "human only", "soft", "human_only_intent", 0)
LOW = Rule(3, 2, "low", "soft", "low_confidence", 1)
NOTHING = Rule(4, 1, "nothing", "soft", "no_answer", 1)
LIVE = RuleSet(9, (FAILED, HUMAN, ONLY, LOW, NOTHING))
GOOD = TurnFacts(
    text="How do I export my data?",
    intent="data_export",
    intent_resolution="ai_resolvable",
    confidence=0.9,
    threshold=0.5,
    margin=0.6,
    is_fallback=False,
    alternatives=("billing",),
    answer_score=0.8,
)
ratios = st.integers(0, 20).map(lambda n: n / 20)
facts = st.builds(
    lambda **changes: replace(GOOD, **changes),
    text=st.sampled_from(["How do I export?", "I want a human", "agent please"]),
    intent_resolution=st.sampled_from(["ai_resolvable", "human_only"]),
    confidence=ratios,
    threshold=ratios,
    margin=ratios,
    is_fallback=st.booleans(),
    answer_score=ratios,
    out_of_scope=st.booleans(),
    failed_step=st.sampled_from(["", "", "", "search"]),
    flow=st.sampled_from(["", "offered", "running", "tool_failure"]),
    clarifications_used=st.sampled_from([0, 1]),
    pending_trigger=st.sampled_from(["", "", "human_only_intent"]),
)
cases = st.lists(
    st.builds(
        Case,
        st.sampled_from([TURN, TICKET]),
        st.integers(1, 99),
        facts,
        st.sampled_from([Truth(), Truth(True, "reopened"), Truth(False, "thumbs_up")]),
    ),
    max_size=12,
)


def without(rules: RuleSet, rule_id: int) -> RuleSet:
    return RuleSet(rules.version, tuple(rule for rule in rules.rules if rule.id != rule_id))


def with_number(rules: RuleSet, rule_id: int, name: str, value: float) -> RuleSet:
    changed = (
        replace(rule, parameters={**rule.parameters, name: value}) if rule.id == rule_id else rule
        for rule in rules.rules
    )
    return RuleSet(rules.version, tuple(changed))


def plainly(some: list[Case], candidate: RuleSet) -> list[Pair]:
    return [
        Pair(case, Ruling.of(decide(case.facts, LIVE)), Ruling.of(decide(case.facts, candidate)))
        for case in some
    ]


CANDIDATES = (
    LIVE,
    RuleSet(0, ()),
    *(without(LIVE, rule.id) for rule in LIVE.rules),
    RuleSet(9, (replace(HUMAN, kind="hard"), *without(LIVE, 1).rules)),
    RuleSet(9, (*without(LIVE, 3).rules, replace(LOW, clarify_first=0))),
    with_number(with_number(LIVE, 3, "minimum_confidence", 0.8), 4, "minimum_score", 0.1),
)


@pytest.mark.row("4.9")
@settings(max_examples=150, deadline=None)
@given(cases, st.sampled_from(CANDIDATES))
def test_the_short_way_decides_as_the_plain_way(some: list[Case], candidate: RuleSet) -> None:
    assert list(replay(some, LIVE, candidate)) == plainly(some, candidate)


@pytest.mark.row("4.9")
@settings(max_examples=60, deadline=None)
@given(
    cases,
    st.sampled_from(
        [(3, "minimum_confidence"), (3, "ambiguous_below_margin"), (4, "minimum_score")],
    ),
)
def test_each_point_of_the_curve_is_what_a_replay_of_that_value_gives(some: list[Case], number) -> None:
    rule_id, name = number
    tried = [(n / 10, with_number(LIVE, rule_id, name, n / 10)) for n in range(11)]
    for point, (value, candidate) in zip(sweep(some, LIVE, tried), tried, strict=True):
        tally = Tally()
        pairs = plainly(some, candidate)
        for pair in pairs:
            tally.add(outcome_of(pair.after.action), pair.case.truth.needed)
        assert (point.value, point.tally.counts) == (value, tally.counts)
        assert point.flips == sum(pair.is_flipped for pair in pairs)


def test_fifty_thousand_cases_are_replayed_within_twenty_seconds() -> None:
    """Measured on a tenth of them, with the words of a usual ticket; the bound is a tenth too."""
    text = "Hi, I can't find the export button any more since the update. Could you have a look at it? "
    some = [
        Case(TICKET, n, replace(GOOD, text=f"{text}{n}", confidence=n % 100 / 100, answer_score=n % 7 / 7))
        for n in range(5_000)
    ]
    started = time.perf_counter()
    flips = sum(
        pair.is_flipped for pair in replay(some, LIVE, with_number(LIVE, 3, "minimum_confidence", 0.7))
    )
    seconds = time.perf_counter() - started
    assert flips > 0
    assert seconds < 4, f"{10 * seconds:.1f} s for 50,000 cases"  # twice the aim, for a busy machine


@pytest.mark.row("4.9")
@pytest.mark.parametrize(
    ("outcome", "truth"),
    [
        ("escalated", Truth(True, "ticket_escalated")),
        ("not_escalated", Truth(False, "ticket_not_escalated")),
        ("reassigned", Truth(False, "ticket_not_escalated")),
        ("unclassified", Truth()),
        ("", Truth()),
    ],
)
def test_a_ticket_needed_a_person_where_it_was_escalated(outcome: str, truth: Truth) -> None:
    assert ticket_truth(outcome) == truth


@pytest.mark.row("4.9")
@pytest.mark.parametrize(
    ("signs", "truth"),
    [
        ({"escalated": False}, Truth()),
        ({"escalated": False, "rating": "down"}, Truth(True, "thumbs_down")),
        ({"escalated": False, "rating": "up"}, Truth(False, "thumbs_up")),
        ({"escalated": False, "rating": "up", "reopened": True}, Truth(True, "reopened")),
        ({"escalated": False, "csat": 2}, Truth(True, "low_csat")),
        ({"escalated": False, "csat": 3}, Truth()),
        ({"escalated": False, "csat": 4}, Truth(False, "high_csat")),
        ({"escalated": False, "reopened": False}, Truth(False, "not_reopened")),
        ({"escalated": True, "handoff": "resolved", "rating": "down"}, Truth(True, "handoff_resolved")),
        ({"escalated": True, "handoff": "returned"}, Truth(False, "handoff_returned")),
        ({"escalated": True, "handoff": "queued", "rating": "up"}, Truth()),
    ],
)
def test_the_truth_of_a_turn_is_what_became_of_it(signs, truth: Truth) -> None:
    assert turn_truth(**signs) == truth


def tally_of(**counts: int) -> Tally:
    tally = Tally()
    truths = {"yes": True, "no": False, "open": None}
    for name, count in counts.items():
        outcome, _, truth = name.partition("_")
        for _ in range(count):
            tally.add(outcome, truths[truth])
    return tally


@pytest.mark.row("4.9")
def test_errors_are_counted_among_the_cases_whose_truth_is_known() -> None:
    tally = tally_of(
        escalated_yes=6,
        escalated_no=2,
        escalated_open=4,
        answered_yes=3,
        answered_no=27,
        asked_no=5,
        asked_yes=1,
    )
    figures = figures_of(tally, Assumptions(12.5))
    assert str(figures.rate) == "38 % (18 of 48)"
    assert str(figures.precision) == "50 % (7 of 14)"
    assert str(figures.recall) == "70 % (7 of 10)"
    assert str(figures.over_share) == "21 % (7 of 34)"
    assert str(figures.under_share) == "30 % (3 of 10)"
    assert str(figures.confident_wrong_share) == "7 % (3 of 44)"
    assert figures.minutes == 225.0
    settled = figures_of(tally, Assumptions(12.5, SETTLED))
    assert str(settled.rate) == "25 % (12 of 48)"
    assert str(settled.under_share) == "40 % (4 of 10)"
    assert settled.confident_wrong == 3  # a question is no confident answer


def test_nothing_is_divided_by_nothing() -> None:
    figures = figures_of(Tally(), Assumptions(10))
    assert (figures.cases, figures.rate.ratio, str(figures.precision)) == (0, None, "not known")


@pytest.mark.row("4.9")
def test_every_plain_number_of_a_rule_is_a_dial() -> None:
    names = {dial.name: dial for dial in dials_of(3, "low", "low_confidence", {"minimum_confidence": 0.6155})}
    assert set(names) == {"minimum_confidence", "ambiguous_below_margin"}
    dial = names["minimum_confidence"]
    values = dial.values()
    assert (values[0], values[-1], len(values)) == (0, 1, 1002)
    assert 0.6155 in values  # the present value is on the curve although it is between two steps
    assert (dial.setting(7), dial.setting(-1)) == (1.0, 0.0)
    assert [dial.name for dial in dials_of(1, "human", "human_request", {})] == ["minimum_likeness"]
    assert dials_of(6, "flagged", "flagged_category", {"category_id": 7}) == ()


@pytest.mark.row("4.9")
def test_the_recommended_value_is_found_from_the_strict_side_of_the_number() -> None:
    some = [
        Case(TICKET, n, replace(GOOD, confidence=n / 200, threshold=0), Truth(n < 100, "x"))
        for n in range(200)
    ]
    tried = [(n / 100, with_number(LIVE, 3, "minimum_confidence", n / 100)) for n in range(101)]
    points = sweep(some, LIVE, tried)
    found = recommendation(points)
    assert found is not None
    best, more_is_stricter = found
    assert more_is_stricter
    assert best.value == 0.48  # 4 of 200 are confidently wrong there: upper bound 4.5 %
    assert (best.wrong, best.known) == (4, 200)
    assert recommendation(sweep(some, LIVE, [(0, LIVE), (1, LIVE)])) is None
    dial = dials_of(3, "low", "low_confidence", {})[0]
    plot = dial_plot(dial, points, Assumptions(1), proposed=0.5, recommended=best.value)
    assert plot is not None
    assert [curve.kind for curve in plot.curves] == ["rate", "over", "under"]
    assert (plot.current, plot.proposed) == (44.0, 295.0)
