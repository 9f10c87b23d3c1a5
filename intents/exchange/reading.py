"""A path or an upload → the phrasings in it. Reads files only; decides nothing about the data set."""

from __future__ import annotations

from pathlib import Path

from core.errors import DomainError, InvalidInput
from integrations.archives import File, files
from intents.exchange.contracts import CSV, DIALOGFLOW, MAX_PHRASINGS, RASA, SOURCES, Problem, Reading
from intents.exchange.csv_files import read_csv
from intents.exchange.dialogflow import read_dialogflow
from intents.exchange.rasa import read_rasa

ENDINGS = {CSV: (".csv", ".tsv", ".txt"), RASA: (".yml", ".yaml"), DIALOGFLOW: (".json",)}


def read(path: Path, source: str, *, name: str = "") -> Reading:
    """Return everything that the file, folder or zip at ``path`` holds; ``name`` is an upload's own.

    Of several files each is read by itself: a damaged one is a problem with its place, and the others count.
    Raises InvalidInput where nothing at all can or should be read.
    """
    if source not in SOURCES:
        raise InvalidInput(f"There is no format {source}.", code="unknown_source")
    if not path.exists():
        raise InvalidInput(f"{path} does not exist.", code="unreadable")
    found = list(files(path, name, endings=ENDINGS[source]))
    if not found:
        raise InvalidInput(f"There is no {' or '.join(ENDINGS[source])} file in it.", code="nothing_found")
    reading = read_dialogflow(found) if source == DIALOGFLOW else _each(found, source)
    if len(reading.phrasings) > MAX_PHRASINGS:
        raise InvalidInput(
            f"One import takes at most {MAX_PHRASINGS:,} phrasings. Split the file.",
            code="too_many_rows",
        )
    if not reading.phrasings and not reading.problems:
        left_out = ", ".join(f"{count} {kind}" for kind, count in sorted(reading.ignored.items()))
        hint = f" Left out: {left_out}." if left_out else ""
        raise InvalidInput(f"There is no phrasing in it.{hint}", code="nothing_found")
    return reading


def _each(found: list[File], source: str) -> Reading:
    """Read each file by itself; one that stands alone is refused as a whole, with the reason."""
    whole = Reading()
    for file in found:
        try:
            if file.problem:
                raise InvalidInput(f"{file.name}: {file.problem}", code="unreadable")
            part = read_csv(file.data, file.name) if source == CSV else read_rasa(file.data, file.name)
        except DomainError as refusal:
            if len(found) == 1:
                raise
            whole.problems.append(Problem(file.name, refusal.message))
            continue
        whole.phrasings += part.phrasings
        whole.problems += part.problems
        whole.ignored += part.ignored
    return whole
