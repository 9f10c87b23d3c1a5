"""Replay the cases of a window under two rule sets: figures, what each rule decided, the flips, a digest.

Reads through the port, keeps nothing. The digest is the same for the same rules, settings and cases. Decides
nothing about who may run it and what is kept (escalation.backtest.running).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from core import jobs
from core.errors import InvalidInput
from escalation.backtest.candidate import digest, rows_digest
from escalation.backtest.cases import TICKET, TURN, Case
from escalation.backtest.figures import (
    SETTLED,
    TO_A_PERSON,
    Assumptions,
    Figures,
    Tally,
    figures_of,
    outcome_of,
)
from escalation.backtest.ports import cases_source
from escalation.backtest.replay import Pair, Ruling, replay
from escalation.backtest.rules import Trial

MAX_CASES = 50_000
DEFAULT_MINUTES = 10.0  # of a person an escalation, where no handoff says it
MAX_MINUTES = 600.0
DAYS, MAX_DAYS = 90, 365
REPORT_EVERY = 2_000
KINDS = (TURN, TICKET)

Show = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run is made with; ``kinds`` are turns, tickets or both."""

    days: int = DAYS
    minutes: float = DEFAULT_MINUTES
    questions: str = TO_A_PERSON
    kinds: tuple[str, ...] = KINDS

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Settings:
        """Return settings as ``dataclasses.asdict`` and JSON have left them."""
        return cls(**{**stored, "kinds": tuple(stored["kinds"])})

    @property
    def assumed(self) -> Assumptions:
        """What the figures take for granted."""
        return Assumptions(self.minutes, self.questions)

    def check(self) -> None:
        """Raise InvalidInput where a setting cannot be meant."""
        if not 1 <= self.days <= MAX_DAYS:
            raise InvalidInput(f"Choose 1 to {MAX_DAYS} days.", code="bad_days")
        if not 0 <= self.minutes <= MAX_MINUTES:
            raise InvalidInput(f"An escalation takes 0 to {MAX_MINUTES:.0f} minutes.", code="bad_minutes")
        if self.questions not in (TO_A_PERSON, SETTLED) or not self.kinds or set(self.kinds) - set(KINDS):
            raise InvalidInput(
                "Choose turns, tickets or both, and where questions lead.", code="bad_settings"
            )


@dataclass(slots=True)
class Result:
    """What a replay has found, before it is kept."""

    before: Figures
    after: Figures
    rules: list[dict[str, Any]]
    flips: list[Pair]
    flip_counts: dict[str, int]
    facts_digest: str
    kinds: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return everything but the flips themselves."""
        return {
            "before": self.before.as_json(),
            "after": self.after.as_json(),
            "rules": self.rules,
            "flips": self.flip_counts,
            "kinds": self.kinds,
        }


@dataclass(frozen=True, slots=True)
class Done:
    """A replay that is over; ``digest`` covers all that follows from rules, settings and cases."""

    before: Figures
    after: Figures
    flips: tuple[Pair, ...]
    content: dict[str, Any]
    digest: str


def default_minutes() -> tuple[float, bool]:
    """Return the minutes of a person an escalation, and whether real handoffs say so."""
    known = cases_source().handling_minutes()
    return (DEFAULT_MINUTES, False) if known is None else (known, True)


def replay_here(
    trial: Trial,
    settings: Settings,
    *,
    read: int = 0,
    progress: jobs.Progress | None = None,
    show: Show | None = None,
) -> Done:
    """Read up to ``read`` tickets that lack facts, then replay every case; nothing of the replay is kept."""
    source = cases_source()
    if TICKET in settings.kinds and read:
        source.read_tickets(days=settings.days, limit=read, progress=progress)
    collected = source.collect(days=settings.days, kinds=settings.kinds, limit=MAX_CASES)

    def tell(done: int, total: int) -> None:
        if progress is not None:
            progress.stop_if_cancelled()
        say = progress or show
        if say is not None:
            say(done, total, "Deciding anew")

    result = replayed(collected.cases, trial, settings.assumed, tell)
    content = {
        **result.as_json(),
        "tickets": {
            "unread": collected.unread,
            "outdated": collected.outdated,
            "left_out": collected.left_out,
        },
    }
    covered = {
        "change": asdict(trial.change),
        "settings": asdict(settings),
        "live": rows_digest(trial.live_rows),
        "candidate": rows_digest(trial.rows),
        "facts": result.facts_digest,
        "content": content,
        "flips": [[p.case.kind, p.case.id, asdict(p.before), asdict(p.after)] for p in result.flips],
    }
    return Done(result.before, result.after, tuple(result.flips), content, digest(covered))


def replayed(
    cases: Sequence[Case],
    trial: Trial,
    assumed: Assumptions,
    tell: Callable[[int, int], None] = lambda done, total: None,
    known: Sequence[Ruling] | None = None,
) -> Result:
    """Replay the cases under both rule sets and return the figures; ``known``: the live rulings."""
    names = {row["id"]: row["name"] for row in (*trial.live_rows, *trial.rows)}
    tallies = (Tally(), Tally())
    by_rule: dict[tuple[int | None, str], list[Tally]] = {}
    flips: list[Pair] = []
    facts: list[str] = []
    for number, pair in enumerate(replay(cases, trial.live, trial.candidate, known), 1):
        for side, ruling in enumerate((pair.before, pair.after)):
            outcome, needed = outcome_of(ruling.action), pair.case.truth.needed
            tallies[side].add(outcome, needed)
            if ruling.action in ("escalate", "clarify"):
                rule = (ruling.rule_id, "" if ruling.rule_id else ruling.reason)
                by_rule.setdefault(rule, [Tally(), Tally()])[side].add(outcome, needed)
        if pair.is_flipped:
            flips.append(pair)
        facts.append(digest([pair.case.kind, pair.case.id, asdict(pair.case.facts), asdict(pair.case.truth)]))
        if number % REPORT_EVERY == 0 or number == len(cases):
            tell(number, len(cases))
    before, after = (figures_of(tally, assumed) for tally in tallies)
    order = {row["id"]: place for place, row in enumerate((*trial.rows, *trial.live_rows))}
    ranked = sorted(by_rule, key=lambda rule: (rule[0] is None, order.get(rule[0] or 0, 0), rule[1]))
    return Result(
        before=before,
        after=after,
        rules=[_rule_line(rule, names, by_rule[rule]) for rule in ranked],
        flips=flips,
        flip_counts=dict(sorted(Counter(f"{p.before.action}>{p.after.action}" for p in flips).items())),
        facts_digest=digest(facts),
        kinds=dict(sorted(Counter(case.kind for case in cases).items())),
    )


def _rule_line(
    rule: tuple[int | None, str], names: Mapping[int, str], sides: Sequence[Tally]
) -> dict[str, Any]:
    """Return what one rule decided under both sets: how often, and how often the truth is known."""
    rule_id, reason = rule
    every = ("answered", "asked", "escalated")
    line: dict[str, Any] = {"rule_id": rule_id, "name": names.get(rule_id or 0, ""), "reason": reason}
    for name, tally in zip(("before", "after"), sides, strict=True):
        right, wrong = tally.of(every, True), tally.of(every, False)
        line[name] = {"fires": tally.of(every), "needed": right, "known": right + wrong}
    return line
