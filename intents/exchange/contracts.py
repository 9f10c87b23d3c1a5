"""What a file of phrasings says, row by row. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

CSV, RASA, DIALOGFLOW = "csv", "rasa", "dialogflow"
SOURCES = (CSV, RASA, DIALOGFLOW)
MAX_PHRASINGS = 20_000


@dataclass(frozen=True, slots=True)
class Phrasing:
    """One phrasing of a file: ``label`` as the file names its intent, ``where`` it stands.

    ``origin`` is empty where the file does not say; ``source_ref`` names the ticket or review.
    """

    text: str
    label: str
    where: str
    origin: str = ""
    source_ref: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """A place that could not be read, and why."""

    where: str
    message: str
    text: str = ""


@dataclass(slots=True)
class Reading:
    """All that a file holds: phrasings, places that could not be read, and what was left out by kind."""

    phrasings: list[Phrasing] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    ignored: Counter[str] = field(default_factory=Counter)
