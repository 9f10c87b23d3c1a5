"""What the page “Waiting times” shows: waits by hour of the day, promises by team and week. Reads only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import timezone

from escalation.teams.selectors import teams_active
from runtime.models import Handoff
from runtime.waiting.estimates import WAIT_DAYS, WAIT_MIN_HANDOFFS, WAIT_QUANTILE
from runtime.waiting.promises import Promises, promise_verdict
from runtime.waiting.quantiles import Wait, wait_of, wait_quantile

MAX_ROWS = 20_000  # the newest; the page says so where there are more
PROMISE_WEEKS = 8
LINE_DAYS = 28
NO_TEAM_NAME = "No team"
MINUTE, HOUR = 60, 3600


@dataclass(frozen=True, slots=True)
class HourLine:
    """One hour of the day: ended waits, those still open, and the quantiles where enough is known."""

    hour: int
    ended: int
    waiting: int
    p50: str
    p80: str
    width: int  # of the bar, in percent of the longest p80


@dataclass(frozen=True, slots=True)
class PromiseLine:
    """What became of the promises that one team made in one week."""

    team: str
    week: date
    promises: Promises


@dataclass(frozen=True, slots=True)
class WaitingReadout:
    """The page's figures. ``is_cut`` says that only the newest rows were read."""

    hours: tuple[HourLine, ...]
    off_hours: int
    promises: tuple[PromiseLine, ...]
    total: Promises
    is_cut: bool

    @property
    def has_waits(self) -> bool:
        """Whether anybody has waited at all."""
        return any(line.ended or line.waiting for line in self.hours)


def waiting_readout(*, team_id: int | None, now: datetime | None = None) -> WaitingReadout:
    """Return the figures of one team, or of all; the hours are those of the teams' own clocks."""
    now = now or timezone.now()
    handoffs = Handoff.objects.filter(team_id=team_id) if team_id else Handoff.objects.all()
    since = handoffs.filter(requested_at__gte=now - timedelta(days=WAIT_DAYS)).order_by("-requested_at")
    fields = ("requested_at", "accepted_at", "finished_at", "off_hours", "requested_hour")
    times = since.values_list(*fields)[:MAX_ROWS]
    by_hour: dict[int, list[Wait]] = defaultdict(list)
    off_hours = 0
    for *moments, closed, hour in times:
        if closed:
            off_hours += 1
            continue
        if hour is not None:
            by_hour[hour].append(wait_of(*moments, now=now))
    lines = promise_lines(team_id=team_id, now=now)
    return WaitingReadout(
        tuple(_hour_lines(by_hour)),
        off_hours,
        lines,
        _together(line.promises for line in lines),
        is_cut=len(times) == MAX_ROWS,
    )


def promise_lines(*, team_id: int | None, now: datetime) -> tuple[PromiseLine, ...]:
    """Return what became of the promises of the last eight weeks, newest week first, then by team."""
    names = {team.id: team.name for team in teams_active()}
    found: dict[tuple[date, str], Promises] = defaultdict(Promises)
    monday = now.date() - timedelta(days=now.weekday(), weeks=PROMISE_WEEKS - 1)
    for team, requested_at, verdict in _verdicts(team_id, timezone.make_aware(_midnight(monday)), now):
        week = requested_at.date() - timedelta(days=requested_at.weekday())
        found[week, _name(names, team)].add(verdict)
    ordered = sorted(found, key=lambda key: (-key[0].toordinal(), key[1]))
    return tuple(PromiseLine(team, week, found[week, team]) for week, team in ordered)


def promises_kept_line() -> str:
    """Return how often the waits of the last four weeks were kept, in a line for the page of messages."""
    now = timezone.now()
    total = Promises()
    for _, _, verdict in _verdicts(None, now - timedelta(days=LINE_DAYS), now):
        total.add(verdict)
    if not total.share.whole:
        return "No wait that was told in the last four weeks is over yet: how many were kept is not known."
    return f"Waits that were told in the last four weeks and kept: {total.share.with_interval()}."


def duration(seconds: float | None) -> str:
    """Write seconds as people do: 40 s, 5 min, 1 h 20 min; a dash where nothing is known."""
    if seconds is None:
        return "–"
    if seconds < MINUTE:
        return f"{seconds:.0f} s"
    if seconds < HOUR:
        return f"{seconds / MINUTE:.0f} min"
    return f"{int(seconds // HOUR):,} h {int(seconds % HOUR // MINUTE)} min"


def _hour_lines(by_hour: dict[int, list[Wait]]) -> Iterable[HourLine]:
    quantiles: dict[int, tuple[float | None, float | None]] = {}
    for hour, waits in by_hour.items():
        if sum(wait.ended for wait in waits) >= WAIT_MIN_HANDOFFS:
            quantiles[hour] = wait_quantile(waits, 0.5), wait_quantile(waits, WAIT_QUANTILE)
    longest = max((p80 for _, p80 in quantiles.values() if p80), default=0)
    for hour in range(24):
        waits = by_hour.get(hour, [])
        p50, p80 = quantiles.get(hour, (None, None))
        ended = sum(wait.ended for wait in waits)
        width = round(100 * p80 / longest) if p80 and longest else 0
        yield HourLine(hour, ended, len(waits) - ended, duration(p50), duration(p80), width)


def _verdicts(
    team_id: int | None, since: datetime, now: datetime
) -> Iterable[tuple[int | None, datetime, str]]:
    rows = Handoff.objects.filter(requested_at__gte=since, turn__wait_estimate_seconds__isnull=False)
    if team_id:
        rows = rows.filter(team_id=team_id)
    fields = ("team_id", "turn__wait_estimate_seconds", "requested_at", "accepted_at", "finished_at")
    for team, estimate, *moments in rows.order_by("-requested_at").values_list(*fields)[:MAX_ROWS]:
        yield team, moments[0], promise_verdict(estimate, *moments, now=now)


def _name(names: dict[int, str], team: int | None) -> str:
    return NO_TEAM_NAME if team is None else names.get(team, "Inactive team")


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001 - made aware by the caller


def _together(parts: Iterable[Promises]) -> Promises:
    total = Promises()
    for part in parts:
        total.kept += part.kept
        total.broken += part.broken
        total.pending += part.pending
        total.withdrawn += part.withdrawn
    return total
