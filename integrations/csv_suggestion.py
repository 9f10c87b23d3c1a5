"""Propose which column of a CSV file is which field, by the columns' names and by what is in them.

A person sees the proposal with a preview and corrects it. Day and month that fit both ways are read month
first only where nothing says otherwise; that is for the person to check.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from core.errors import InvalidInput
from integrations.csv_mapping import DATE_FORMATS, DATES, EPOCH, ISO, REQUIRED, CsvMapping
from integrations.fields import STATUSES, epoch_moment, iso_moment
from integrations.streams import BadRow

NAMES = {  # words of a column's name, best first; the first column that fits is taken
    "external_id": (
        "ticket id",
        "case number",
        "case id",
        "complaint id",
        "conversation id",
        "ticket number",
        "id",
    ),
    "created_at": (
        "created at",
        "created time",
        "date created",
        "created",
        "date received",
        "opened",
        "opened at",
    ),
    "closed_at": (
        "closed at",
        "closed time",
        "date closed",
        "solved at",
        "resolved at",
        "resolved time",
        "closed",
    ),
    "updated_at": ("updated at", "last updated", "last update time", "last modified", "updated"),
    "subject": ("subject", "title", "summary", "issue"),
    "channel": ("channel", "via", "source", "submitted via", "origin", "case origin"),
    "kind": ("type", "ticket type", "category", "issue type", "product", "topic", "reason"),
    "priority": ("priority", "urgency", "severity"),
    "customer_external_id": ("requester id", "customer id", "contact id", "user id"),
    "group": ("group", "team", "queue", "assigned group", "department"),
    "tags": ("tags", "labels", "tag"),
    "csat": ("csat", "csat score", "satisfaction", "satisfaction score", "satisfaction rating", "rating"),
    "csat_comment": ("csat comment", "satisfaction comment", "rating comment"),
    "reopens": ("reopens", "reopen count", "times reopened"),
    "agent_replies": ("agent replies", "replies", "agent interactions"),
    "reassignments": ("reassignments", "reassign count"),
    "escalated": ("escalated", "is escalated", "escalation"),
}
STATUS_NAMES = ("status", "ticket status", "state")
TEXT_NAMES = ("description", "message", "body", "comment", "text", "question")
REPLY_NAMES = ("resolution", "reply", "answer", "agent reply", "response", "first response")
STATUS_WORDS = (
    ("closed", re.compile(r"\bclosed\b|\barchived\b|\bcomplete")),
    ("solved", re.compile(r"\bsolved\b|\bresolved\b|\bdone\b|\bfixed\b")),
    ("pending", re.compile(r"\bpending\b|\bwaiting\b|\bsnoozed\b")),
    ("hold", re.compile(r"\bhold\b")),
    ("merged", re.compile(r"\bmerged\b|\bduplicate\b")),
    ("deleted", re.compile(r"\bdeleted\b|\bspam\b")),
    ("new", re.compile(r"\bnew\b")),
    ("open", re.compile(r"\bopen\b|\bprogress\b|\bactive\b|\bassigned\b")),
)
MAX_STATUS_WORDS = 50
FEW_WORDS = 2  # a status of more says more than a status
LONG_TEXT = 60  # characters on average


def suggest_mapping(header: Sequence[str], sample_rows: Sequence[Sequence[str]]) -> CsvMapping:
    """Propose a mapping; raises InvalidInput where no column can be an id or the time of creation."""
    names = [name.strip() for name in header]
    samples = {name: [row[at].strip() for row in sample_rows] for at, name in enumerate(names) if name}
    columns: dict[str, str] = {}
    for field, words in NAMES.items():
        found = _by_name(words, (name for name in samples if name not in columns.values()))
        if found and (field not in DATES or _date_format(samples[found]) is not None):
            columns[field] = found
    missing = [field for field in REQUIRED if field not in columns]
    if missing:
        raise InvalidInput(
            f"No column looks like {' or '.join(missing)}. Choose the columns yourself.", code="no_suggestion"
        )
    status_column, status_words = _status([name for name in samples if name not in columns.values()], samples)
    if status_column:
        columns["status"] = status_column
    free = [name for name in samples if name not in columns.values()]
    texts = _texts(free, samples)
    reply = _by_name(REPLY_NAMES, (name for name in free if name not in texts))
    if not reply and any(len(word.split()) > FEW_WORDS for word in status_words):
        reply = status_column  # such as "Closed with explanation": it says how the ticket ended
    formats = dict.fromkeys(_date_format(samples[columns[f]]) or ISO for f in DATES if f in columns)
    return CsvMapping(
        columns=columns,
        text_columns=texts,
        reply_columns=(reply,) if reply else (),
        date_formats=tuple(formats),
        values={"status": status_words} if status_words else {},
        default_status="" if status_column else "closed",
    )


def _by_name(words: Sequence[str], names: Iterable[str]) -> str:
    """Return the column whose name is the earliest of the words; empty if there is none."""
    plain = {re.sub(r"[^a-z0-9]+", " ", name.lower()).strip(): name for name in names}
    return next((plain[word] for word in words if word in plain), "")


def _texts(free: Sequence[str], samples: dict[str, list[str]]) -> tuple[str, ...]:
    """Return the column of the customer's words: by name, else the one with the longest texts."""
    named = _by_name(TEXT_NAMES, free)
    if named:
        return (named,)
    lengths = {name: _mean_length(samples[name]) for name in free}
    longest = max(lengths, key=lambda name: lengths[name], default="")
    return (longest,) if longest and lengths[longest] >= LONG_TEXT else ()


def _mean_length(cells: Sequence[str]) -> float:
    filled = [len(cell) for cell in cells if cell]
    return sum(filled) / len(filled) if filled else 0.0


def _date_format(cells: Sequence[str]) -> str | None:
    """Return the first format that reads every filled cell; None if none does, ISO if all are empty."""
    filled = [cell for cell in cells if cell]
    return next((name for name in (ISO, EPOCH, *DATE_FORMATS) if all(_reads(c, name) for c in filled)), None)


def _reads(cell: str, name: str) -> bool:
    try:
        if name == ISO:
            iso_moment(cell, "")
        elif name == EPOCH:
            epoch_moment(cell, "")
        else:
            datetime.strptime(cell, DATE_FORMATS[name])  # noqa: DTZ007 - only whether it fits
    except (BadRow, ValueError):
        return False
    return True


def _status(names: Sequence[str], samples: dict[str, list[str]]) -> tuple[str, dict[str, str]]:
    """Return the column whose words say a status, best by name, and our status for each word."""
    named = _by_name(STATUS_NAMES, names)
    for name in ([named] if named else []) + list(names):
        found = dict.fromkeys(cell for cell in samples[name] if cell)
        words = {cell: _status_of(cell) for cell in list(found)[:MAX_STATUS_WORDS]}
        if found and len(found) <= MAX_STATUS_WORDS and all(words.values()):
            return name, {cell: status for cell, status in words.items() if cell.lower() != status}
    return "", {}


def _status_of(cell: str) -> str:
    """Return our status for a word of the file; empty where it says none."""
    word = cell.lower()
    if word in STATUSES:
        return word
    return next((status for status, pattern in STATUS_WORDS if pattern.search(word)), "")
