"""How the first rows of an uploaded file will be read: by this a person judges its columns."""

from __future__ import annotations

from typing import Any

from django.template.loader import render_to_string

from core.errors import DomainError
from integrations.contracts import SourceRow
from tickets.models import ImportBatch
from tickets.sources import first_rows
from tickets.texts import prepare
from tickets.uploads import upload_path

PREVIEW_ROWS = 20
SHOWN_WORDS = 200


def preview_html(batch: ImportBatch) -> str:
    """Return a table of the first rows as they will be imported, or why the file cannot be read."""
    try:
        path = upload_path(batch.stored_name)
        rows, refusal = first_rows(path, batch.source, batch.mapping, rows=PREVIEW_ROWS), ""
    except DomainError as error:
        rows, refusal = [], error.message
    shown = [_shown(row) for row in rows]
    return render_to_string("admin/tickets/preview.html", {"rows": shown, "refusal": refusal})


def _shown(row: SourceRow) -> dict[str, Any]:
    """Return what the table shows of a row, with personal data masked."""
    ticket = row.ticket
    first = next((m.body for m in ticket.messages if m.author == "customer"), "") if ticket else ""
    return {
        "line": row.line,
        "ticket": ticket,
        "rejection": row.rejection,
        "subject": prepare(ticket.subject) if ticket else "",
        "words": prepare(first[:SHOWN_WORDS]),
    }
