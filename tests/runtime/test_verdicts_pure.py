"""Which turns are drawn, and what their verdicts say of all turns."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.verdicts.rates import JudgedTurn, Stratum, rate, rates_by_name, rates_by_week
from runtime.verdicts.sampling import allocate, chosen, in_queue_order, is_double, is_escalated, stratum_of

pytestmark = pytest.mark.row("4.15")
WEEK, NEXT = date(2026, 11, 23), date(2026, 11, 30)


@pytest.mark.parametrize(
    ("populations", "size", "places"),
    [
        ({"a": 900, "b": 90, "c": 1}, 40, {"a": 34, "b": 5, "c": 1}),
        ({"a": 5, "b": 5}, 40, {"a": 5, "b": 5}),
        ({"a": 100, "b": 100, "c": 100}, 4, {"a": 3, "b": 3, "c": 3}),
        ({"a": 10, "b": 0}, 6, {"a": 6}),
        ({}, 40, {}),
    ],
)
def test_each_stratum_gets_a_few_places_and_the_rest_goes_by_size(
    populations: dict[str, int], size: int, places: dict[str, int]
) -> None:
    assert allocate(populations, size, 3) == places


@given(
    st.dictionaries(st.text("abcdef", min_size=1), st.integers(0, 5_000), max_size=12), st.integers(1, 500)
)
def test_places_are_as_many_as_asked_for_and_never_more_than_there_are(
    populations: dict[str, int], size: int
) -> None:
    places = allocate(populations, size, 3)
    everything = sum(populations.values())
    least = sum(min(3, count) for count in populations.values())
    assert sum(places.values()) == max(min(size, everything), least)
    assert all(0 < count <= populations[name] for name, count in places.items())


def test_the_same_seed_draws_the_same_turns_whatever_their_order() -> None:
    ids = list(range(1, 1_001))
    first = chosen(ids, 50, "1")
    assert chosen(reversed(ids), 50, "1") == first
    assert chosen(ids, 60, "1")[:50] == first, "a larger sample only adds turns"
    assert len(set(first) & set(chosen(ids, 50, "2"))) < 20


def test_every_turn_is_drawn_about_as_often() -> None:
    drawn = Counter(pk for seed in range(400) for pk in chosen(range(20), 5, str(seed)))
    assert min(drawn.values()) > 70
    assert max(drawn.values()) < 130


def test_about_a_tenth_goes_to_two_people_and_a_higher_share_only_adds() -> None:
    ten = {pk for pk in range(5_000) if is_double(pk, "1", 10)}
    assert 420 < len(ten) < 580
    assert ten < {pk for pk in range(5_000) if is_double(pk, "1", 20)}
    assert sorted(in_queue_order(range(9), "1")) == list(range(9))


@pytest.mark.parametrize(
    ("decision", "trigger", "name", "escalated"),
    [
        ("escalate", "low_confidence", "escalate:low_confidence", True),
        ("answer", "", "answer", False),
        ("clarify", "low_confidence", "clarify", False),
    ],
)
def test_strata_are_triggers_of_escalations_and_decisions_of_the_rest(
    decision: str, trigger: str, name: str, escalated: bool
) -> None:
    assert stratum_of(decision, trigger) == name
    assert is_escalated(name) == escalated


STRATA = [
    Stratum(1, "escalate:low_confidence", True, 900),
    Stratum(2, "escalate:human_request", True, 100),
    Stratum(3, "answer", False, 5_000),
    Stratum(4, "escalate:no_answer", True, 50),
]
JUDGED = [
    *[JudgedTurn(1, "over", WEEK)] * 10,
    *[JudgedTurn(1, "right", NEXT)] * 10,
    *[JudgedTurn(2, "right", WEEK)] * 20,
    *[JudgedTurn(2, "cannot_tell", WEEK)] * 5,
    *[JudgedTurn(3, "under", WEEK)] * 2,
    *[JudgedTurn(3, "right", WEEK)] * 38,
]


def test_verdicts_are_weighted_back_to_all_turns() -> None:
    found = rate(STRATA, JUDGED, escalated=True)
    assert found.share is not None
    assert found.share.ratio == pytest.approx(0.45), "half of 900 and none of 100, not a quarter of 40"
    assert found.share.effective_n == pytest.approx(1_000**2 / (20 * 45**2 + 20 * 5**2))
    assert (found.n, found.cannot_tell, found.population, found.not_covered) == (40, 5, 1_050, 50)


def test_under_escalation_is_of_the_turns_that_stayed() -> None:
    found = rate(STRATA, JUDGED, escalated=False)
    assert found.share is not None
    assert (found.share.ratio, found.n, found.is_enough) == (pytest.approx(0.05), 40, True)


def test_under_thirty_verdicts_are_not_enough() -> None:
    assert not rate(STRATA, JUDGED[:20] + JUDGED[40:], escalated=True).is_enough
    assert rate(STRATA, [], escalated=True).share is None


def test_rates_by_week_and_by_trigger_keep_the_weights_of_the_whole_drawing() -> None:
    weeks = rates_by_week(STRATA, JUDGED, escalated=True)
    assert list(weeks) == [WEEK, NEXT]
    first = weeks[WEEK].share
    assert first is not None
    assert first.ratio == pytest.approx(450 / 550)
    names = {one.label: (one.population, one.n) for one in rates_by_name(STRATA, JUDGED, escalated=True)}
    assert names == {
        "escalate:low_confidence": (900, 20),
        "escalate:human_request": (100, 20),
        "escalate:no_answer": (50, 0),
    }
