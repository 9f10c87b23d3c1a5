"""Tell the customer's own words from what a mail carries along: quotes, signatures, disclaimers, courtesies.

Takes plain text (``nlp.cleaning``). Every dropped stretch is named and placed, so that a page can show it.
Decides nothing about personal data (``nlp.redaction``); what a quote is, is in ``nlp.mail_quotes``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from nlp import mail_phrases as phrases
from nlp.edits import Tracked
from nlp.mail_quotes import quoted_lines

Kind = Literal["quote", "signature", "disclaimer", "greeting", "closing"]

MAX_SIGNATURE_LINES = 12
MAX_ROUNDS = 10  # a dropped quote may bring a second greeting to the top, hardly ever a third
LAST_SENTENCE = re.compile(r"(?:(?<=[.!?…):])|\s?[,;–-])\s+(?=[^\s.!?…)])")
FIRST_SIGNATURE_LINE = re.compile(rf"{phrases.NAMES}(?:[,.]?|(?: ?[|,•·/]| [–-]) .{{1,60}})")


@dataclass(frozen=True, slots=True)
class Part:
    """Characters ``start``…``end`` of the message that are not the customer's own words, and why."""

    kind: Kind
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Split:
    """The customer's ``own`` words: the message without the ``dropped`` parts, which are in order and apart.

    ``only_quote``: the customer wrote nothing; then ``own`` is empty.
    """

    own: str
    dropped: tuple[Part, ...]
    only_quote: bool


class _Line:
    """A line while it is being read: a greeting moves ``start``, a closing moves ``end``."""

    __slots__ = ("end", "kind", "start")

    def __init__(self, start: int, end: int) -> None:
        self.start, self.end = start, end
        self.kind: Kind | None = None


def split(text: str) -> Split:
    """Return the customer's own words and what was dropped around them; splitting those again drops nothing.

    A message of courtesies only is kept ("Thanks!"); one that only quotes has no own words.
    """
    tracked = Tracked(text)
    dropped: list[Part] = []
    for _ in range(MAX_ROUNDS):
        parts = _parts(tracked.text)
        if not parts:
            break
        dropped += [Part(part.kind, *tracked.original(part.start, part.end)) for part in parts]
        tracked.apply([(part.start, part.end, "") for part in parts])
    kept = _merged(sorted(dropped, key=lambda part: part.start), text)
    return Split(tracked.text, kept, only_quote=bool(kept) and not tracked.text.strip())


def _parts(text: str) -> list[Part]:
    lines, start = [], 0
    for row in text.split("\n"):
        lines.append(_Line(start, start + len(row)))
        start += len(row) + 1
    for line, is_quoted in zip(
        lines, quoted_lines([text[line.start : line.end] for line in lines]), strict=True
    ):
        line.kind = "quote" if is_quoted else None
    own = [line for line in lines if line.kind is None and text[line.start : line.end].strip()]
    has_quote = len(own) < sum(1 for line in lines if line.start < line.end)
    spans: list[Part] = []
    _tail(text, own, spans)
    _head(text, own, spans)
    left = [line for line in own if line.kind is None and text[line.start : line.end].strip()]
    if not left and not (has_quote and all(line.kind in ("signature", "disclaimer") for line in own)):
        spans.clear()
        for line in own:
            line.kind = None
    spans += [Part(line.kind, line.start, line.end) for line in lines if line.kind is not None]
    return _widened(_merged(sorted(spans, key=lambda part: part.start), text), text)


def _tail(text: str, own: list[_Line], spans: list[Part]) -> None:
    """Name what follows the message from its end upwards: disclaimers, devices, signatures, closings."""
    after = next(
        (i for i in range(max(1, len(own) - 8), len(own)) if phrases.POSTSCRIPT.match(text, own[i].start)),
        len(own),
    )
    rest = own[:after]
    while rest:
        size = (
            _disclaimer(text, rest)
            or _device(text, rest)
            or _dashes(text, rest)
            or _sign_off(text, rest, spans)
            or _contact_block(text, rest)
        )
        if not size:
            break
        del rest[len(rest) - max(size, 0) :]  # a farewell cut from the end of a line takes no line away


def _disclaimer(text: str, rest: list[_Line]) -> int:
    """Return the number of last lines that are legal small print; the first line of a message never is."""
    for number in range(len(rest) - 1, max(0, len(rest) - 1 - MAX_SIGNATURE_LINES), -1):
        if phrases.DISCLAIMER.match(text, rest[number].start, rest[number].end):
            return _name(rest, number, "disclaimer")
        if "\n\n" in text[rest[number - 1].end : rest[number].start + 1]:
            break
    return 0


def _device(text: str, rest: list[_Line]) -> int:
    last = rest[-1]
    return _name(
        rest,
        len(rest) - 1 if phrases.DEVICE.fullmatch(text, last.start, last.end) else len(rest),
        "signature",
    )


def _dashes(text: str, rest: list[_Line]) -> int:
    for number in range(len(rest) - 1, max(-1, len(rest) - 1 - MAX_SIGNATURE_LINES), -1):
        if phrases.DASHES.fullmatch(text[rest[number].start : rest[number].end].strip()):
            return _name(rest, number, "signature")
    return 0


