"""A mapping says which column is which; it is proposed, kept as JSON, and refused with words that help."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from core.errors import InvalidInput
from integrations.csv_mapping import CsvMapping
from integrations.csv_suggestion import suggest_mapping
from integrations.csv_tickets import CsvTickets, header_and_sample, preview
from tests.integrations.exports import CSV_MAPPING, csv_row, csv_text

COLUMNS = {"external_id": "ID", "created_at": "Created", "status": "Status"}


@pytest.mark.row("1.2")
def test_a_mapping_is_written_to_json_and_read_again():
    assert CsvMapping.from_json(CSV_MAPPING.to_json()) == CSV_MAPPING


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"columns": {"created_at": "Created"}}, "which column holds external_id"),
        ({"columns": COLUMNS | {"mood": "Mood"}}, "There is no field “mood”"),
        ({"columns": {"external_id": "ID", "created_at": "C"}}, "which column holds the status"),
        ({"columns": ["ID"]}, "“columns” must be an object of texts"),
        ({"default_status": "gone"}, "default status must be one of closed"),
        ({"date_formats": []}, "at least one date format"),
        ({"date_formats": ["dd/mm/yyyy"]}, "or a pattern like %d/%m/%Y"),
        ({"date_formats": ["%d/%m"]}, "is no date format"),
        ({"date_formats": "iso"}, "must be a list of texts"),
        ({"timezone": "Mars/Olympus"}, "a name like UTC or Europe/Berlin"),
        ({"timezone": "../../etc/passwd"}, "a name like UTC or Europe/Berlin"),
        ({"delimiter": ";;"}, "single character"),
        ({"values": {"status": {"Done": "finished"}}}, "“finished” is no status"),
        ({"values": {"subject": {"a": "b"}}}, "cannot be mapped"),
        ({"values": {"status": "Done"}}, "an object of texts for each field"),
        ({"units": {"first_reply_seconds": "years"}}, "must be one of days, hours, minutes, seconds"),
        ({"html": "yes"}, "must be true or false"),
        ({"tag_separator": ""}, "between tags"),
        ({"colour": "red"}, "no setting “colour”"),
    ],
)
def test_a_mapping_that_cannot_be_meant_is_refused_with_what_to_do(changes, told):
    with pytest.raises(InvalidInput) as refusal:
        CsvMapping.from_json(json.dumps({"columns": COLUMNS} | changes))
    assert told in refusal.value.message
    assert refusal.value.code == "bad_mapping"


@pytest.mark.parametrize(
    "text", ["", "[]", "{", "[" * 100_000, '{"delimiter": ","}', "1" * 5000, '"' + "x" * 100_001]
)
def test_what_is_no_mapping_is_refused(text):
    with pytest.raises(InvalidInput) as refusal:
        CsvMapping.from_json(text)
    assert refusal.value.code == "bad_mapping"


@pytest.mark.row("1.2")
def test_a_mapping_is_proposed_by_names_and_by_what_is_in_the_columns(tmp_path):
    path = tmp_path / "export.csv"
    header = [
        "Case Number",
        "State",
        "Date Received",
        "Date Closed",
        "Outcome",
        "Topic",
        "Story",
        "Times reopened",
    ]
    rows = [
        [
            "C-1",
            "TX",
            "12/31/2025",
            "01/05/2026",
            "Closed with refund",
            "Billing",
            "I was charged twice. " * 5,
            "0",
        ],
        ["C-2", "CA", "01/02/2026", "", "In progress", "Login", "I cannot sign in any more. " * 5, "1"],
    ]
    path.write_text(csv_text(rows, header).replace(",", ";"))
    mapping = suggest_mapping(*header_and_sample(path))
    assert mapping == CsvMapping(
        columns={
            "external_id": "Case Number",
            "created_at": "Date Received",
            "closed_at": "Date Closed",
            "status": "Outcome",
            "kind": "Topic",
            "reopens": "Times reopened",
        },
        text_columns=("Story",),
        reply_columns=("Outcome",),
        date_formats=("month/day/year",),
        values={"status": {"Closed with refund": "closed", "In progress": "open"}},
    )
    tickets = [row.ticket for row in CsvTickets(path, mapping).rows()]
    assert [(t.external_id, t.status, t.kind, t.reopens) for t in tickets] == [
        ("C-1", "closed", "Billing", 0),
        ("C-2", "open", "Login", 1),
    ]
    assert tickets[0].created_at == datetime(2025, 12, 31, tzinfo=UTC)
    assert tickets[0].resolution_seconds == 5 * 86_400


def test_without_an_id_or_a_date_nothing_is_proposed():
    with pytest.raises(InvalidInput, match="external_id or created_at"):
        suggest_mapping(["a", "b"], [["1", "2"]])
    with pytest.raises(InvalidInput, match="created_at"):
        suggest_mapping(["ID", "Created"], [["1", "once upon a time"]])


@pytest.mark.parametrize(
    ("cell", "formats", "zone", "hour"),
    [
        ("2026-03-02", ("iso",), "UTC", 0),
        ("2026-03-02T09:00:00+02:00", ("iso",), "UTC", 7),
        ("2026-03-02 09:00", ("iso",), "Europe/Berlin", 8),
        ("02.03.2026 09:00", ("iso", "day.month.year time"), "UTC", 9),
        ("1772442000", ("epoch",), "UTC", 9),
        ("03/02/2026 09:00 AM", ("month/day/year time am/pm",), "UTC", 9),
        ("2 March 2026 at 9h", ("%d %B %Y at %Hh",), "UTC", 9),
    ],
)
def test_dates_are_read_in_the_format_and_zone_that_the_mapping_names(cell, formats, zone, hour, tmp_path):
    path = tmp_path / "export.csv"
    path.write_text(csv_text([["1", cell, "closed"]], ["ID", "Created", "Status"]))
    (row,) = CsvTickets(path, CsvMapping(columns=COLUMNS, date_formats=formats, timezone=zone)).rows()
    assert row.ticket.created_at == datetime(2026, 3, 2, hour, tzinfo=UTC)


def test_a_preview_shows_the_first_rows_with_what_is_wrong(tmp_path):
    path = tmp_path / "export.csv"
    path.write_text(csv_text([csv_row(1), csv_row(2, Status="?"), *[csv_row(n) for n in range(3, 50)]]))
    shown = preview(path, CSV_MAPPING, rows=3)
    assert [row.ticket.external_id if row.ticket else row.rejection.code for row in shown] == [
        "1",
        "bad_status",
        "3",
    ]
    assert len(preview(path, CSV_MAPPING)) == 20
