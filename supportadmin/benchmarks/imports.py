"""``benchmark import``: tickets a second and peak memory of the import, by the very services.

The tickets are those of the demo company, as often as needed under other ids, written as a Zendesk export of
one object a line, or as CSV.
"""

from __future__ import annotations

import csv
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from django.conf import settings

from integrations.contracts import SourceTicket
from supportadmin.demo.tickets.generator import generate

DIFFERENT_TICKETS = 3_000
KILOBYTES = 1_024
CSV_HEADER = ("Ticket ID", "Created at", "Updated at", "Closed at", "Status", "Subject", "Message", "Reply")


def measure(rows: int, form: str = "zendesk") -> dict[str, Any]:
    """Import so many tickets, as zendesk or csv, in a process of its own; return its figures, memory in MB.

    The peak is that of the largest single process: the import's own, or one that masks for it.
    """
    with tempfile.TemporaryDirectory() as folder:
        export = Path(folder) / "export"
        (_write_csv if form == "csv" else _write_zendesk)(export, rows)
        result = Path(folder) / "result.json"
        manage(folder, "migrate", "--verbosity=0")
        manage(folder, "import_tickets", str(export), f"--source={form}", f"--json={result}", "--verbosity=0")
        report: dict[str, Any] = json.loads(result.read_text())
        size = export.stat().st_size
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // KILOBYTES
    shown = ("rows_in", "created", "updated", "unchanged", "rejected", "outside_window")
    return {
        **{name: report[name] for name in shown},
        "seconds": report["seconds"],
        "rows_per_second": report["rows_per_second"],
        "peak_mb": peak,
        "file_mb": round(size / 1e6, 1),
    }


def manage(folder: str, *words: str) -> None:
    """Run a command on a database of its own; the import's status 1 (rejected rows) is fine."""
    kept = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), *words]
    done = subprocess.run(  # noqa: S603 - our own words
        command, env={**kept, "DATA_DIR": folder}, stdout=subprocess.DEVNULL, check=False
    )
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{words[0]} ended with status {done.returncode}.")


def numbered_tickets(count: int) -> Iterator[tuple[int, SourceTicket]]:
    """Yield so many tickets with a number each; the same few thousand again and again."""
    tickets = list(generate(seed=1, now=datetime.now(UTC), count=DIFFERENT_TICKETS))
    yield from enumerate(islice(cycle(tickets), count), start=1)


def _write_zendesk(path: Path, rows: int) -> None:
    with path.open("w", encoding="utf-8") as lines:
        for number, ticket in numbered_tickets(rows):
            lines.write(json.dumps(_zendesk(number, ticket), ensure_ascii=False) + "\n")


def _write_csv(path: Path, rows: int) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(CSV_HEADER)
        for number, ticket in numbered_tickets(rows):
            closed_at = ticket.closed_at.isoformat() if ticket.closed_at else ""
            said = {
                author: "\n\n".join(m.body for m in ticket.messages if m.author == author)
                for author in ("customer", "agent")
            }
            moments = (ticket.created_at.isoformat(), ticket.updated_at.isoformat(), closed_at)
            texts = (ticket.subject, said["customer"], said["agent"])
            writer.writerow((number, *moments, ticket.status, *texts))


def _zendesk(number: int, ticket: SourceTicket) -> dict[str, Any]:
    """Return a ticket as Zendesk exports it."""
    authors = {"customer": 7, "agent": 9, "system": 1}
    return {
        "id": number,
        "subject": ticket.subject,
        "status": ticket.status if ticket.status not in ("merged", "deleted") else "open",
        "type": ticket.kind or None,
        "priority": ticket.priority or None,
        "tags": list(ticket.tags),
        "via": {"channel": ticket.channel},
        "requester_id": 7,
        "created_at": ticket.created_at.isoformat(),
        "updated_at": ticket.updated_at.isoformat(),
        "comments": [
            {
                "id": place,
                "author_id": authors[message.author],
                "body": message.body,
                "public": message.is_public,
                "created_at": message.created_at.isoformat(),
            }
            for place, message in enumerate(ticket.messages)
        ],
        "metric_set": {
            "reopens": ticket.reopens,
            "replies": ticket.agent_replies,
            "solved_at": ticket.closed_at.isoformat() if ticket.closed_at else None,
        },
    }
