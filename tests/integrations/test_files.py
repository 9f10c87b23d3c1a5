"""Whatever is wrong with an export, each broken row is named and every other row comes in."""

from __future__ import annotations

import gzip
import io
import json
import stat
import sys
import tracemalloc
import zipfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from core.errors import InvalidInput
from integrations import csv_records, json_records, packed, streams
from integrations.contracts import SourceRow
from integrations.csv_mapping import CsvMapping
from integrations.csv_tickets import CsvTickets
from integrations.sources import open_source
from tests.integrations.exports import (
    CSV_HEADER,
    CSV_MAPPING,
    csv_row,
    csv_text,
    freshdesk_ticket,
    json_lines,
    zendesk_ticket,
)


def zendesk_rows(path: Path, content: bytes | str) -> list[SourceRow]:
    path.write_bytes(content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content)
    return list(open_source(path, "zendesk").rows())


def csv_rows(path: Path, content: bytes | str) -> list[SourceRow]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(CsvTickets(path, CSV_MAPPING).rows())


def outcome(rows: list[SourceRow]) -> list[tuple[int, str]]:
    """Say each row in short: its line, and the ticket's id or the code of the rejection."""
    return [(row.line, row.ticket.external_id if row.ticket else row.rejection.code) for row in rows]


@pytest.fixture
def export(tmp_path: Path) -> Path:
    return tmp_path / "export"


TICKETS = [zendesk_ticket(n) for n in (1, 2, 3)]


@pytest.mark.row("1.2")
@pytest.mark.parametrize(
    "content",
    [
        json_lines(TICKETS),
        json.dumps(TICKETS),
        json.dumps(TICKETS, indent=2),
        json.dumps({"tickets": TICKETS}),
        json.dumps({"count": 3, "users": [{"id": 9, "status": 1}], "tickets": TICKETS, "n": None}, indent=1),
        json.dumps({"results": TICKETS}) + "\n",
        json.dumps({"tickets": TICKETS[:2], "end_of_stream": False})
        + "\n"
        + json.dumps({"metrics": [], "tickets": TICKETS[2:], "end_of_stream": True}),
        json.dumps(TICKETS[:1]) + json.dumps(TICKETS[1:]),
        json.dumps({"my_own_name": TICKETS}),
        "".join(json.dumps(ticket, indent=2) + "\n" for ticket in TICKETS),
        " \n\n" + json.dumps({"tickets": TICKETS, "users": [[1], {"a": "]"}], "more": {"tickets": [1]}}),
    ],
    ids=[
        "lines", "array", "indented", "envelope", "sideloads", "results", "pages", "arrays", "unknown key",
        "concatenated", "users after",
    ],
)  # fmt: skip
def test_every_form_of_a_json_export_is_understood(content, export):
    assert [found for _, found in outcome(zendesk_rows(export, content))] == ["1", "2", "3"]


def test_a_freshdesk_record_with_conversations_is_not_taken_for_an_envelope(export):
    export.write_text(json.dumps(freshdesk_ticket(5), indent=1))
    assert outcome(list(open_source(export, "freshdesk").rows())) == [(1, "5")]


def test_an_empty_list_has_no_rows_and_an_empty_file_is_refused(export):
    assert zendesk_rows(export, "[]") == []
    assert zendesk_rows(export, '{"tickets": [], "count": 0}') == []
    for name in ("zendesk", "csv"):
        export.write_text(" ")
        with pytest.raises(InvalidInput) as refusal:
            list(open_source(export, name, CSV_MAPPING).rows())
        assert refusal.value.code == "empty_file"


@pytest.mark.row("1.2")
def test_lines_of_an_indented_array_are_those_of_the_file(export):
    text = json.dumps(TICKETS, indent=2)
    lines = [number for number, line in enumerate(text.split("\n"), 1) if line == "  {"]
    assert outcome(zendesk_rows(export, text)) == list(zip(lines, "123", strict=True))


DEEP = '{"id":2,"status":"open","created_at":"2026-03-02T09:00:00Z","x":' + "[" * 100_000
BROKEN = {
    "NaN": ('{"id": NaN}', "bad_json"),
    "1e400": ('{"id": 1e400}', "bad_json"),
    "5,000 digits": ('{"id": ' + "9" * 5000 + "}", "bad_json"),
    "NUL": ('{"id": "a\\u0000"}', "bad_json"),
    "lone surrogate": ('{"id": "\\ud83d"}', "bad_json"),
    "raw surrogate": ('{"id": "\ud83d"}', "bad_encoding"),
    "control character": ('{"id": "\x01"}', "bad_json"),
    "depth bomb": (DEEP, "bad_json"),
    "closed depth bomb": ('{"x":' + "[" * 500 + "]" * 500 + "}", "bad_json"),
    "no object": ("7", "not_an_object"),
    "open string": ('{"id": 2, "subject": "x}', "bad_json"),
    "wrong bracket": ('{"id": 2, "tags": ["x"}', "bad_json"),
    "garbage": ("%PDF", "bad_json"),
    "too many values": ('{"x": [' + "1," * 200_001 + "1]}", "bad_json"),
}


