"""A pilot's measures: exact formulas, intervals that survive peeking, a gate that opens for three trends."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.proportions import Share
from pilot.gate import verdict_of
from pilot.meter import Evidence, evidence_of, more_needed, sequential_interval, trend_evidence
from pilot.metrics import Interaction, Metrics, median_of, metrics_of
from pilot.resolutions import Ending, Resolution, resolution_of

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
EARLIER = NOW - timedelta(hours=72)
LATELY = NOW - timedelta(hours=71, minutes=59)
R = Resolution


@pytest.mark.parametrize(
    ("ending", "expected"),
    [
        (Ending(LATELY, answered=True), R.PENDING),
        (Ending(EARLIER, answered=True), R.ASSUMED),
        (Ending(LATELY, answered=True, confirmed=True), R.CONFIRMED),
        (Ending(LATELY, answered=True, csat=4), R.CONFIRMED),
        (Ending(EARLIER, answered=True, csat=3), R.ASSUMED),
        (Ending(EARLIER, answered=True, csat=2), R.WITHDRAWN),
        (Ending(EARLIER, answered=True, thumbs_down=True), R.WITHDRAWN),
        (Ending(EARLIER, answered=True, confirmed=True, came_back=True), R.WITHDRAWN),
        (Ending(EARLIER, answered=True, escalated=True, confirmed=True), R.ESCALATED),
        (Ending(EARLIER, answered=False), R.ABANDONED),
        (Ending(LATELY, answered=False), R.PENDING),
    ],
)
def test_a_resolution_is_said_or_waited_for_and_taken_back(ending: Ending, expected: Resolution) -> None:
    assert resolution_of(ending, now=NOW) == expected


# Twenty, counted by hand: 6 confirmed, 5 assumed, 2 withdrawn, 4 escalated, 1 abandoned, 2 pending.
TWENTY = [
    *(Interaction(R.CONFIRMED, minutes, csat=5, reviewed=True) for minutes in (2, 4, 6)),
    *(Interaction(R.CONFIRMED, minutes, csat=4) for minutes in (8, 10, 12)),
    *(Interaction(R.ASSUMED, minutes, reviewed=True, corrected=minutes > 16) for minutes in (14, 16, 18, 20)),
    Interaction(R.ASSUMED, 3, csat=3),
    *(Interaction(R.WITHDRAWN, 30, csat=1, reviewed=True, corrected=True) for _ in range(2)),
    *(Interaction(R.ESCALATED, 45, csat=2) for _ in range(4)),
    Interaction(R.ABANDONED, 1),
    *(Interaction(R.PENDING, 5) for _ in range(2)),
]


def test_the_metrics_of_twenty_conversations_are_those_counted_by_hand() -> None:
    found = metrics_of(TWENTY)
    assert (found.interactions, found.pending, found.confirmed, found.assumed) == (20, 2, 6, 5)
    assert (found.withdrawn, found.resolved) == (2, 11)
    assert found.resolution_rate == Share(11, 18)
    assert found.csat == Share(6, 13)
    assert found.escalation_rate == Share(4, 20)
    assert found.corrections == Share(4, 9)
    assert found.corrections_per_100 == pytest.approx(400 / 9)
    # 2 3 4 6 8 [10] 12 14 16 18 20; P(Binomial(11, ½) ≤ 1) = 0.6 %, ≤ 2 = 3.3 %: the 2nd from either end.
    assert (found.time_to_resolution.value, found.time_to_resolution.n) == (10, 11)
    assert (found.time_to_resolution.low, found.time_to_resolution.high) == (3, 18)


def test_nothing_is_made_of_nothing() -> None:
    found = metrics_of([])
    assert (found.resolution_rate.ratio, found.csat.ratio, found.corrections_per_100) == (None, None, None)
    assert median_of([]).value is None
    assert (median_of([1, 2, 3]).value, median_of([1, 2, 3]).low) == (2, None)


@given(st.integers(0, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_sequential_interval_holds_the_rate_and_is_wider_than_the_usual_one(counts) -> None:
    part, whole = counts
    found = sequential_interval(part, whole)
    assert 0 <= found.low <= (part / whole if whole else 0.5) <= found.high <= 1
    usual = Share(part, whole)
    assert found.high - found.low >= (usual.high - usual.low) * 0.999


def test_daily_peeking_at_a_rate_leaves_the_true_one_in_nineteen_of_twenty_pilots() -> None:
    rng = np.random.default_rng(7)
    lost = 0
    for _ in range(200):
        days = np.cumsum(rng.binomial(12, 0.6, 60))
        looks = (sequential_interval(int(part), 12 * (day + 1)) for day, part in enumerate(days))
        lost += any(not look.low <= 0.6 <= look.high for look in looks)
    assert lost <= 10


@pytest.mark.parametrize(
    ("resolved", "expected"),
    [
        (0, Evidence.NOT_ENOUGH),
        (199, Evidence.NOT_ENOUGH),
        (200, Evidence.PROVISIONAL),
        (299, Evidence.PROVISIONAL),
        (300, Evidence.CONCLUSIVE),
    ],
)
def test_two_hundred_are_provisional_and_three_hundred_conclusive(resolved: int, expected: Evidence) -> None:
    assert evidence_of(resolved) == expected


def test_how_many_more_are_needed_is_just_enough() -> None:
    more = more_needed(130, 200, against=0.5)
    assert more == 0
    more = more_needed(120, 200, against=0.5)
    assert more is not None
    assert more > 0
    enough, fewer = (sequential_interval(round(0.6 * (200 + k)), 200 + k).low for k in (more, more - 1))
    assert fewer <= 0.5 < enough
    assert more_needed(100, 200, against=0.5) is None
    assert more_needed(0, 0, against=0.5) is None


def test_a_trend_counts_for_the_direction_that_is_asked() -> None:
    weeks = [(50, 100), (60, 100), (70, 100), (80, 100)]
    assert trend_evidence(weeks, rising=True) > 100
    assert trend_evidence(weeks, rising=False) < 1
    assert trend_evidence(weeks[::-1], rising=False) > 100
    assert trend_evidence(weeks[:1], rising=True) == 1
    assert trend_evidence([(0, 0), (5, 10)], rising=True) == 1


def week(resolved: tuple[int, int], csat: tuple[int, int], corrected: tuple[int, int]) -> Metrics:
    base = metrics_of([])
    return replace(
        base,
        assumed=resolved[0],
        resolution_rate=Share(*resolved),
        csat=Share(*csat),
        corrections=Share(*corrected),
    )


def pilot(*, rises: bool, stable: bool, fall: bool) -> list[Metrics]:
    return [
        week(
            (100 + (20 * number if rises else -number), 200),
            (40 - (0 if stable else 12 * number), 50),
            (80 - (20 * number if fall else -number), 200),
        )
        for number in range(4)
    ]


@pytest.mark.parametrize(("rises", "stable", "fall"), list(product([True, False], repeat=3)))
def test_only_three_of_three_trends_open_the_gate(rises: bool, stable: bool, fall: bool) -> None:
    weeks = pilot(rises=rises, stable=stable, fall=fall)
    whole = replace(metrics_of([]), assumed=sum(one.assumed for one in weeks))
    verdict = verdict_of(weeks, whole)
    holds = {condition.name: condition.holds for condition in verdict.conditions}
    assert (holds["resolution_rate"], holds["csat"], holds["corrections"]) == (rises, stable, fall)
    assert verdict.may_expand is (rises and stable and fall)


def test_two_weeks_or_299_resolved_keep_the_gate_shut() -> None:
    weeks = pilot(rises=True, stable=True, fall=True)
    many, few = (replace(metrics_of([]), assumed=count) for count in (300, 299))
    assert verdict_of(weeks, many).may_expand
    assert not verdict_of(weeks, few).may_expand
    assert not verdict_of(weeks[:2], many).may_expand


def test_a_pilot_in_which_nothing_changes_is_hardly_ever_let_through_however_often_one_looks() -> None:
    rng = np.random.default_rng(3)
    wrong = 0
    for _ in range(150):
        resolved, rated, corrected = (rng.binomial(30, rate, 42) for rate in (0.6, 0.8, 0.2))
        for day in range(21, 43):
            weeks = [
                week(*((int(kind[i : i + 7].sum()), 210) for kind in (resolved, rated, corrected)))
                for i in range(0, day - day % 7, 7)
            ]
            whole = replace(metrics_of([]), assumed=int(resolved[:day].sum()))
            if verdict_of(weeks, whole).may_expand:
                wrong += 1
                break
    assert wrong <= 7
