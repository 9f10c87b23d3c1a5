"""Exports of nine closed tickets with something wrong in them, the same ones for the same seed.

A ``Mutated`` knows which tickets were not touched. Ids differ in every digit, so that a flipped bit makes no
ticket of another one.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.integrations.exports import (
    CREATED,
    CREATED_EPOCH,
    CSV_HEADER,
    UPDATED,
    csv_row,
    freshdesk_ticket,
    intercom_conversation,
    zendesk_ticket,
)

NUMBERS = tuple(111_111 * digit for digit in range(1, 10))
MAKERS = {"zendesk": zendesk_ticket, "freshdesk": freshdesk_ticket, "intercom": intercom_conversation}
FORMS = [(name, form) for name in MAKERS for form in ("lines", "array", "envelope")] + [("csv", "csv")] * 3
LINE_FORMS = ("lines", "csv")
ENVELOPES = {"zendesk": "tickets", "freshdesk": "tickets", "intercom": "conversations"}
OPENINGS = {"lines": "", "array": "[", "envelope": '{{"count": 9, "{key}": [', "csv": ""}
ENDINGS = {"lines": "", "array": "]", "envelope": '], "next_page": null}', "csv": ""}
SUBJECT = "Größe – naïve café"
HUGE = (10**20, -(10**40), 10**400, 1e308, 2**31, 2**63, -1, 0, "9" * 5_000, "1e999", "-0", "٣")
ODD_TEXTS = (
    *("", " ", "\x00", "a\x00b", "\ud800", "x\udfff", "\u202e", "\ufeff", "\x1f", "\x85", "\u2028", "￿"),
    *("=1+1", "<script>", "<" * 3_000, "[" * 3_000, "&#0;&#xD800;&#999999999;", "%s %(a)s {0}", "'--", "\\"),
    *(
        "a" * 5_000,
        "\n" * 500,
        "\t\r\n",
        "İ" * 200,
        "👩‍👩‍👧‍👦" * 50,
        "1" * 101,
        "a@b.co " * 300,
        "null",
        "NaN",
    ),
)
ODD_DATES = (
    *(
        "31st of May",
        "2026-02-30T10:00:00Z",
        "0000-00-00",
        "9999-12-31T23:59:59Z",
        "1989-12-31T23:59:59-14:00",
    ),
    *("2026-03-02T09:00:00+99:99", "2026-03-02T25:00:00Z", "10000-01-01", "now", "\x00", "1772442000", "-1"),
    *(1e300, -(10**12), 10**18, True, [], {}, "2100-12-31T23:59:59-23:59", "2026-03-02T09:00:00.1234567891Z"),
)
ODD_CHUNKS = (
    *(
        b'"',
        b'""',
        b"\n",
        b"\r\n",
        b"\r",
        b"{",
        b"}",
        b"]",
        b"[",
        b'",',
        b"\\",
        b"\\u",
        b"\x00",
        b"},{",
        b"'",
    ),
    *(
        b'"]},{"id": 1,',
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\xed\xa0\x80",
        b"\xc3",
        b"\xe2\x80",
        b"\x1a",
        b"\x1f\x8b",
    ),
    *(b"," * 2_000, b"[" * 5_000, b'{"a":' * 3_000, b" " * 70_000, b"9" * 5_000, b"\\ud800", b";", b"\t"),
)


@dataclass(slots=True)
class Mutated:
    """An export as bytes; ``untouched`` are the numbers of the tickets that must come in as they were.

    ``may_be_refused``: what was hit is such that the file as a whole can be refused.
    """

    name: str
    form: str
    content: bytes = b""
    untouched: set[int] = field(default_factory=lambda: set(NUMBERS))
    may_be_refused: bool = False
    told: str = ""


def mutated(seed: int) -> Mutated:
    """Return the export of this seed."""
    chance = random.Random(seed)
    name, form = FORMS[seed % len(FORMS)]
    case = Mutated(name, form)
    change = chance.choice(RECORD_CHANGES + BYTE_CHANGES + FILE_CHANGES)
    if change in RECORD_CHANGES:
        parts = _with_record_changed(chance, case, change)
    else:
        parts = [_written(name, _record(name, number)) for number in NUMBERS]
        if change in BYTE_CHANGES:
            _change_bytes(chance, case, change, parts)
    case.content = _joined(case, parts)
    if change in FILE_CHANGES:
        case.content = change(chance, case, case.content)
    packing = _pack(chance, case)
    case.told = f"seed {seed}: {name} {form} {change.__name__} {packing}"
    return case


def clean(name: str, form: str) -> bytes:
    """Return the export with nothing wrong in it."""
    return _joined(Mutated(name, form), [_written(name, _record(name, number)) for number in NUMBERS])


def _record(name: str, number: int) -> Any:
    subject = f"{SUBJECT} {number}"
    if name == "csv":
        return csv_row(number, Subject=subject)
    return MAKERS[name](number, **{"title" if name == "intercom" else "subject": subject})


def _written(name: str, record: Any) -> bytes:
    if name == "csv":
        text = io.StringIO()
        csv.writer(text).writerow(record)
        return text.getvalue().encode("utf-8", "surrogatepass")
    has_half = any(0xD800 <= ord(letter) < 0xE000 for letter in json.dumps(record, ensure_ascii=False))
    return json.dumps(record, ensure_ascii=has_half).encode()


def _joined(case: Mutated, parts: list[bytes]) -> bytes:
    if case.form == "csv":
        return b"".join([_written("csv", CSV_HEADER), *parts])
    if case.form == "lines":
        return b"".join(part + b"\n" for part in parts)
    opening = OPENINGS[case.form].format(key=ENVELOPES[case.name]) if case.form == "envelope" else "["
    return opening.encode() + b", ".join(parts) + ENDINGS[case.form].encode()


def _with_record_changed(chance: random.Random, case: Mutated, change: Callable[..., Any]) -> list[bytes]:
    """Change what one record says; the file stays what it is."""
    records = {number: _record(case.name, number) for number in NUMBERS}
    number = chance.choice(NUMBERS)
    case.untouched.discard(number)
    for _ in range(chance.choice((1, 1, 2))):
        change(chance, records[number])
    case.may_be_refused = change is very_long  # packed, it looks like a bomb
    return [_written(case.name, record) for record in records.values()]


def _places(value: Any, found: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    """Return every place in a record, as container and key."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in list(pairs):
        found.append((value, key))
        _places(item, found)
    return found


