"""A score of 1 to 5 for conversations that nobody rated, made of what can be seen, each part shown. Pure.

It is no CSAT, is never mixed with it, and is not made of it either, so that the two can be compared. It
begins with how the conversation ended and takes off for anger and for effort. Where the customer got nothing
from the agent (shadow, corrected) or the end is not known yet, there is no score. Decides nothing: neither
gate nor target reads it.
"""

from __future__ import annotations

from dataclasses import dataclass

from pilot.resolutions import Resolution

LOWEST, HIGHEST, GOOD = 1.0, 5.0, 4.0
BEGINS_WITH = {
    Resolution.CONFIRMED: (5.0, "the customer said that it helped"),
    Resolution.ASSUMED: (4.0, "answered, silent since"),
    Resolution.ESCALATED: (3.0, "a person had to take over"),
    Resolution.ABANDONED: (2.0, "left without an answer"),
    Resolution.WITHDRAWN: (1.0, "came back, rated badly or found wrong"),
}
MANY_MESSAGES = 4  # from so many of the customer's on it is an effort
FORMULA = (
    "5 confirmed, 4 assumed, 3 escalated, 2 abandoned, 1 withdrawn; −1 where the customer was angry, −0.5 "
    "for two or more clarifying questions, −0.5 for the same wish repeated, −0.5 for "
    f"{MANY_MESSAGES} or more messages; never under 1"
)


@dataclass(frozen=True, slots=True)
class Signs:
    """What was seen of a conversation, by turns."""

    messages: int
    clarifications: int = 0
    repeats: int = 0  # further answered turns with the same intent
    angry: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """One reason of a score, and what it gives or takes."""

    points: float
    why: str


@dataclass(frozen=True, slots=True)
class Inferred:
    """A score with its parts; they add up to it, unless it would be under 1."""

    score: float
    parts: tuple[Part, ...]

    def __str__(self) -> str:
        return ", ".join(f"{part.points:+g} {part.why}".replace("-", "−") for part in self.parts)


def inferred_of(resolution: Resolution, signs: Signs) -> Inferred | None:
    """Return the score of a conversation; None where nothing can be said."""
    begins = BEGINS_WITH.get(resolution)
    if begins is None:
        return None
    parts = [Part(*begins)]
    if signs.angry:
        parts.append(Part(-1.0, "angry"))
    if signs.clarifications >= 2:
        parts.append(Part(-0.5, f"{signs.clarifications} clarifying questions"))
    if signs.repeats:
        parts.append(Part(-0.5, "the same wish again"))
    if signs.messages >= MANY_MESSAGES:
        parts.append(Part(-0.5, f"{signs.messages} messages"))
    score = sum(part.points for part in parts)
    return Inferred(min(max(score, LOWEST), HIGHEST), tuple(parts))
