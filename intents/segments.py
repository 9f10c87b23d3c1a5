"""Two wishes in one message: cut it at sentence ends and conjunctions, and see what the parts mean.

A cut is only believed when each side on its own is clearly an intent, and another one than its neighbour's.
What is not clear on its own ("thanks", "please help") belongs to the part before it. Quotations are never
cut, nor is a pair of single words ("terms and conditions"). CLEAR and OF_THE_WHOLE were chosen on the valid
splits of BANKING77 and CLINC150 (docs/adr/0008). Does not decide what is done with the parts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from intents.contracts import Segment

MAX_PARTS = 6  # of a longer message the last part holds the rest
LOOKED_AT = 1000  # characters in which cuts are looked for
CLEAR = 0.6  # least confidence of a part, where the threshold is not higher still
OF_THE_WHOLE = 0.85  # least confidence of every part, as a share of the whole message's
PAIR_WORDS = 3  # words on both sides of a bare "and" from which they are more than a pair of nouns

_SPACE = re.compile(r"\s+")
_QUOTED = re.compile(r"\"[^\"]*\"|“[^“”]*”|«[^«»]*»|(?<!\w)'[^']*'(?!\w)")
_CUT = re.compile(  # white space is one character by then
    r"(?P<strong>(?<=[.!?])\s|[;\n]\s?"
    r"|[,.]?\s(?:and|but)\s(?:also|then|additionally|secondly)\s|[,.]\s(?:also|plus|besides)[,\s]\s?"
    r"|\s(?:also|plus|as\swell\sas)\s)"
    r"|(?P<weak>,?\s(?:and|&)\s)",
    re.IGNORECASE,
)
_WORD = re.compile(r"\w+(?:['’]\w+)*")


class Judged(Protocol):
    """What is needed of a prediction."""

    @property
    def label(self) -> str: ...
    @property
    def confidence(self) -> float: ...
    @property
    def is_fallback(self) -> bool: ...


def parts(text: str) -> list[str]:
    """Return the parts of ``text`` that may be wishes of their own, in order; one where nothing can be cut.

    Conjunctions are in none of the parts.
    """
    text = _SPACE.sub(lambda m: "\n" if "\n" in m[0] else " ", text.strip())
    quoted = [m.span() for m in _QUOTED.finditer(text, 0, LOOKED_AT)]
    found: list[str] = []
    begin = 0
    for cut in _CUT.finditer(text, 0, LOOKED_AT):
        if len(found) == MAX_PARTS - 1:
            break
        if any(first < cut.start() and cut.end() < last for first, last in quoted):
            continue
        left = len(_WORD.findall(text[begin : cut.start()]))
        right = len(_WORD.findall(text[cut.end() : LOOKED_AT]))
        if left and right and (cut["strong"] is not None or left + right >= PAIR_WORDS):
            found.append(text[begin : cut.start()].strip())
            begin = cut.end()
    return [*found, text[begin:].strip()]


def segments(
    text: str, whole: Judged, predict: Callable[[Sequence[str]], Sequence[Judged]]
) -> tuple[Segment, ...]:
    """Return the parts of ``text`` that have different intents, at least two, or nothing.

    ``whole`` is the prediction for the whole text, ``predict`` gives those for the parts.
    """
    pieces = parts(text)
    if len(pieces) < 2:
        return ()
    found: list[Segment] = []
    unclear = ""
    for piece, judged in zip(pieces, predict(pieces), strict=True):
        clear = not judged.is_fallback and judged.confidence >= CLEAR
        if not clear and found:
            found[-1] = replace(found[-1], text=f"{found[-1].text} {piece}")
        elif not clear:
            unclear = f"{unclear}{piece} "
        elif found and found[-1].intent == judged.label:
            last = found[-1]
            found[-1] = Segment(f"{last.text} {piece}", last.intent, max(last.confidence, judged.confidence))
        else:
            found.append(Segment(f"{unclear}{piece}", judged.label, judged.confidence))
            unclear = ""
    if (
        len({s.intent for s in found}) < 2
        or min(s.confidence for s in found) < OF_THE_WHOLE * whole.confidence
    ):
        return ()
    return tuple(found)