def _set(chance: random.Random, record: Any, value: Any) -> None:
    container, key = chance.choice(_places(record, []))
    is_row = isinstance(record, list)
    container[key] = value if not is_row or isinstance(value, str) else str(value)


def swap_type(chance: random.Random, record: Any) -> None:
    """Put something of another type where it does not belong."""
    odd = (
        None,
        True,
        False,
        0,
        1.5,
        "text",
        [],
        {},
        [[]],
        [None],
        [1, "a", {}],
        {"id": {}},
        {"": [""]},
        [[[]]],
    )
    _set(chance, record, chance.choice(odd))


def odd_text(chance: random.Random, record: Any) -> None:
    """Put a text that somebody stumbles over."""
    _set(chance, record, chance.choice(ODD_TEXTS))


def huge_number(chance: random.Random, record: Any) -> None:
    """Put a number beyond what anybody stores."""
    number = chance.choice(HUGE)
    _set(chance, record, number if not isinstance(record, list) else str(number)[:6_000])


def wrong_date(chance: random.Random, record: Any) -> None:
    """Put a moment that is none, or none that a ticket can have."""
    known = (CREATED, UPDATED, CREATED_EPOCH, "02/03/2026 09:00", "03/03/2026 10:00", "03/03/2026 09:00")
    dates = [
        (at, key) for at, key in _places(record, []) if isinstance(at[key], str | int) and at[key] in known
    ]
    container, key = chance.choice(dates or _places(record, []))
    date = chance.choice(ODD_DATES)
    container[key] = date if isinstance(record, dict) else str(date)


def nest_deeply(chance: random.Random, record: Any) -> None:
    """Put brackets into brackets."""
    value: Any = []
    for _ in range(chance.choice((5, 31, 32, 33, 200, 400))):
        value = [value] if chance.random() < 0.5 else {"a": value}
    _set(chance, record, value)


