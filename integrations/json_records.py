"""Split JSON exports into records bit by bit: JSON lines, arrays, envelopes, and several of these in a row.

A record is found with the standard library's scanner over a sliding window, then decoded strictly. After a
broken one the reader looks for the next thing that is a record by its fields: one bad row costs one row.
Decides nothing about what a record means: ``is_record`` is the adapter's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from typing import Any, Literal

from core.api import strict_json
from integrations.contracts import Rejection
from integrations.json_window import Broken, JsonWindow
from integrations.streams import MAX_ROW_CHARACTERS, BadRow, Record, TextStream, lines, settled, too_long

MAX_VALUES = 200_000  # in one record
MAX_RECOVERY_TRIES = 20_000  # in a row: recovery costs more than reading
SNIFFED_CHARACTERS = 64_000
SNIFFED_LINES = 20
ANY_OBJECT = re.compile(r'\{\s*"')
FIRST_KEY = re.compile(r'\{\s*"(?:[^"\\]|\\.){0,100}"\s*:')
OVERLAP = 1000  # characters kept when a search goes on in the next piece
ALIKE = 0.8  # of the keys that two records share

IsRecord = Callable[[Any], bool]


def json_records(stream: TextStream, *, keys: Collection[str], is_record: IsRecord) -> Iterator[Record]:
    """Yield the records of a file; in an envelope they are the list under one of ``keys``.

    ``is_record`` tells a record from what it contains, by its fields.
    """
    by_line = _is_json_lines(stream.head, keys, is_record)
    line = 1
    for record in (
        _json_lines(stream) if by_line else _Document(JsonWindow(stream), keys, is_record).records()
    ):
        line = record.line
        yield record
    if stream.damage:
        yield Record(line, rejection=Rejection("truncated", stream.damage))


def decoded(line: int, text: str) -> Record:
    """Decode one record strictly; what no database takes is rejected."""
    if len(text) > MAX_ROW_CHARACTERS:
        return Record(line, rejection=too_long())
    try:
        return Record(line, strict_json.loads(settled(text).encode(), max_values=MAX_VALUES))
    except BadRow as error:
        return Record(line, rejection=error.rejection)
    except strict_json.BadJson as error:
        return Record(line, rejection=Rejection("bad_json", str(error)))


def _is_json_lines(head: str, keys: Collection[str], is_record: IsRecord) -> bool:
    head = head.lstrip()
    if head.startswith("["):
        return False
    first, *others = head.split("\n", SNIFFED_LINES)[:SNIFFED_LINES]
    value = decoded(1, first).value
    if isinstance(value, dict):
        lists = {key: item for key, item in value.items() if isinstance(item, list)}
        return not any(key in keys or (item and is_record(item[0])) for key, item in lists.items())
    names = "|".join(map(re.escape, keys))
    if re.search(rf'"(?:{names})"\s*:\s*\[', head[:SNIFFED_CHARACTERS]):
        return False
    return any(isinstance(decoded(1, line).value, dict) for line in others)


def _json_lines(stream: TextStream) -> Iterator[Record]:
    for number, line in lines(stream):
        if line is None:
            yield Record(number, rejection=too_long())
        elif line.strip():
            yield decoded(number, line.strip())


def _holds_its_like(value: Any, is_record: IsRecord) -> bool:
    """Tell a record that lost its end, and so took in the records after it, which have the same fields."""
    if not isinstance(value, dict):
        return False
    inner = [item for item in value.values() if isinstance(item, dict)]
    lists = [item for part in (value, *inner) for item in part.values() if isinstance(item, list)]
    like = len(value) * ALIKE
    return any(
        len(value.keys() & item.keys()) >= like and is_record(item)
        for items in lists
        for item in items
        if isinstance(item, dict)
    )


class _Document:
    """Arrays and envelopes, one after the other."""

    def __init__(self, window: JsonWindow, keys: Collection[str], is_record: IsRecord) -> None:
        self._window = window
        self._keys = keys
        self._is_record = is_record
        self._place: Literal["outside", "list", "after", "members"] = "outside"
        self._start = ANY_OBJECT  # how a record begins; the first good one tells more
        self._tries = 0

    def records(self) -> Iterator[Record]:
        """Yield every record, and one rejection for each stretch of text that is none."""
        window = self._window
        while True:
            character, offset = window.next_character()
            window.at += offset
            if not character:
                break
            try:
                record = self._step(character)
            except Broken as broken:
                yield Record(window.line(), rejection=broken.rejection)
                if not self._recover():
                    if self._tries >= MAX_RECOVERY_TRIES:
                        message = "Too much of the file is broken; it is not read from here on."
                        yield Record(window.line(), rejection=Rejection("unreadable_rest", message))
                    return
            else:
                if record is not None:
                    yield record
        if self._place in ("list", "members"):
            message = "The file ends before its list does; rows are missing."
            yield Record(window.line(), rejection=Rejection("truncated", message))

    def _step(self, character: str) -> Record | None:
        """Read one value or sign; only a record is returned."""
        if self._place == "members":
            self._members()
        elif character == ",":
            self._window.at += 1
            if self._place == "after":
                self._place = "members" if self._window.next_character()[0] == '"' else "outside"
        elif self._place == "after":
            self._window.at += character == "}"
            self._place = "outside"
        elif self._place == "list" and character == "]":
            self._window.at += 1
            self._place = "after"
        elif self._place == "outside" and character == "[":
            self._window.at += 1
            self._place = "list"
        elif self._place == "outside" and character == "{":
            return self._envelope_or_record()
        elif character == "{":
            return self._record()
        else:
            raise Broken("bad_json", "A record is expected here, and there is something else.")
        return None

    def _record(self) -> Record:
        window = self._window
        value, end = window.value_end()
        if _holds_its_like(value, self._is_record):
            raise Broken("bad_json", "A bracket of this row is missing: it runs into the rows after it.")
        text = window.text[window.at : window.at + end]
        record = decoded(window.line(), text)
        if self._start is ANY_OBJECT and self._is_record(value) and (key := FIRST_KEY.match(text)):
            self._start = re.compile(re.escape(key[0]))
        window.at += end
        return record

    def _envelope_or_record(self) -> Record | None:
        """Go into the list of an envelope; an object without such a list is a record itself."""
        offset = 1
        while True:
            character, offset = self._window.next_character(offset)
            if character == ",":
                offset += 1
            elif character != '"':
                return self._record()
            else:
                key, offset = self._key(offset)
                character, offset = self._window.next_character(offset)
                if character == "[" and (key in self._keys or self._lists_records(offset + 1)):
                    self._window.at += offset + 1
                    self._place = "list"
                    return None
                offset = self._window.value_end(offset)[1]
            if offset > MAX_ROW_CHARACTERS:
                raise Broken("row_too_long", too_long().message)

    def _lists_records(self, offset: int) -> bool:
        character, offset = self._window.next_character(offset)
        return character == "{" and self._is_record(self._window.value_end(offset)[0])

    def _members(self) -> None:
        """Pass over one member of an envelope, or leave it; go into a list that is asked for."""
        window = self._window
        character, offset = window.next_character()
        if character in (",", "}"):
            self._place = "members" if character == "," else "outside"
            window.at += offset + 1
            return
        key, offset = self._key(offset)
        character, offset = window.next_character(offset)
        window.at += offset
        if character != "[":
            window.at += window.value_end()[1]
        elif key in self._keys:
            window.at += 1
            self._place = "list"
        else:
            self._pass_list()

    def _pass_list(self) -> None:
        window = self._window
        window.at += 1
        while True:
            character, offset = window.next_character()
            window.at += offset
            if character in (",", "]"):
                window.at += 1
                if character == "]":
                    return
            else:
                window.at += window.value_end()[1]

    def _key(self, offset: int) -> tuple[Any, int]:
        """Return the key at the offset and the offset behind its colon."""
        key, offset = self._window.value_end(offset)
        character, offset = self._window.next_character(offset)
        if not isinstance(key, str) or character != ":":
            raise Broken("bad_json", "The file is not valid JSON: a key and its colon are expected.")
        return key, offset + 1

    def _recover(self) -> bool:
        """Go to the next text that is a record by its fields; false if there is none."""
        window = self._window
        window.at += 1
        while self._tries < MAX_RECOVERY_TRIES:
            found = self._start.search(window.text, window.at)
            if found is None:
                window.at = max(window.at, len(window.text) - OVERLAP)
                if not window.fill():
                    return False
                continue
            window.at = found.start()
            self._tries += 1
            try:
                value, end = window.value_end()
            except Broken:
                window.at += 1
                continue
            if self._is_record(value):
                self._place = "list"
                self._tries = 0
                return True
            window.at += 1 if self._is_envelope(value) else end
        return False

    def _is_envelope(self, value: Any) -> bool:
        lists = value.values() if isinstance(value, dict) else ()
        return any(isinstance(items, list) and any(map(self._is_record, items)) for items in lists)