def _sign_off(text: str, rest: list[_Line], spans: list[Part]) -> int:
    """Return the size of "Best regards," with the name, title and telephone lines below it."""
    for number in range(len(rest) - 1, max(-1, len(rest) - 1 - MAX_SIGNATURE_LINES), -1):
        line = rest[number]
        start = _closing_start(text, line)
        if start is not None:
            below = [text[other.start : other.end] for other in rest[number + 1 :]]
            if not _is_signature(below, has_comma=text[line.start : line.end].endswith(",")):
                return 0
            size = _name(rest, number + 1, "signature")
            if start == line.start:
                line.kind = "closing"
                return size + 1
            spans.append(Part("closing", start, line.end))
            line.end = line.start + len(text[line.start : start].rstrip())
            return size or -1
        if not _is_signature_line(text[line.start : line.end]):
            return 0
    return 0


def _closing_start(text: str, line: _Line) -> int | None:
    """Return where a farewell begins that fills the line or ends it: "It fails. Thanks in advance!"."""
    if phrases.CLOSING.fullmatch(text, line.start, line.end):
        return line.start
    breaks = list(LAST_SENTENCE.finditer(text, max(line.start, line.end - 200), line.end))
    closings = [cut for cut in breaks[-3:] if phrases.CLOSING.fullmatch(text, cut.end(), line.end)]
    return closings[0].start() if closings else None


def _contact_block(text: str, rest: list[_Line]) -> int:
    """Return the size of a last paragraph of a name and ways to reach it, closed by no words of farewell."""
    number = len(rest) - 1
    while number and "\n\n" not in text[rest[number - 1].end : rest[number].start + 1]:
        number -= 1
    block = [text[line.start : line.end] for line in rest[number:]]
    is_block = 2 <= len(block) <= 8 and number > 0 and any(phrases.CONTACT.search(line) for line in block)
    if is_block and FIRST_SIGNATURE_LINE.fullmatch(block[0]) and all(map(_is_signature_line, block)):
        return _name(rest, number, "signature")
    return 0


def _is_signature(lines: list[str], *, has_comma: bool) -> bool:
    if not lines:
        return True
    is_name = FIRST_SIGNATURE_LINE.fullmatch(lines[0]) or phrases.CONTACT.search(lines[0])
    is_first_name = has_comma and re.fullmatch(rf"{phrases.LETTER}{{2,20}}\.?", lines[0])
    return bool(is_name or is_first_name) and all(map(_is_signature_line, lines))


def _is_signature_line(line: str) -> bool:
    return len(line) <= 90 and not phrases.SENTENCE.search(line)


def _head(text: str, own: list[_Line], spans: list[Part]) -> None:
    """Name the greetings and pleasantries with which the message begins."""
    is_greeted = False
    for line in own:
        if line.kind is not None:
            return
        while line.start < line.end:
            match = (
                phrases.GREETING.match(text, line.start, line.end)
                or phrases.GREETING_LINE.match(text, line.start, line.end)
                or (phrases.PLEASANTRY.match(text, line.start, line.end) if is_greeted else None)
            )
            if match is None:
                return
            is_greeted = True
            spans.append(Part("greeting", line.start, match.end()))
            line.start = match.end()


def _name(rest: list[_Line], first: int, kind: Kind) -> int:
    for line in rest[first:]:
        line.kind = kind
    return len(rest) - first


def _merged(parts: list[Part], text: str) -> tuple[Part, ...]:
    """Join neighbours of one kind with nothing but white space between them; empty parts vanish."""
    merged: list[Part] = []
    for part in parts:
        last = merged[-1] if merged else None
        if last is not None and last.kind == part.kind and not text[last.end : part.start].strip():
            merged[-1] = Part(part.kind, last.start, max(last.end, part.end))
        elif part.end > part.start:
            merged.append(part)
    return tuple(merged)


def _widened(parts: tuple[Part, ...], text: str) -> list[Part]:
    """Let the parts take the white space around them, so that what is left reads as if they never were."""
    wide: list[Part] = []
    starts_line: list[bool] = []
    for number, part in enumerate(parts):
        end, limit = part.end, parts[number + 1].start if number + 1 < len(parts) else len(text)
        previous = wide[-1].end if wide else 0
        starts_line.append(part.start == previous or text[part.start - 1] == "\n")
        while starts_line[-1] and end < limit and text[end].isspace():
            end += 1
        wide.append(Part(part.kind, part.start, end))
    tail: int | None = len(text)  # from here on everything is dropped
    for number in range(len(wide) - 1, -1, -1):
        part, start, floor = wide[number], wide[number].start, wide[number - 1].end if number else 0
        is_last = tail is not None and not text[part.end : tail].strip()
        while (is_last or not starts_line[number]) and start > floor and text[start - 1].isspace():
            start -= 1
        wide[number] = Part(part.kind, start, part.end)
        tail = start if is_last else None
    return wide