@pytest.mark.row("1.2", "R16")
@pytest.mark.parametrize("name", sorted(BROKEN))
def test_a_broken_record_costs_one_row_whatever_the_form(name, export):
    text, code = BROKEN[name]
    first, last = json.dumps(TICKETS[0]), json.dumps(TICKETS[2])
    expected = [(1, "1"), (2, code), (3, "3")]
    assert outcome(zendesk_rows(export, f"{first}\n{text}\n{last}")) == expected
    array = outcome(zendesk_rows(export, f"[{first},\n{text},\n{last}]"))
    assert [found for found in array if found[0] != 2] == [(1, "1"), (3, "3")]
    assert [found[0] for found in array if found[0] == 2] == [2]


@pytest.mark.row("R16")
@pytest.mark.parametrize("form", ["lines", "array"])
def test_a_row_of_50_megabytes_is_rejected_and_the_next_one_read(form, export):
    first, last = json.dumps(TICKETS[0]), json.dumps(TICKETS[2])
    long = '{"id": 2, "subject": "' + "x" * 50_000_000 + '"}'
    text = f"{first}\n{long}\n{last}" if form == "lines" else f"[{first},\n{long},\n{last}]"
    export.write_text(text)
    del text, long
    tracemalloc.start()
    try:
        found = outcome(list(open_source(export, "zendesk").rows()))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found == [(1, "1"), (2, "row_too_long"), (3, "3")]
    assert peak < 40_000_000


@pytest.mark.parametrize("cut", range(1, 1400, 97))
def test_an_array_that_is_cut_off_keeps_what_came_before(cut, export):
    text = json.dumps(TICKETS)
    rows = outcome(zendesk_rows(export, text[:-cut]))
    whole = [str(ticket["id"]) for ticket in TICKETS if json.dumps(ticket) in text[:-cut]]
    assert rows == [*[(1, number) for number in whole], (1, "truncated")]


def test_a_record_that_lost_its_bracket_does_not_swallow_the_next_ones(export):
    text = json.dumps([zendesk_ticket(n, last=[]) for n in (1, 2, 3)]).replace("[]}", "[", 1)
    assert outcome(zendesk_rows(export, text))[:3] == [(1, "bad_json"), (1, "2"), (1, "3")]


def test_a_file_that_is_broken_throughout_is_given_up_and_that_is_said(export, monkeypatch):
    monkeypatch.setattr(json_records, "MAX_RECOVERY_TRIES", 50)
    broken = '{"id": 1, "status": }, ' * 40
    first, last = json.dumps(TICKETS[0]), json.dumps(TICKETS[2])
    rows = outcome(zendesk_rows(export, f"[{first}, {broken} {last}, {broken} {first}]"))
    assert [found for _, found in rows] == ["1", "bad_json", "3", "bad_json", "1"]
    rows = outcome(zendesk_rows(export, f"[{first}, {broken} {broken} {last}]"))
    assert [found for _, found in rows] == ["1", "bad_json", "unreadable_rest"]


def test_an_end_without_its_bracket_is_said(export):
    rows = outcome(zendesk_rows(export, json.dumps({"tickets": TICKETS})[:-2]))
    assert rows == [(1, "1"), (1, "2"), (1, "3"), (1, "truncated")]


@pytest.mark.row("1.2", "R16")
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("form", ["lines", "array", "csv"])
def test_encodings_are_seen_from_the_content(encoding, form, export):
    subject = "Café – 5 €, naïve façade"
    if form == "csv":
        content, name = csv_text([csv_row(1, Subject=subject), csv_row(2)]), "csv"
    else:
        records = [zendesk_ticket(1, subject=subject), zendesk_ticket(2)]
        content = "\n".join(json.dumps(record, ensure_ascii=False) for record in records)
        content, name = (f"[{content.replace(chr(10), ',')}]" if form == "array" else content), "zendesk"
    export.write_bytes(content.encode(encoding))
    rows = list(open_source(export, name, CSV_MAPPING).rows())
    assert [row.ticket.subject for row in rows if row.ticket] == [subject, "Charged twice"]


