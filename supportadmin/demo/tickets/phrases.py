"""Read the written material of the demo's tickets: categories, their scenarios, and what people say.

Decides nothing about which ticket gets which words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import yaml

from supportadmin.demo.content import read_intents

FOLDER = Path(__file__).parent / "phrases"
STEP = re.compile(r"^(?P<who>[ACNMT])(?:\?(?P<percent>\d{0,2}))?: (?P<rest>.+)$")

ResolutionPath = Literal["information", "action", "engineering", "specialist", "no_reply", "self_solved"]
Outcome = Literal["not_escalated", "reassigned", "escalated"]
OUTCOME_OF_PATH: dict[str, Outcome] = {"engineering": "escalated", "specialist": "escalated"}


@dataclass(frozen=True, slots=True)
class Step:
    """One turn of a thread; ``who``: A agent, M macro, N note, C customer, T customer's thanks."""

    who: str
    percent: int  # how often it happens
    variants: tuple[str, ...]  # of a macro: its name


@dataclass(frozen=True, slots=True)
class Thread:
    """How a ticket goes on after the customer's first message, and how it truly ends."""

    path: ResolutionPath
    outcome: Outcome
    weight: float
    flags: frozenset[str]
    group: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Scenario:
    """One thing customers write about within a category; ``refs`` are the tickets that intents point at."""

    name: str
    weight: float
    season: str
    refs: tuple[str, ...]
    subjects: tuple[str, ...]
    openings: tuple[str, ...]
    threads: tuple[Thread, ...]


@dataclass(frozen=True, slots=True)
class Category:
    """A true category: ``share`` in per cent, how the help desk files it, what the audit should say."""

    slug: str
    label: str
    share: float
    kind: str
    tags: tuple[str, ...]
    right_label: str
    flags: frozenset[str]
    articles: tuple[str, ...]  # that answer it; none: a gap
    context: tuple[str, ...]
    season: str
    last_days: int | None  # comes up only in the last so many days
    self_solved: tuple[str, ...]
    self_solved_percent: float
    no_reply_percent: float
    scenarios: tuple[Scenario, ...]


@lru_cache
def categories() -> dict[str, Category]:
    """Return all categories by slug."""
    rows = (_read(path) for path in sorted(FOLDER.glob("[!_]*.yaml")))
    return {row["slug"]: _category(row) for row in rows}


@lru_cache
def common() -> dict[str, Any]:
    """Return what all categories share; blocks of text are tuples of lines."""
    found: dict[str, Any] = _blocks(_read(FOLDER / "_common.yaml"))
    return found


@lru_cache
def referenced_texts() -> dict[str, str]:
    """Return the customers' words that the demo's intents say come from a ticket, by the ticket's id."""
    return {
        example["source_ref"]: example["text"]
        for intent in read_intents()
        for example in intent["examples"]
        if example.get("source_ref")
    }


@lru_cache
def scenario_of_ref() -> dict[str, tuple[Category, Scenario]]:
    """Return where each ticket that intents point at belongs."""
    return {
        ref: (category, scenario)
        for category in categories().values()
        for scenario in category.scenarios
        for ref in scenario.refs
    }


def lines(block: str) -> tuple[str, ...]:
    """Return the variants of a block, one a line; ``\\n`` stands for a line break within one."""
    return tuple(line.strip().replace("\\n", "\n") for line in block.splitlines() if line.strip())


def _category(row: dict[str, Any]) -> Category:
    solved = row.get("self_solved", {})
    return Category(
        slug=row["slug"],
        label=row["label"],
        share=row["share"],
        kind=row["kind"],
        tags=tuple(row["tags"]),
        right_label=row["right_label"],
        flags=frozenset(row["flags"]),
        articles=tuple(row["articles"]),
        context=tuple(row["context"]),
        season=row.get("season", ""),
        last_days=row.get("last_days"),
        self_solved=lines(solved.get("customer", "")),
        self_solved_percent=solved.get("weight", 0),
        no_reply_percent=row.get("no_reply", 0),
        scenarios=tuple(_scenario(scenario) for scenario in row["scenarios"]),
    )


def _scenario(row: dict[str, Any]) -> Scenario:
    return Scenario(
        name=row["name"],
        weight=row["weight"],
        season=row.get("season", ""),
        refs=tuple(row.get("refs", ())),
        subjects=lines(row["subjects"]),
        openings=lines(row["openings"]),
        threads=tuple(_thread(thread) for thread in row["threads"]),
    )


def _thread(row: dict[str, Any]) -> Thread:
    return Thread(
        path=row["path"],
        outcome=row.get("outcome") or OUTCOME_OF_PATH.get(row["path"], "not_escalated"),
        weight=row["weight"],
        flags=frozenset(row.get("flags", ())),
        group=row.get("group", ""),
        steps=tuple(_step(line) for line in lines(row["steps"])),
    )


def _step(line: str) -> Step:
    match = STEP.match(line)
    if match is None:
        raise ValueError(f"Not a step of a thread: {line}")
    who, percent = match["who"], match["percent"]
    often = 100 if percent is None else int(percent or 50)
    variants = (match["rest"],) if who == "M" else tuple(match["rest"].split(" || "))
    return Step(who, 55 if who == "T" else often, variants)


def _blocks(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _blocks(inner) for key, inner in value.items()}
    return lines(value) if isinstance(value, str) else value


def _read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content
