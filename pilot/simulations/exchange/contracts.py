"""What a file with scenarios has turned out to hold, for pages and commands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pilot.simulations.script import Script


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What names in a file can mean here: intents (slug → label), actions (slug → label), article titles.

    ``chosen`` are a person's own answers: a name of the file → a slug, or NOTHING to check nothing of it.
    """

    intents: Mapping[str, str] = field(default_factory=dict)
    actions: Mapping[str, str] = field(default_factory=dict)
    titles: tuple[str, ...] = ()
    chosen: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that is not taken, with its line and why."""

    line: int
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Imported:
    """What can be taken, what cannot, names that nobody knows here, and what nothing checks."""

    format: str
    suite: str = ""
    scripts: tuple[Script, ...] = ()
    lines: Mapping[str, int] = field(default_factory=dict)  # scenario → line
    rejected: tuple[Rejected, ...] = ()
    unknown_topics: tuple[str, ...] = ()
    unknown_actions: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()