def test_a_row_in_another_encoding_spoils_no_other(export):
    words = ["plain", "ünï", "ünï", "mixed"]
    content = [csv_text([csv_row(n, Subject=word)]).split("\r\n")[1] for n, word in enumerate(words, 1)]
    raw = [content[0].encode(), content[1].encode(), content[2].encode("cp1252")]
    raw.append(content[3].encode().replace(b"mixed", "ü".encode() + b"\xfc"))
    header = csv_text([]).encode().strip()
    rows = csv_rows(export, b"\n".join([header, *raw, b"\xed\xa0\x80,".rjust(5)]))
    assert outcome(rows) == [(2, "1"), (3, "2"), (4, "3"), (5, "bad_encoding"), (6, "wrong_columns")]
    assert [row.ticket.subject for row in rows[:3] if row.ticket] == ["plain", "ünï", "ünï"]


@pytest.mark.row("1.2", "R16")
@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (','.join(['2', '"open quote', *["x"] * 18]), "bad_quotes"),
        (','.join(['2', '"closed" then more', *["x"] * 18]), "bad_quotes"),
        ("2,short", "wrong_columns"),
        (",".join(["2"] * 21), "wrong_columns"),
        (",".join(["2"] * 100_000), "too_many_columns"),
        (",".join(csv_row(2, Subject="a\x00b", Question="q", Answer="a", Tags="t")), "bad_text"),
        (",".join(csv_row(2, Created="2026-03-02", Question="q", Answer="a", Tags="t")), "bad_date"),
        (",".join(csv_row(2, Status="Lost", Question="q", Answer="a", Tags="t")), "bad_status"),
        ("x" * 4_000_001, "row_too_long"),
    ],
)  # fmt: skip
def test_a_bad_csv_row_costs_one_row(bad, code, export):
    first, last = (csv_text([csv_row(n)]).strip().split("\r\n", 1)[1] for n in (1, 3))
    header = csv_text([]).strip()
    rows = csv_rows(export, "\n".join([header, first, bad, last, ""]))
    assert outcome(rows) == [(2, "1"), (3, code), (4, "3")]


@pytest.mark.row("R16")
def test_a_quote_that_pairs_with_a_later_one_swallows_no_row(export):
    rows = [",".join(csv_row(n, Question=f"q{n}", Answer="a", Tags="t")) for n in range(1, 8)]
    rows[1] = rows[1].replace("q2", '"q2')
    rows[4] = rows[4].replace("q5", '"q5')
    rows[5] = rows[5].replace(",a,", ',a",')
    found = outcome(csv_rows(export, "\n".join([csv_text([]).strip(), *rows])))
    assert [item for item in found if item[1] in "1347"] == [(2, "1"), (4, "3"), (5, "4"), (8, "7")]
    assert len(found) == 7


def test_line_ends_within_quotes_and_of_old_macs_are_kept_apart(export):
    content = csv_text([csv_row(1, Question="one\r\ntwo\n\nthree"), csv_row(2)])
    rows = csv_rows(export, content)
    assert outcome(rows) == [(2, "1"), (6, "2")]
    assert rows[0].ticket.messages[0].body == "one\r\ntwo\n\nthree"
    mac = csv_text([csv_row(1), csv_row(2)]).replace("\r\n", "\r")
    assert outcome(csv_rows(export, mac)) == [(2, "1"), (3, "2")]


def test_blank_rows_are_no_rows_and_excels_first_line_is_understood(export):
    semicolons = csv_text([csv_row(1, Tags="a")]).replace(",", ";").replace("Hello;", "Hello").strip()
    rows = csv_rows(export, "sep=;\n" + semicolons + "\n\n" + ";" * 19 + "\n")
    assert outcome(rows) == [(3, "1")]


@pytest.mark.row("R21")
def test_a_cell_that_looks_like_a_formula_stays_text(export):
    formula = '=HYPERLINK("https://evil.example","x")'
    (row,) = csv_rows(export, csv_text([csv_row(1, Subject=formula, Customer="+49 30 1", Team="@SUM(A1)")]))
    assert (row.ticket.subject, row.ticket.customer_external_id, row.ticket.group) == (
        formula,
        "+49 30 1",
        "@SUM(A1)",
    )


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (CSV_HEADER[1:], "missing_column"),
        ([*CSV_HEADER, "Status"], "ambiguous_column"),
        (["a"] * 1001, "bad_header"),
    ],
)
def test_a_header_that_does_not_fit_refuses_the_file(header, code, export):
    export.write_text(csv_text([], header))
    with pytest.raises(InvalidInput) as refusal:
        list(CsvTickets(export, CSV_MAPPING).rows())
    assert refusal.value.code == code