def very_long(chance: random.Random, record: Any) -> None:
    """Put a text about as long as a row may be, or longer."""
    _set(chance, record, chance.choice("a \nü") * chance.choice((70_000, 300_000, 600_000, 4_100_000)))


def many_items(chance: random.Random, record: Any) -> None:
    """Repeat a list within the record, or add columns to a row."""
    if isinstance(record, dict):
        lists = [at[key] for at, key in _places(record, []) if isinstance(at[key], list) and at[key]]
        found = chance.choice(lists)
        found.extend(found[:1] * chance.choice((2, 600, 3_000)))
    else:
        record.extend(["x"] * chance.choice((1, 1_500)))


def lose_field(chance: random.Random, record: Any) -> None:
    """Take a field or a cell away."""
    container, key = chance.choice(_places(record, []))
    del container[key]


def _change_bytes(
    chance: random.Random, case: Mutated, change: Callable[..., bytes], parts: list[bytes]
) -> None:
    """Change the bytes of one record but its line end; in other forms than lines, nothing is promised."""
    at = chance.randrange(len(parts))
    body = parts[at].rstrip(b"\r\n")
    parts[at] = change(chance, body) + parts[at][len(body) :]
    case.may_be_refused = at == 0 or case.form not in LINE_FORMS
    case.untouched.discard(NUMBERS[at])
    if case.form not in LINE_FORMS:
        case.untouched.clear()


def flip_bits(chance: random.Random, body: bytes) -> bytes:
    """Flip some bits."""
    part = bytearray(body)
    for _ in range(chance.choice((1, 1, 3, 40))):
        part[chance.randrange(len(part))] ^= 1 << chance.randrange(8)
    return bytes(part)


def insert_chunk(chance: random.Random, body: bytes) -> bytes:
    """Insert signs that mean something to a reader, or noise."""
    place = chance.randrange(len(body))
    noise = bytes(chance.randrange(256) for _ in range(7))
    return body[:place] + chance.choice((*ODD_CHUNKS, noise, noise)) + body[place:]


def delete_chunk(chance: random.Random, body: bytes) -> bytes:
    """Lose a stretch."""
    start = chance.randrange(len(body))
    return body[:start] + body[start + chance.randrange(1, 80) :]


def repeat_chunk(chance: random.Random, body: bytes) -> bytes:
    """Have a stretch twice."""
    start = chance.randrange(len(body))
    end = start + chance.randrange(1, 200)
    return body[:end] + body[start:end] + body[end:]


def repeat_key(chance: random.Random, body: bytes) -> bytes:
    """Name a key of the record a second time, with another value."""
    key = chance.choice((b"id", b"status", b"created_at", b"updated_at", b"comments", b"source", b"tags"))
    value = chance.choice((b"null", b"5", b'"closed"', b"[]", b"{}", b'"2026-03-04T00:00:00Z"'))
    return body[:1] + b'"%s": %s, ' % (key, value) + body[1:]


def open_quote(chance: random.Random, body: bytes) -> bytes:
    """Open a quote that is never closed, or close one too early."""
    places = [at for at, byte in enumerate(body) if byte in b',"'] or [0]
    place = chance.choice(places) + chance.choice((0, 1))
    return body[:place] + b'"' + body[place:]


def truncate(chance: random.Random, case: Mutated, content: bytes) -> bytes:
    """Cut the file off."""
    content = content[: chance.randrange(len(content))]
    whole = content.count(b"\n") - (case.form == "csv") if case.form in LINE_FORMS else 0
    case.untouched = set(NUMBERS[: max(0, whole)])
    case.may_be_refused = not case.untouched
    return content


def mix_line_ends(chance: random.Random, case: Mutated, content: bytes) -> bytes:
    """Write line ends now this way, now that."""
    ends = (b"\n", b"\r\n", b"\n\n", b"\r\n\r\n", b" \n")
    lines = content.replace(b"\r\n", b"\n").split(b"\n")
    return b"".join(line + chance.choice(ends) for line in lines)


