"""Somebody who looks every day is not fooled: the whole gate over a thousand pilots without any change."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from core.proportions import Share
from pilot.meter import evidence_of
from pilot.metrics import Metrics, metrics_of
from pilot.weeks import Week, verdict_from

BEGINS = date(2026, 3, 2)  # a Monday
DAYS, A_DAY = 42, 30
NOTHING = metrics_of([])


def figures(ended: int, resolved: int, good: int, corrected: int) -> Metrics:
    """Return figures of which half of the conversations are rated, and each is reviewed."""
    return replace(
        NOTHING,
        interactions=ended,
        assumed=resolved,
        resolution_rate=Share(resolved, ended),
        csat=Share(good, ended // 2),
        corrections=Share(corrected, ended),
    )


def days_on_which_it_opens(resolved: np.ndarray, good: np.ndarray, corrected: np.ndarray) -> int:
    """Look at the end of every day; return on how many the gate is open.

    Between two Mondays the weeks stay the same, so the verdict changes only with the evidence of the count.
    """
    opened, known = 0, {}
    for day in range(1, DAYS + 1):
        today = BEGINS + timedelta(days=day)
        full = day // 7
        count = int(resolved[:day].sum())
        key = (full, evidence_of(count))
        if key not in known:
            weeks = [
                Week(
                    BEGINS + timedelta(weeks=week),
                    today < BEGINS + timedelta(weeks=week + 1),
                    figures(
                        A_DAY * len(resolved[7 * week : min(day, 7 * week + 7)]),
                        *(int(kind[7 * week : min(day, 7 * week + 7)].sum()) for kind in (resolved, good)),
                        int(corrected[7 * week : min(day, 7 * week + 7)].sum()),
                    ),
                )
                for week in range(-(-day // 7))
            ]
            whole = figures(A_DAY * day, count, int(good[:day].sum()), int(corrected[:day].sum()))
            known[key] = verdict_from(weeks, whole).may_expand
        opened += known[key]
        if count < 300:
            assert not known[key]
    return opened


@pytest.mark.row("5.9", "5.10")
def test_of_a_thousand_pilots_in_which_nothing_changes_at_most_fifty_ever_look_ready() -> None:
    rng = np.random.default_rng(11)
    wrong = 0
    for _ in range(1_000):
        rates = rng.uniform(0.3, 0.8), rng.uniform(0.1, 0.5)
        resolved, corrected = (rng.binomial(A_DAY, rate, DAYS) for rate in rates)
        wrong += days_on_which_it_opens(resolved, rng.binomial(A_DAY // 2, 0.8, DAYS), corrected) > 0
    assert wrong <= 50, wrong


@pytest.mark.row("5.10")
def test_a_pilot_that_really_gets_better_is_let_through_more_often_than_not() -> None:
    rng = np.random.default_rng(12)
    week = np.arange(DAYS) // 7
    opened = sum(
        days_on_which_it_opens(
            rng.binomial(A_DAY, np.clip(0.35 + 0.07 * week, 0, 1)),
            rng.binomial(A_DAY // 2, 0.8, DAYS),
            rng.binomial(A_DAY, np.clip(0.5 - 0.06 * week, 0.02, 1)),
        )
        > 0
        for _ in range(100)
    )
    assert opened > 80


def test_a_look_on_a_sunday_sees_no_week_that_is_not_over() -> None:
    sunday = [
        Week(BEGINS + timedelta(weeks=n), n == 2, figures(210, 70 + 35 * n, 80, 80 - 30 * n))
        for n in range(3)
    ]
    whole = figures(630, 315, 240, 150)
    assert not verdict_from(sunday, whole).may_expand
    monday = [replace(week, is_partial=False) for week in sunday]
    assert verdict_from(monday, whole).may_expand


def test_overwhelming_evidence_is_said_in_words_and_breaks_nothing() -> None:
    weeks = [
        Week(
            BEGINS + timedelta(weeks=n), False, figures(20_000, 5_000 + 4_000 * n, 8_000, 12_000 - 3_000 * n)
        )
        for n in range(4)
    ]
    chance = verdict_from(weeks, figures(80_000, 44_000, 32_000, 30_000)).conditions[-1]
    assert chance.holds
    assert "at most once in 1,000,000 or more times" in chance.why
