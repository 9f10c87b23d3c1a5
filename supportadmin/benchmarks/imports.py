"""``benchmark import``: tickets a second and peak memory of the import, by the very services.

The tickets are those of the demo company, as often as needed under other ids, written as a Zendesk export.
"""

from __future__ import annotations

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


def measure(rows: int) -> dict[str, Any]:
    """Import so many tickets in a process of its own; return its figures, memory in MB."""
    with tempfile.TemporaryDirectory() as folder:
        export = Path(folder) / "export.jsonl"
        with export.open("w", encoding="utf-8") as lines:
            lines.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in _rows(rows))
        result = Path(folder) / "result.json"
        _manage(folder, "migrate", "--verbosity=0")
        _manage(
            folder, "import_tickets", str(export), "--source=zendesk", f"--json={result}", "--verbosity=0"
        )
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


def _manage(folder: str, *words: str) -> None:
    """Run a command on a database of its own; the import's status 1 (rejected rows) is fine."""
    kept = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), *words]
    done = subprocess.run(command, env={**kept, "DATA_DIR": folder}, check=False)  # noqa: S603 - our own words
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{words[0]} ended with status {done.returncode}.")


def _rows(count: int) -> Iterator[dict[str, Any]]:
    tickets = list(generate(seed=1, now=datetime.now(UTC), count=DIFFERENT_TICKETS))
    for number, ticket in enumerate(islice(cycle(tickets), count), start=1):
        yield _zendesk(number, ticket)


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