def zipped(*members: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return out.getvalue()


LINES = json_lines(TICKETS).encode()


@pytest.mark.parametrize(
    "content",
    [
        gzip.compress(LINES),
        zipped(("tickets.json", LINES)),
        zipped(("folder/", b""), ("folder/tickets.json", LINES), ("__MACOSX/x", b"")),
    ],
    ids=["gz", "zip", "zip with folder"],
)
def test_a_packed_export_is_read_as_it_is(content, export):
    assert [found for _, found in outcome(zendesk_rows(export, content))] == ["1", "2", "3"]


LINK = zipfile.ZipInfo("tickets.json")
LINK.external_attr = (stat.S_IFLNK | 0o777) << 16
FORGED = bytearray(zipped(("tickets.json", LINES)))
FORGED[-10:-6] = (2**31).to_bytes(4, "little")  # the size of the list of contents


@pytest.mark.row("R16", "R18")
@pytest.mark.parametrize(
    ("content", "code"),
    [
        (gzip.compress(b"0" * 30_000_000), "suspicious_archive"),
        (zipped(("a.json", b"0" * 30_000_000)), "suspicious_archive"),
        (zipped(("../a.json", LINES)), "suspicious_archive"),
        (zipped(("/etc/a.json", LINES)), "suspicious_archive"),
        (zipped(("..\\a.json", LINES)), "suspicious_archive"),
        (zipped((LINK, b"/etc/passwd")), "suspicious_archive"),
        (zipped(*[(f"{n:050}.json", b"") for n in range(11_000)]), "suspicious_archive"),
        (bytes(FORGED), "suspicious_archive"),
        (zipped(("a.json", LINES), ("b.json", LINES)), "bad_archive"),
        (zipped(("a.json", LINES))[:-30], "bad_archive"),
        (b"PK\x03\x04 and no more", "bad_archive"),
    ],
)
def test_an_archive_that_is_a_trap_is_refused(content, code, export):
    with pytest.raises(InvalidInput) as refusal:
        zendesk_rows(export, content)
    assert refusal.value.code == code


def test_a_file_that_is_too_large_or_missing_is_refused(export, monkeypatch):
    with pytest.raises(InvalidInput, match="cannot be opened"):
        list(open_source(export, "zendesk").rows())
    monkeypatch.setattr(packed, "MAX_UNPACKED_BYTES", 1000)
    with pytest.raises(InvalidInput) as refusal:
        zendesk_rows(export, LINES)
    assert refusal.value.code == "file_too_large"


@pytest.mark.parametrize(
    "content", [gzip.compress(LINES)[:-20], zipped(("a.json", LINES)).replace(b"\x00", b"\x01", 0)]
)
def test_a_damaged_archive_is_read_as_far_as_it_goes(content, export):
    rows = outcome(zendesk_rows(export, content))
    assert rows[0] == (1, "1")


SHORT_MAPPING = CsvMapping(
    columns={"external_id": "id", "created_at": "created_at", "status": "status"}, text_columns=("words",)
)


def generated(form: str, count: int) -> Iterator[str]:
    words = "I was charged twice. " * 10
    if form == "csv":
        yield "id,status,created_at,words\n"
        for number in range(count):
            yield f'{number},closed,2026-03-02T09:00:00Z,"{words}"\n'
        return
    yield '{"tickets": ['
    for number in range(count):
        comma = "," if number else ""
        yield (
            f'{comma}{{"id": {number}, "status": "closed", "created_at": "2026-03-02T09:00:00Z", '
            f'"requester_id": 7, "description": "{words}"}}'
        )
    yield '], "count": 1}'


@pytest.mark.row("1.2", "R16")
@pytest.mark.parametrize("form", ["zendesk", "csv"])
def test_200_000_rows_are_read_in_a_small_and_constant_memory(form, export):
    count = 200_000
    with export.open("w") as out:
        out.writelines(generated(form, count))
    rows = open_source(export, form, SHORT_MAPPING).rows()
    tracemalloc.start()
    try:
        tickets = sum(row.ticket is not None for row in islice(rows, 5000))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    blocks = sys.getallocatedblocks()
    tickets += sum(row.ticket is not None for row in islice(rows, count - 10_000))
    grown = sys.getallocatedblocks() - blocks
    tickets += sum(row.ticket is not None for row in rows)
    assert tickets == count
    assert peak < 8_000_000
    assert grown < 5000  # objects alive after 190,000 more rows


def test_limits_are_those_that_the_documentation_names():
    assert streams.MAX_ROW_CHARACTERS == 4_000_000
    assert csv_records.MAX_COLUMNS == 1000
    assert (packed.MAX_UNPACKED_BYTES, packed.MAX_RATIO) == (2 * 1024**3, 100)
