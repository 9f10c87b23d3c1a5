"""Differences of shares and weighted shares, against published figures and against each other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.proportions import Share, difference, weighted_share, wilson

pytestmark = pytest.mark.row("4.14")


@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    [  # Newcombe 1998, table II, method 10
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((10, 10), (0, 20), 0.6791, 1.0),
    ],
)
def test_differences_have_newcombes_interval(
    one: tuple[int, int], other: tuple[int, int], low: float, high: float
) -> None:
    found = difference(Share(*one), Share(*other))
    assert found is not None
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)
    assert found.is_more_than_chance


def test_a_difference_from_nothing_is_not_known() -> None:
    assert difference(Share(1, 2), Share(0, 0)) is None


def test_equal_weights_give_the_plain_interval() -> None:
    found = weighted_share([(number < 12, 2.5) for number in range(40)])
    assert found is not None
    plain = Share(12, 40)
    assert (found.ratio, found.n, found.effective_n) == (pytest.approx(0.3), 40, pytest.approx(40))
    assert (found.low, found.high) == (pytest.approx(plain.low), pytest.approx(plain.high))


def test_unlike_weights_move_the_share_and_widen_the_interval() -> None:
    found = weighted_share([(True, 1.0)] * 10 + [(False, 9.0)] * 10)
    assert found is not None
    assert found.ratio == pytest.approx(0.1)
    assert found.effective_n == pytest.approx(100**2 / (10 + 810))
    assert found.high - found.low > wilson(0.1, 20)[1] - wilson(0.1, 20)[0]


def test_nobody_is_no_share() -> None:
    assert weighted_share([]) is None


@given(st.integers(0, 50), st.integers(1, 50), st.integers(0, 50), st.integers(1, 50))
def test_an_interval_holds_its_difference_and_turns_with_its_sides(a: int, b: int, c: int, d: int) -> None:
    one, other = Share(min(a, b), b), Share(min(c, d), d)
    found, turned = difference(one, other), difference(other, one)
    assert found is not None
    assert turned is not None
    assert -1 <= found.low <= found.value <= found.high <= 1
    assert (turned.low, turned.high) == (pytest.approx(-found.high), pytest.approx(-found.low))
