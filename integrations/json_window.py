"""A sliding window over JSON text that tells where each value ends, however large the file is.

Does not convert numbers and does not judge what a value holds: that is ``integrations.json_records``'s.
"""

from __future__ import annotations

import json
from typing import Any

from integrations.contracts import Rejection
from integrations.streams import MAX_ROW_CHARACTERS, TextStream, too_long

BLANK = " \t\r\n"
NEAR_END = 16  # longer than any JSON word or escape


class Broken(ValueError):
    """What stands at the window's place is no JSON value that can be taken."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.rejection = Rejection(code, message)


class JsonWindow:
    """A piece of the text from the place ``at`` on; grows at its end, forgets what lies before ``at``."""

    def __init__(self, stream: TextStream) -> None:
        self.text = ""
        self.at = 0
        self.ended = False
        self._stream = stream
        self._line = 1
        self._counted = 0  # up to here line feeds are in _line
        # Numbers and words are not converted: only the end of each value matters here.
        self._decoder = json.JSONDecoder(strict=False, parse_int=len, parse_float=len, parse_constant=len)

    def line(self) -> int:
        """Return the line of ``at``; asked in order of reading."""
        if self.at > self._counted:
            self._line += self.text.count("\n", self._counted, self.at)
            self._counted = self.at
        return self._line

    def fill(self) -> bool:
        """Read about as much again as is there; false at the end of the file."""
        self.line()
        pieces = [self.text[self.at :]]
        wanted = max(1, len(pieces[0]))
        while wanted > 0 and (piece := self._stream.read()):
            pieces.append(piece)
            wanted -= len(piece)
        self.text, self.at, self._counted = "".join(pieces), 0, self._counted - self.at
        self.ended = wanted > 0
        return len(pieces) > 1

    def next_character(self, offset: int = 0) -> tuple[str, int]:
        """Return the next character that is not blank, "" at the end, and its offset from ``at``."""
        while True:
            place = self.at + offset
            while place < len(self.text) and self.text[place] in BLANK:
                place += 1
            offset = place - self.at
            if place < len(self.text):
                return self.text[place], offset
            if offset > MAX_ROW_CHARACTERS:
                self.at, offset = place, 0
            if not self.fill():
                return "", offset

    def value_end(self, offset: int = 0) -> tuple[Any, int]:
        """Return the value at ``at + offset``, roughly decoded, and the offset of its end; raises Broken."""
        while True:
            try:
                value, end = self._decoder.raw_decode(self.text, self.at + offset)
            except RecursionError as error:
                raise Broken("bad_json", "The JSON is nested too deeply.") from error
            except json.JSONDecodeError as error:
                at_end = error.msg.startswith("Unterminated") or error.pos >= len(self.text) - NEAR_END
                problem = f"The row is not valid JSON: {error.msg}."
            else:
                if end < len(self.text) or self.ended:
                    return value, end - self.at
                at_end, problem = True, ""
            if at_end and len(self.text) - self.at - offset > MAX_ROW_CHARACTERS:
                raise Broken("row_too_long", too_long().message)
            if not at_end:
                raise Broken("bad_json", problem)
            if not self.fill() and problem:
                raise Broken("truncated", "The file ends in the middle of this row.")
