"""The data set as a file: the active phrasings of the intents that are not archived, in a stable order."""

from __future__ import annotations

from core.errors import InvalidInput
from intents.exchange.contracts import CSV, RASA, Phrasing
from intents.exchange.csv_files import write_csv
from intents.exchange.rasa import write_rasa
from intents.models import Example, Intent

FORMATS = {CSV: ("text/csv; charset=utf-8", "csv"), RASA: ("application/yaml", "yml")}


def phrasings_export() -> list[Phrasing]:
    """Return what an export holds, by slug and text, whatever the order of the rows."""
    rows = (
        Example.objects.active()
        .exclude(intent__state=Intent.State.ARCHIVED)
        .values_list("text", "intent__slug", "origin", "source_ref")
    )
    found = [Phrasing(text, slug, "", origin, source) for text, slug, origin, source in rows]
    return sorted(found, key=lambda p: (p.label, p.text, p.source_ref))


def text_of(phrasings: list[Phrasing], file_format: str) -> str:
    """Return the file of a format, csv or rasa."""
    if file_format not in FORMATS:
        raise InvalidInput(f"There is no format {file_format}.", code="unknown_format")
    return write_csv(phrasings) if file_format == CSV else write_rasa(phrasings)
