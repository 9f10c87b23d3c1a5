"""Split CSV into rows of cells without reading it whole, and without letting one stray quote eat the rest.

A row whose quotes do not close, or that took in lines and then has the wrong number of cells, is rejected by
its first line alone; the lines after it are read again by themselves. Does not know what columns mean.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator

from core.errors import InvalidInput
from integrations.contracts import Rejection
from integrations.streams import MAX_ROW_CHARACTERS, BadRow, Record, TextStream, lines, settled, too_long

MAX_COLUMNS = 1000
MAX_ROW_LINES = 5000  # of one row with line ends inside quotes
DELIMITERS = (",", ";", "\t", "|")

csv.field_size_limit(MAX_ROW_CHARACTERS)  # of the process; lines are bounded before they come to csv

Line = tuple[int, str | None]


def csv_records(stream: TextStream, *, delimiter: str = "") -> Iterator[Record]:
    """Yield the header (line and cells), then every row that is not blank; InvalidInput for no header."""
    head = stream.head
    source = _Lines(lines(stream))
    delimiter = delimiter or _named_delimiter(source) or _sniffed(head)
    header = next(_rows(source, delimiter, None), None)
    if header is None:
        raise InvalidInput("The file is empty.", code="empty_file")
    if header.rejection is not None:
        raise InvalidInput(f"The header cannot be read. {header.rejection.message}", code="bad_header")
    yield header
    line = header.line
    for record in _rows(source, delimiter, len(header.value)):
        line = record.line
        yield record
    if stream.damage:
        yield Record(line, rejection=Rejection("truncated", stream.damage))


class _Lines:
    """Lines of the file that can be put back."""

    def __init__(self, source: Iterator[Line]) -> None:
        self._source = source
        self._back: deque[Line] = deque()

    def __iter__(self) -> Iterator[Line]:
        return self

    def __next__(self) -> Line:
        return self._back.popleft() if self._back else next(self._source)

    def put_back(self, taken: list[Line]) -> None:
        self._back.extendleft(reversed(taken))


def _rows(source: _Lines, delimiter: str, width: int | None) -> Iterator[Record]:
    """Yield the rows; with a ``width`` (number of columns), all must have it."""
    for line in source:
        number, text = line
        if text is None:
            yield Record(number, rejection=too_long())
        elif text.strip():
            taken = [line]
            try:
                cells = _cells(taken, source, delimiter, width)
            except BadRow as bad:
                source.put_back(taken[1:])
                yield Record(number, rejection=bad.rejection)
            else:
                if any(cell.strip() for cell in cells):
                    yield Record(number, cells)


def _cells(taken: list[Line], source: _Lines, delimiter: str, width: int | None) -> list[str]:
    """Return the cells of the row that begins with ``taken``; further lines it takes are added there."""
    try:
        cells: list[str] = next(csv.reader(_fed(taken, source), delimiter=delimiter, strict=True))
    except csv.Error as error:
        if "unexpected end" in str(error):
            raise BadRow("bad_quotes", "A quote is opened and never closed; is the row cut off?") from error
        raise BadRow("bad_quotes", f"The row's quotes or line ends are wrong: {error}.") from error
    if len(cells) > MAX_COLUMNS:
        raise BadRow("too_many_columns", f"The row has more than {MAX_COLUMNS} columns.")
    if width is not None and len(cells) != width:
        raise BadRow("wrong_columns", f"The row has {len(cells)} columns, the header {width}.")
    if any("\x00" in cell for cell in cells):
        raise BadRow("bad_text", "The row holds a NUL character.")
    return [settled(cell) for cell in cells]


def _fed(taken: list[Line], source: _Lines) -> Iterator[str]:
    """Feed the reader line by line; ends where a row grows beyond the limits, which then is an open quote."""
    size = 0
    text = taken[0][1]
    while text is not None:
        yield text + "\n"
        size += len(text)
        if size > MAX_ROW_CHARACTERS or len(taken) >= MAX_ROW_LINES:
            return
        line = next(source, None)
        if line is None:
            return
        taken.append(line)
        text = line[1]


def _named_delimiter(source: _Lines) -> str:
    """Take Excel's first line ``sep=;`` away, and return what it names."""
    first = next(source, None)
    if first is None:
        return ""
    text = (first[1] or "").strip("\r")
    if len(text) == 5 and text.lower().startswith("sep="):
        return text[4]
    source.put_back([first])
    return ""


def _sniffed(head: str) -> str:
    """Return the delimiter that the header has most of, outside quotes; a comma where there is none."""
    header = next((line for line in head.split("\n") if line.strip()), "")
    outside = "".join(header.split('"')[::2])
    return max(DELIMITERS, key=outside.count)
