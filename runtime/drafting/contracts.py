"""What goes into a drafted answer and what comes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from kb.contracts import SearchHit

LLM, EXTRACTIVE = "llm", "extractive"
MAX_DROPPED = 12  # sentences that a trace keeps
SHOWN_CHARACTERS = 300  # of each of them

# How the source is told, and what stands above the answer.
SOURCE, MORE, READ_ON = "source", "more", "read_on"
SECTION, FULL = "section", "full"
SOURCE_LINES: Mapping[str, str] = {SOURCE: "Source:", MORE: "More about this:", READ_ON: "Read on:"}


@dataclass(frozen=True, slots=True)
class Voice:
    """What surrounds an answer; nothing in it says anything about the product.

    ``opening_steps`` opens an answer that is a list of steps; where it is empty, ``opening`` does.
    ``heading``: SECTION names the section only, FULL the article too. ``source_line``: a key of SOURCE_LINES.
    """

    opening: str = ""
    opening_steps: str = ""
    closing: str = ""
    heading: str = SECTION
    source_line: str = SOURCE


@dataclass(frozen=True, slots=True)
class Dropped:
    """A sentence that was not kept, and why."""

    text: str
    why: str


@dataclass(frozen=True, slots=True)
class Draft:
    """An answer's words, who drafted them (LLM or EXTRACTIVE), why not the other, and what was left out."""

    reply: str
    by: str = EXTRACTIVE
    why: str = ""
    dropped: tuple[Dropped, ...] = ()
    llm_ms: float | None = None

    def as_json(self) -> dict[str, Any]:
        """Return what a trace keeps: never the reply itself, which is the turn's."""
        shown = [{"text": one.text[:SHOWN_CHARACTERS], "why": one.why} for one in self.dropped[:MAX_DROPPED]]
        told: dict[str, Any] = {"by": self.by, "why": self.why, "dropped": shown}
        if len(self.dropped) > MAX_DROPPED:
            told["dropped_more"] = len(self.dropped) - MAX_DROPPED
        if self.llm_ms is not None:
            told["llm_ms"] = self.llm_ms
        return told


class DraftAnswer(Protocol):
    """Word the answer to ``question`` from the best of ``hits``, until ``deadline`` (of time.monotonic).

    ``url_of`` gives the address of an article that the section links to, by slug.
    """

    def __call__(
        self, question: str, hits: Sequence[SearchHit], *, url_of: Callable[[str], str], deadline: float
    ) -> Draft: ...
