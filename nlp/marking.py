"""A message cut into stretches that show what became of each: kept, dropped, masked, or written out.

Only lays the findings of nlp.ticket_text over the message; decides nothing about what is found.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from nlp.ticket_text import Prepared

Fate = Literal["kept", "dropped", "masked", "expanded"]


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the readable message. ``why`` names what it is; ``instead`` stands in its place, if anything.

    The texts of all stretches, joined, are the readable message.
    """

    fate: Fate
    text: str
    why: str = ""
    instead: str = ""


def marked(message: Prepared) -> tuple[Stretch, ...]:
    """Return the readable message as stretches in its order; of findings within each other, the outer one."""
    text, end = message.readable, 0
    stretches: list[Stretch] = []
    for start, stop, fate, why, instead in sorted(_found(message), key=lambda found: (found[0], -found[1])):
        if start < end:
            continue
        if start > end:
            stretches.append(Stretch("kept", text[end:start]))
        stretches.append(Stretch(fate, text[start:stop], why, instead))
        end = stop
    if end < len(text):
        stretches.append(Stretch("kept", text[end:]))
    return tuple(stretches)


def _found(message: Prepared) -> Iterator[tuple[int, int, Fate, str, str]]:
    for part in message.dropped:
        yield part.start, part.end, "dropped", part.kind, ""
    for span in message.masked:
        yield span.start, span.end, "masked", span.kind, f"[{span.kind}]"
    for match in message.expanded:
        yield match.start, match.end, "expanded", f"“{match.term}” in the glossary", match.expansion
