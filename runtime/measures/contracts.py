"""The measures of escalation as pages, exports and endpoints take them. Pure; knows no rows.

A conversation counts in the week in which it began (Monday to Sunday, the workspace's time zone).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from core.proportions import Difference, Share, difference

ENOUGH = 30  # under so many conversations a rate says nothing
SMALLEST_CHANGE = 0.005  # half a point: less is shown as none


@dataclass(frozen=True, slots=True)
class Scope:
    """Which conversations are meant: the last ``weeks``, and of these a channel, an intent, a tier."""

    weeks: int = 12
    channel: str = ""
    intent: str = ""
    tier: str = ""

    @property
    def is_all(self) -> bool:
        """Whether nothing but the time narrows it."""
        return not (self.channel or self.intent or self.tier)

    def mondays(self, today: date) -> tuple[date, ...]:
        """Return the weeks by their Mondays, oldest first; the last is the one that runs."""
        this = today - timedelta(days=today.weekday())
        return tuple(this - timedelta(weeks=back) for back in range(self.weeks - 1, -1, -1))


@dataclass(frozen=True, slots=True)
class WeekRate:
    """One week's conversations, and how many of them were handed to a person."""

    monday: date
    share: Share
    is_running: bool

    @property
    def sunday(self) -> date:
        """The week's last day."""
        return self.monday + timedelta(days=6)


@dataclass(frozen=True, slots=True)
class BaselineRate:
    """The escalation rate before AI, of the signed map; ``about`` says of which tickets."""

    share: Share
    version: int
    window_start: datetime
    window_end: datetime
    about: str


@dataclass(frozen=True, slots=True)
class EscalationRate:
    """Rates by week, all together, and the baseline where there is one."""

    weeks: tuple[WeekRate, ...]
    total: Share
    baseline: BaselineRate | None

    @property
    def is_enough(self) -> bool:
        """Whether there are conversations enough to say a rate."""
        return self.total.whole >= ENOUGH

    @property
    def change(self) -> Difference | None:
        """Now − before AI; None without a baseline or without conversations."""
        return difference(self.total, self.baseline.share) if self.baseline else None

    @property
    def verdict(self) -> str:
        """Say whether the rate differs from the one before AI by more than chance."""
        if self.baseline is None:
            return ""
        if not self.is_enough:
            return (
                f"Not enough to say: {self.total.whole:,} of at least {ENOUGH} conversations in these weeks."
            )
        change = self.change
        if change is None:
            return "Not enough to say: in the tickets before AI nobody knows whether they were escalated."
        points = abs(100 * change.value)
        if not change.is_more_than_chance:
            return (
                f"No more than chance: {points:.1f} points {'lower' if change.value < 0 else 'higher'} than "
                f"before AI, 95 % interval {100 * change.low:+.1f} to {100 * change.high:+.1f}."
            ).replace("-", "−")
        ends = sorted((abs(100 * change.low), abs(100 * change.high)))
        return (
            f"{points:.1f} points {'lower' if change.value < 0 else 'higher'} than before AI, "
            f"95 % interval {ends[0]:.1f} to {ends[1]:.1f}: more than chance."
        )


@dataclass(frozen=True, slots=True)
class ReasonLine:
    """One reason: its handoffs in all, by week, and how its share moved between the last two full weeks."""

    reason: str
    label: str
    share: Share
    by_week: tuple[int, ...]
    last: Share
    before: Share

    @property
    def change(self) -> Difference | None:
        """Last full week − the one before, as shares of each week's handoffs."""
        return difference(self.last, self.before)

    @property
    def change_text(self) -> str:
        """The change in points, with its interval where it is more than chance."""
        change = self.change
        if change is None:
            return "–"
        if abs(change.value) < SMALLEST_CHANGE:
            return "no change"
        text = f"{100 * change.value:+.0f} points".replace("-", "−")
        if not change.is_more_than_chance:
            return f"{text}, no more than chance"
        return f"{text} ({100 * change.low:+.0f} to {100 * change.high:+.0f})".replace("-", "−")


@dataclass(frozen=True, slots=True)
class WaitLine:
    """How long ``n`` customers waited for a person, in seconds; percentiles None under five of them."""

    label: str
    n: int
    p50: float | None
    p80: float | None
    p95: float | None


@dataclass(frozen=True, slots=True)
class Waits:
    """Waits by week, by hour and in all; ``open_`` still wait, ``never`` ended without a person."""

    total: WaitLine
    weeks: tuple[WaitLine, ...]
    hours: tuple[WaitLine, ...]
    open_: int
    never: int


@dataclass(frozen=True, slots=True)
class Proxy:
    """A sign of over- or under-escalation that nobody judged."""

    name: str
    label: str
    share: Share
    hint: str


def reason_lines(
    counts: Mapping[tuple[date, str], int], mondays: Sequence[date], labels: Mapping[str, str]
) -> list[ReasonLine]:
    """Return a line a reason from (week, reason) → handoffs, the most frequent first."""
    per_week = {monday: sum(n for (week, _), n in counts.items() if week == monday) for monday in mondays}
    last, before = (mondays[-2] if len(mondays) > 1 else None), (mondays[-3] if len(mondays) > 2 else None)
    total = sum(per_week.values())
    lines = []
    for reason in {reason for week, reason in counts if week in per_week}:
        by_week = tuple(counts.get((monday, reason), 0) for monday in mondays)
        lines.append(
            ReasonLine(
                reason=reason,
                label=labels.get(reason, reason),
                share=Share(sum(by_week), total),
                by_week=by_week,
                last=Share(counts.get((last, reason), 0), per_week[last]) if last else Share(0, 0),
                before=Share(counts.get((before, reason), 0), per_week[before]) if before else Share(0, 0),
            )
        )
    return sorted(lines, key=lambda line: (-line.share.part, line.label))
