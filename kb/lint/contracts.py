"""What the linter is told, and what it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True)
class Fix:
    """A safe change: characters ``start``…``end`` of the body become ``text``."""

    label: str
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend. ``line`` counts from 1 in the body, 0 is the title; ``column`` counts from 1."""

    rule: str
    severity: Severity
    line: int
    column: int
    message: str
    fix: Fix | None = None


@dataclass(frozen=True, slots=True)
class Preferred:
    """What to write in place of a word that the voice guide does not want, and why."""

    instead: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """What lies outside the text; None where it is not known, and then is not checked.

    ``anchors``: slug of another article → its anchors. ``rules``: key of an enabled escalation rule → name.
    ``voice``: word or phrase that is not wanted → what is. ``has_audience``: whether somebody is to read it.
    """

    anchors: Mapping[str, frozenset[str]] | None = None
    rules: Mapping[str, str] | None = None
    voice: Mapping[str, Preferred] = field(default_factory=dict)
    has_audience: bool | None = None
