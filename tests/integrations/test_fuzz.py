"""Mutated exports: nothing but InvalidInput for the whole file, and every row that was not hit comes in."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import InvalidInput
from integrations.sources import open_source
from tests.integrations.exports import (
    CREATED,
    CREATED_EPOCH,
    CSV_MAPPING,
    csv_row,
    csv_text,
    freshdesk_ticket,
    intercom_conversation,
    zendesk_ticket,
)

RECORDS = 8
SUBJECT = "Größe – naïve café №"
LATIN_SUBJECT = "Größe – naïve café"
MAKERS = {"zendesk": zendesk_ticket, "freshdesk": freshdesk_ticket, "intercom": intercom_conversation}
FORMS = [(name, form) for name in MAKERS for form in ("lines", "array", "indented", "envelope")] + [
    ("csv", "")
]
Segment = tuple[bytes, int | None]  # some bytes of the file, and the record that they belong to


def segments(name: str, form: str, encoding: str) -> list[Segment]:
    """Return the file in parts; a line feed belongs to the record before it."""
    subject = LATIN_SUBJECT if encoding == "cp1252" else SUBJECT
    if name == "csv":
        rows = [csv_text([csv_row(n, Subject=subject)]).split("\r\n", 1)[1] for n in range(RECORDS)]
        parts: list[tuple[str, int | None]] = [(csv_text([]), None)]
        parts += [(row, number) for number, row in enumerate(rows)]
    else:
        key = "title" if name == "intercom" else "subject"
        indent = 2 if form == "indented" else None
        records = [
            json.dumps(MAKERS[name](n, **{key: subject}), ensure_ascii=False, indent=indent)
            for n in range(RECORDS)
        ]
        envelope = "conversations" if name == "intercom" else "tickets"
        opening, between, closing = {
            "lines": ("", "", ""),
            "array": ("[", ",", "]"),
            "indented": ("[\n", ",\n", "\n]"),
            "envelope": (f'{{"count": 8, "{envelope}": [', ",", '], "next_page": null}'),
        }[form]
        parts = [(opening, None)]
        for number, record in enumerate(records):
            parts += [(between, None)] if number else []
            parts += [(record + ("\n" if form == "lines" else ""), number)]
        parts += [(closing, None)]
    mark = "\ufeff" if encoding in ("utf-16-le", "utf-8-sig") else ""
    codec = "utf-8" if encoding == "utf-8-sig" else encoding
    first_owner = 0 if form == "lines" else None
    return [(mark.encode(codec), first_owner), *((text.encode(codec), owner) for text, owner in parts)]


class Case:
    """A file with one part hit, and the records that must come in nevertheless."""

    def __init__(self, chance: random.Random, name: str, form: str) -> None:
        self.chance = chance
        self.name = name
        self.encoding = chance.choice(["utf-8", "utf-8", "utf-8-sig", "utf-16-le", "cp1252"])
        self.parts = segments(name, form, self.encoding)
        self.expected = set(range(RECORDS))
        self.may_be_refused = False
        self.mutation = chance.choice(MUTATIONS)
        self.mutation(self)
        self.content = b"".join(part for part, _ in self.parts)
        if chance.random() < 0.1:
            self.content = gzip.compress(self.content)

    def pick(self) -> int:
        """Choose a part that will be hit; its record need not come in."""
        at = self.chance.choice([at for at, (part, _) in enumerate(self.parts) if part])
        self._hit(at)
        return at

    def pick_record(self) -> int:
        at = self.chance.choice(self.records())
        self._hit(at)
        return at

    def records(self) -> list[int]:
        return [at for at, (part, owner) in enumerate(self.parts) if owner is not None and len(part) > 4]

    def _hit(self, at: int) -> None:
        owner = self.parts[at][1]
        self.expected.discard(-1 if owner is None else owner)
        self.may_be_refused |= owner is None

    def place_in(self, at: int) -> int:
        return self.chance.randrange(len(self.parts[at][0]))

    def replace(self, at: int, content: bytes) -> None:
        self.parts[at] = (content, self.parts[at][1])

    def spare_next(self, at: int, place: int) -> None:
        """A hit on the last bytes of a line may join it with the next one."""
        part, owner = self.parts[at]
        if place >= len(part) - 4 and part.rstrip(b"\x00").endswith(b"\n") and owner is not None:
            self.expected.discard(owner + 1)


def truncate(case: Case) -> None:
    at = case.pick()
    case.replace(at, case.parts[at][0][: case.place_in(at)])
    for later, (_, owner) in enumerate(case.parts):
        if later > at:
            case.expected.discard(-1 if owner is None else owner)
            case.replace(later, b"")
    case.may_be_refused |= not case.expected


def flip_bits(case: Case) -> None:
    at = case.pick()
    part = bytearray(case.parts[at][0])
    for _ in range(case.chance.choice([1, 1, 3])):
        place = case.place_in(at)
        part[place] ^= 1 << case.chance.randrange(8)
        case.spare_next(at, place)
    case.replace(at, bytes(part))


def insert(case: Case) -> None:
    at = case.pick_record()
    place = case.place_in(at)
    words = [
        '"',
        '""',
        "\n",
        "\r\n",
        "{",
        "}",
        "]",
        "[",
        '",',
        "\\",
        "\x00",
        "},{",
        '"]},{"id": 1,',
        "é",
        "'",
    ]
    added = case.chance.choice(words).encode(case.encoding.replace("-sig", ""))
    if case.encoding != "utf-16-le" and case.chance.random() < 0.2:
        added = bytes(case.chance.randrange(256) for _ in range(5))
    elif case.encoding == "utf-16-le":
        place -= place % 2
    part = case.parts[at][0]
    case.spare_next(at, place)
    case.replace(at, part[:place] + added + part[place:])


def delete(case: Case) -> None:
    at = case.pick_record()
    start = case.place_in(at)
    end = min(len(case.parts[at][0]), start + case.chance.randrange(1, 60))
    if case.encoding == "utf-16-le":
        start, end = start - start % 2, end - end % 2
    case.spare_next(at, end)
    case.replace(at, case.parts[at][0][:start] + case.parts[at][0][end:])


def many_columns(case: Case) -> None:
    at = case.pick_record()
    sign = ",".encode(case.encoding.replace("-sig", ""))
    end = len(case.parts[at][0]) // 2 // 2 * 2
    part = case.parts[at][0]
    case.replace(at, part[:end] + sign * 100_000 + part[end:])


def duplicate(case: Case) -> None:
    at = case.chance.choice(case.records())
    part, owner = case.parts[at]
    comma = b"" if part.rstrip(b"\x00").endswith(b"\n") else ",".encode(case.encoding.replace("-sig", ""))
    case.parts.insert(at, (part + comma, owner))


def bad_date(case: Case) -> None:
    at = case.pick_record()
    codec = case.encoding.replace("-sig", "")
    for old, new in ((CREATED, "31st of May"), (str(CREATED_EPOCH), '"soon"'), ("02/03/2026", "2/30/26")):
        case.replace(at, case.parts[at][0].replace(old.encode(codec), new.encode(codec)))


def nothing(case: Case) -> None:
    """Only the encoding is unusual."""


MUTATIONS: list[Callable[[Case], None]] = [
    *(truncate, flip_bits, flip_bits, flip_bits, insert, insert),
    *(delete, many_columns, duplicate, bad_date, nothing),
]


def check(seed: int, path: Path) -> None:
    chance = random.Random(seed)
    name, form = FORMS[seed % len(FORMS)]
    case = Case(chance, name, form)
    path.write_bytes(case.content)
    told = f"seed {seed}: {name} {form} {case.encoding} {case.mutation.__name__}"
    try:
        rows = list(open_source(path, name, CSV_MAPPING).rows())
    except InvalidInput:
        assert case.may_be_refused, told
        return
    assert all((row.ticket is None) != (row.rejection is None) for row in rows), told
    assert all(row.line >= 1 for row in rows), told
    found = [int(row.ticket.external_id) for row in rows if row.ticket and row.ticket.external_id.isdigit()]
    lost = case.expected - set(found)
    assert not lost or (case.may_be_refused and name == "csv"), f"{told}: lost {sorted(lost)}"
    assert len(rows) >= len(case.expected), told


@pytest.mark.row("R16", "1.2")
@pytest.mark.parametrize("batch", range(10))
def test_300_mutated_exports_lose_no_row_that_was_not_hit(batch, tmp_path):
    for seed in range(batch * 30, batch * 30 + 30):
        check(seed, tmp_path / "export")


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.row("R16")
def test_10_000_mutated_exports_lose_no_row_that_was_not_hit(tmp_path):
    for seed in range(1000, 11_000):
        check(seed, tmp_path / "export")
