"""When a team is there: decision tables, the days on which clocks change, and properties."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from escalation.teams.hours import Schedule, Span, closes_at, is_open, next_opening, spans_fault
from escalation.teams.hours_text import (
    BadHours,
    exceptions_read,
    exceptions_write,
    spans_read,
    spans_write,
    status_line,
)

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = (Span(9 * 60, 12 * 60 + 30), Span(13 * 60 + 30, 17 * 60))
CHRISTMAS, EVE = date(2026, 12, 25), date(2026, 12, 24)
WEEK = Schedule(
    "Europe/Berlin",
    dict.fromkeys(range(5), OFFICE),
    {CHRISTMAS: (), EVE: (Span(9 * 60, 12 * 60),), date(2026, 12, 26): (Span(10 * 60, 11 * 60),)},
)
AROUND_THE_CLOCK = Schedule("Asia/Tokyo", dict.fromkeys(range(7), (Span(0, 1440),)))
NIGHT = Schedule("Europe/Berlin", {4: (Span(22 * 60, 1440),), 5: (Span(0, 6 * 60),)})  # Friday to Saturday


def berlin(text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN, fold=fold)


@pytest.mark.row("4.18")
@pytest.mark.parametrize(
    ("at", "is_there", "opens"),
    [
        ("2026-11-30 08:59:59", False, "2026-11-30 09:00"),  # a Monday
        ("2026-11-30 09:00", True, "2026-11-30 09:00"),
        ("2026-11-30 12:29:59", True, "2026-11-30 12:29:59"),
        ("2026-11-30 12:30", False, "2026-11-30 13:30"),
        ("2026-11-30 17:00", False, "2026-12-01 09:00"),
        ("2026-12-04 17:00", False, "2026-12-07 09:00"),  # Friday evening
        ("2026-12-24 12:00", False, "2026-12-26 10:00"),  # a short day, a holiday, a Saturday that is open
        ("2026-12-25 10:00", False, "2026-12-26 10:00"),
        ("2026-12-26 11:00", False, "2026-12-28 09:00"),
    ],
)
def test_a_team_is_there_by_its_own_clock_and_the_next_opening_is_named(at, is_there, opens) -> None:
    moment = berlin(at)
    assert is_open(WEEK, moment) is is_there
    assert is_open(WEEK, moment.astimezone(ZoneInfo("America/New_York"))) is is_there
    assert next_opening(WEEK, moment) == berlin(opens)


@pytest.mark.row("4.18")
def test_hours_past_midnight_go_on_in_the_next_day() -> None:
    friday_night = berlin("2026-12-04 23:59")
    assert is_open(NIGHT, friday_night)
    assert is_open(NIGHT, berlin("2026-12-05 00:00"))
    assert closes_at(NIGHT, friday_night) == berlin("2026-12-05 06:00")
    assert not is_open(NIGHT, berlin("2026-12-05 06:00"))
    assert closes_at(AROUND_THE_CLOCK, friday_night) is None


@pytest.mark.row("4.18")
@pytest.mark.parametrize(
    ("opens", "closes", "at", "opening"),
    [
        # 29 March 2026: 02:00 becomes 03:00; what would open at 02:30 opens when the clock jumps.
        (150, 300, datetime(2026, 3, 29, 0, 30, tzinfo=UTC), datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),
        (120, 180, datetime(2026, 3, 29, 0, 30, tzinfo=UTC), None),  # an hour that is left out that day
        (540, 600, datetime(2026, 3, 29, 0, 30, tzinfo=UTC), datetime(2026, 3, 29, 7, 0, tzinfo=UTC)),
        # 25 October 2026: 02:00 to 03:00 comes twice.
        (120, 180, datetime(2026, 10, 24, 23, 0, tzinfo=UTC), datetime(2026, 10, 25, 0, 0, tzinfo=UTC)),
        (90, 150, datetime(2026, 10, 25, 0, 40, tzinfo=UTC), datetime(2026, 10, 25, 1, 0, tzinfo=UTC)),
        (540, 600, datetime(2026, 10, 24, 23, 0, tzinfo=UTC), datetime(2026, 10, 25, 8, 0, tzinfo=UTC)),
    ],
)
def test_on_the_days_when_clocks_change_the_wall_clock_counts(opens, closes, at, opening) -> None:
    sundays = Schedule("Europe/Berlin", {6: (Span(opens, closes),)})
    found = next_opening(sundays, at)
    if opening is None:  # the Sunday after
        assert found == berlin("2026-04-05 02:00")
    else:
        assert found is not None
        assert found.astimezone(UTC) == opening


ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "UTC",
    "Africa/Casablanca",
)
SPANS = st.lists(st.integers(0, 1440), unique=True, min_size=0, max_size=6).map(
    lambda marks: tuple(Span(a, b) for a, b in zip(sorted(marks)[::2], sorted(marks)[1::2], strict=False))
)
SCHEDULES = st.builds(
    Schedule,
    st.sampled_from(ZONES),
    st.dictionaries(st.integers(0, 6), SPANS, max_size=7),
    st.dictionaries(st.dates(date(2026, 3, 20), date(2026, 11, 10)), SPANS, max_size=4),
)


def naive(*parts: int) -> datetime:
    """Return a bound for Hypothesis, which wants bounds without a zone."""
    return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001


MOMENTS = st.one_of(
    st.datetimes(naive(2026, 3, 1), naive(2026, 11, 20)),
    st.datetimes(naive(2026, 3, 28, 20), naive(2026, 3, 29, 6)),
    st.datetimes(naive(2026, 10, 24, 20), naive(2026, 10, 25, 6)),
).map(lambda moment: moment.replace(tzinfo=UTC, microsecond=0))


@pytest.mark.row("4.18")
@settings(max_examples=100, deadline=None)
@given(schedule=SCHEDULES, at=MOMENTS)
def test_at_the_next_opening_the_team_is_there_and_never_before(schedule: Schedule, at: datetime) -> None:
    found = next_opening(schedule, at)
    if found is None:
        looks = (at + timedelta(minutes=37 * step) for step in range(400))
        assert not any(is_open(schedule, moment) for moment in looks)
        return
    found = found.astimezone(UTC)  # on the wall clock an hour may be missing
    assert found >= at
    assert is_open(schedule, found)
    minutes = int((found - at) / timedelta(minutes=1))
    first = range(min(minutes, 180))
    last = range(max(minutes - 180, 0), minutes)
    assert not any(is_open(schedule, at + timedelta(minutes=step)) for step in (*first, *last))
    if found > at:
        assert not is_open(schedule, found - timedelta(seconds=1))


@pytest.mark.row("4.18")
@given(spans=SPANS)
def test_hours_are_read_as_they_are_written(spans: tuple[Span, ...]) -> None:
    assert spans_fault(spans) == ""
    assert spans_read(spans_write(spans)) == spans


@pytest.mark.row("4.18")
@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("", ()),
        (" closed ", ()),
        ("9-17", (Span(540, 1020),)),
        ("13:30–17:00, 09:00–12:30", OFFICE),
        ("0:00 - 24:00", (Span(0, 1440),)),
        ("22:00–0:00", (Span(1320, 1440),)),
        ("09.00 to 12.00", (Span(540, 720),)),
        ("09:00–10:00, 10:00–11:00", (Span(540, 600), Span(600, 660))),
    ],
)
def test_a_day_is_written_in_one_line(text: str, spans: tuple[Span, ...]) -> None:
    assert spans_read(text) == spans


@pytest.mark.row("4.18")
@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("17:00–09:00", "ends before it begins"),
        ("09:00–09:00", "ends before it begins"),
        ("09:00–12:00, 11:59–13:00", "overlap"),
        ("09:00-25:00", "no time of the day"),
        ("24:00-24:00", "not within one day"),
        ("9:75-10:00", "no time of the day"),
        ("nine to five", "write hours as"),
        ("09:00", "write hours as"),
        (",".join(f"{hour}-{hour + 1}" for hour in range(7)), "at most 6 spans"),
    ],
)
def test_hours_that_cannot_be_meant_are_refused_with_a_word(text: str, fault: str) -> None:
    with pytest.raises(BadHours, match=fault):
        spans_read(text)


@pytest.mark.row("4.18")
def test_special_days_are_read_and_written_line_by_line() -> None:
    text = "2026-12-24 09:00–12:00  # Christmas Eve\n\n2026-12-25 closed"
    found = exceptions_read(text)
    assert found == {EVE: ((Span(540, 720),), "Christmas Eve"), CHRISTMAS: ((), "")}
    assert exceptions_write(found) == "2026-12-24 09:00–12:00  # Christmas Eve\n2026-12-25 closed"
    for bad in ("2026-13-01 closed", "2026-12-25", "tomorrow closed", f"{text}\n2026-12-24 closed"):
        with pytest.raises(BadHours):
            exceptions_read(bad)


@pytest.mark.row("4.18")
@pytest.mark.parametrize(
    ("schedule", "at", "line"),
    [
        (WEEK, "2026-11-30 10:00", "Open now, until 12:30 (Berlin)"),
        (WEEK, "2026-11-30 12:45", "Closed, opens 13:30 (Berlin)"),
        (WEEK, "2026-12-04 18:00", "Closed, opens Monday 09:00 (Berlin)"),
        (NIGHT, "2026-12-05 07:00", "Closed, opens Friday 22:00 (Berlin)"),
        (
            Schedule("America/New_York", {0: (Span(0, 1440),)}),
            "2026-12-01 12:00",
            "Closed, opens Monday 00:00 (New York)",
        ),
        (AROUND_THE_CLOCK, "2026-12-01 12:00", "Open now, around the clock"),
        (Schedule("UTC"), "2026-12-01 12:00", "Never open: write its hours"),
    ],
)
def test_a_line_says_whether_the_team_is_there_and_when_that_changes(schedule, at, line) -> None:
    assert status_line(schedule, berlin(at)) == line
