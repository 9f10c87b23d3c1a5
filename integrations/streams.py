"""Text of an export, bit by bit: encodings, lines that never grow without bound, and rows by their line.

A byte that is no UTF-8 travels as a lone surrogate (PEP 383), so that one bad row spoils no other;
``settled`` then reads that row as Windows-1252 or refuses it. Decides nothing about what a row means.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from integrations.contracts import Rejection, SourceRow, SourceTicket
from integrations.packed import ByteSource

CHUNK_BYTES = 256 * 1024
SNIFFED_BYTES = 400
MAX_ROW_CHARACTERS = 4_000_000  # of one row as it is written in the file
UNPAIRED = "\ud800"
SURROGATES = re.compile("[\ud800-\udfff]")
REAL_CHARACTERS_BEYOND_ASCII = re.compile("[^\x00-\x7f\udc80-\udcff]")
SURROGATE_IN_UTF_8 = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")
BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


class BadRow(ValueError):
    """A row cannot be taken: ``code`` for programs, the message for the person who mends the file."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.rejection = Rejection(code, message)


@dataclass(frozen=True, slots=True)
class Record:
    """One raw row by its line (from 1): a decoded value, or why there is none."""

    line: int
    value: Any = None
    rejection: Rejection | None = None


class TextStream:
    """The text of a file in pieces; BOMs are dropped, UTF-16 and the line ends of old Macs understood."""

    def __init__(self, source: ByteSource) -> None:
        self._source = source
        self._head = source.read(CHUNK_BYTES)
        encoding, mark = _encoding_of(self._head)
        self._head = self._head[mark:]
        errors = "surrogateescape" if encoding == "utf-8" else "surrogatepass"
        self._decoder = codecs.getincrementaldecoder(encoding)(errors=errors)
        self._ended = False
        text = self._decoder.decode(self._head)
        self._only_returns = "\r" in text and "\n" not in text
        self._first: str | None = self._translated(text)

    @property
    def damage(self) -> str:
        """Why the text ended early; empty where it did not."""
        return self._source.damage

    @property
    def head(self) -> str:
        """The first piece, for a look before reading; to be asked for before the first ``read``."""
        return self._first or ""

    def read(self) -> str:
        """Return the next piece, empty only at the end."""
        if self._first:
            first, self._first = self._first, None
            return first
        while not self._ended:
            raw = self._source.read(CHUNK_BYTES)
            self._ended = not raw
            text = self._translated(self._decoded(raw))
            if text:
                return text
        return ""

    def _decoded(self, raw: bytes) -> str:
        try:
            return self._decoder.decode(raw, final=not raw)
        except UnicodeDecodeError:  # half a character of UTF-16 at the very end
            return UNPAIRED

    def _translated(self, text: str) -> str:
        return text.replace("\r", "\n") if self._only_returns else text


def _encoding_of(head: bytes) -> tuple[str, int]:
    """Return the codec and the length of the byte order mark."""
    for mark, encoding in BOMS:
        if head.startswith(mark):
            return encoding, len(mark)
    beginning = head[:SNIFFED_BYTES]
    even, odd = beginning[::2].count(0), beginning[1::2].count(0)
    if max(even, odd) > len(beginning) // 3:  # UTF-16 of mostly Latin letters, its mark missing or damaged
        return ("utf-16-le", 0) if odd > even else ("utf-16-be", 0)
    return "utf-8", 0


def lines(stream: TextStream) -> Iterator[tuple[int, str | None]]:
    """Yield each line with its number, without its line feed; None for one beyond MAX_ROW_CHARACTERS."""
    number = 1
    pieces: list[str] = []
    size = 0
    while chunk := stream.read():
        *whole, rest = chunk.split("\n")
        for piece in whole:
            size += len(piece)
            yield number, None if size > MAX_ROW_CHARACTERS else "".join((*pieces, piece))
            number += 1
            pieces, size = [], 0
        size += len(rest)
        if size <= MAX_ROW_CHARACTERS:
            pieces.append(rest)
        else:
            pieces = []
    if size:
        yield number, None if size > MAX_ROW_CHARACTERS else "".join(pieces)


def settled(text: str) -> str:
    """Return the text of a row with bytes that were no UTF-8 read as Windows-1252; raises BadRow."""
    if text.isascii() or SURROGATES.search(text) is None:
        return text
    try:
        raw = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise BadRow("bad_text", "The row holds half of a surrogate pair.") from error
    if REAL_CHARACTERS_BEYOND_ASCII.search(text) or SURROGATE_IN_UTF_8.search(raw):
        raise BadRow("bad_encoding", "The row mixes UTF-8 with bytes that are none. Save the file as UTF-8.")
    try:
        return raw.decode("cp1252")
    except UnicodeDecodeError as error:
        raise BadRow(
            "bad_encoding", "The row is neither UTF-8 nor Windows-1252. Save the file as UTF-8."
        ) from error


def too_long() -> Rejection:
    """Return why a row beyond the limit is not taken."""
    return Rejection("row_too_long", f"The row is longer than {MAX_ROW_CHARACTERS:,} characters.")


def normalised(record: Record, normalise: Callable[[Any], SourceTicket]) -> SourceRow:
    """Turn a raw row into a ticket, or into the reason why that cannot be done."""
    if record.rejection is not None:
        return SourceRow(record.line, rejection=record.rejection)
    try:
        return SourceRow(record.line, ticket=normalise(record.value))
    except BadRow as error:
        return SourceRow(record.line, rejection=error.rejection)