def old_mac(chance: random.Random, case: Mutated, content: bytes) -> bytes:
    """Write carriage returns only."""
    return content.replace(b"\r\n", b"\r").replace(b"\n", b"\r")


def recode(chance: random.Random, case: Mutated, content: bytes) -> bytes:
    """Write the whole file in another encoding."""
    text = content.decode()
    return text.encode(chance.choice(("utf-16", "utf-8-sig", "cp1252")))


def mix_encodings(chance: random.Random, case: Mutated, content: bytes) -> bytes:
    """Write one line in Windows-1252 among others in UTF-8, or half of the file in UTF-16."""
    lines = content.split(b"\n")
    if chance.random() < 0.5 and case.form in LINE_FORMS:
        at = chance.randrange(len(lines))
        lines[at] = lines[at].decode().encode("cp1252")
        return b"\n".join(lines)
    half = len(content) // 2
    case.untouched.clear()
    case.may_be_refused = True
    return content[:half] + content[half:].decode("utf-8", "ignore").encode("utf-16-le")


def shuffle_rows(chance: random.Random, case: Mutated, content: bytes) -> bytes:
    """Have some rows twice and all in another order."""
    if case.form not in LINE_FORMS:
        return content
    head, *rows = (
        content.splitlines(keepends=True) if case.form == "csv" else [b"", *content.splitlines(True)]
    )
    rows += chance.choices(rows, k=4)
    chance.shuffle(rows)
    return head + b"".join(rows)


def overwrite(chance: random.Random, case: Mutated, content: bytes) -> bytes:
    """Overwrite a stretch anywhere with noise."""
    case.untouched.clear()
    case.may_be_refused = True
    start = chance.randrange(len(content))
    noise = bytes(chance.randrange(256) for _ in range(chance.choice((1, 30, 400))))
    return content[:start] + noise + content[start + len(noise) :]


def not_an_export(chance: random.Random, case: Mutated, content: bytes) -> bytes:
    """Take something else altogether."""
    case.untouched.clear()
    case.may_be_refused = True
    odd = (
        b"",
        b" \n",
        b"null",
        b"[]",
        b"{}",
        b"[[[[",
        b"]",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b'"',
        b"{" * 90_000,
    )
    return chance.choice((*odd, b"\x1f\x8b", b"PK\x03\x04", b"PK\x05\x06" + bytes(18), b"[" + b"1," * 9_000))


def _pack(chance: random.Random, case: Mutated) -> str:
    """Pack some of the files; of these, damage some."""
    roll = chance.random()
    if roll < 0.6:
        return "plain"
    if roll < 0.8:
        case.content, packing = gzip.compress(case.content, mtime=0), "gz"
    else:
        buffer = io.BytesIO()
        method = chance.choice(
            (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
        )
        with zipfile.ZipFile(buffer, "w", method) as archive:
            archive.writestr(zipfile.ZipInfo("export"), case.content, method)
        case.content, packing = buffer.getvalue(), f"zip by method {method}"
    if chance.random() < 0.4 or case.content in (b"",):
        case.untouched.clear()
        case.may_be_refused = True
        part = bytearray(case.content)
        for _ in range(chance.choice((1, 2, 10))):
            place = chance.randrange(len(part))
            if chance.random() < 0.3:
                place = len(part) - 1 - chance.randrange(min(len(part), 80))  # a zip's list of contents
            part[place] ^= 1 << chance.randrange(8)
        case.content = bytes(part[: len(part) if chance.random() < 0.7 else chance.randrange(len(part))])
        packing += ", damaged"
    return packing


RECORD_CHANGES: list[Callable[..., Any]] = [
    *(swap_type, swap_type, odd_text, odd_text, huge_number, wrong_date, nest_deeply, many_items, lose_field),
    very_long,
]
BYTE_CHANGES: list[Callable[..., Any]] = [
    *(flip_bits, flip_bits, insert_chunk, insert_chunk, delete_chunk, repeat_chunk, repeat_key, open_quote),
]
FILE_CHANGES: list[Callable[..., Any]] = [
    *(truncate, mix_line_ends, old_mac, recode, mix_encodings, shuffle_rows, overwrite, not_an_export),
]
