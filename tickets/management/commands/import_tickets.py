"""Import closed tickets from a file, here and now; a file that stays where it is."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from core.actors import Actor
from core.errors import DomainError, InvalidInput
from tickets.models import ImportBatch, Source
from tickets.selectors import import_report
from tickets.services import batch_apply, batch_create, batch_take_up
from tickets.sources import open_source
from tickets.uploads import upload_describe
from tickets.workflow import DEFAULT_WINDOW_DAYS, DONE

EXIT_REJECTED, EXIT_REFUSED = 1, 2
MAX_MAPPING_BYTES = 1_000_000
SHOWN_REJECTIONS = 20
LARGE_BYTES = 5_000_000  # from here on it pays to start other processes
MASKING_PROCESSES = 2
ACTOR = Actor.system("import_tickets")


class Command(BaseCommand):
    """``manage.py import_tickets``: exit status 0 when done, 1 with rejected rows, 2 when refused."""

    help = (
        "Import closed tickets from an export of a help desk. Only tickets closed within the window count. "
        "The same ticket twice is stored once; run it again after a break and it goes on where it was."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path)
        parser.add_argument("--source", choices=Source.values, required=True)
        parser.add_argument(
            "--mapping", type=Path, metavar="FILE", help="JSON: which column is what, for CSV"
        )
        parser.add_argument("--window-days", type=int, default=DEFAULT_WINDOW_DAYS, metavar="N")
        parser.add_argument(
            "--until-newest", action="store_true", help="the window ends with the newest ticket of the file"
        )
        parser.add_argument("--json", type=Path, metavar="FILE", help="write the result to FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        self._is_loud = options["verbosity"] > 0
        started = time.monotonic()
        try:
            batch = self._import(
                options["path"],
                options["source"],
                options["mapping"],
                {"window_days": options["window_days"], "ends_with_newest": options["until_newest"]},
            )
        except DomainError as refusal:
            self.stderr.write(f"Refused: {refusal.message}")
            sys.exit(EXIT_REFUSED)
        result = import_report(batch, seconds=time.monotonic() - started, rejections=SHOWN_REJECTIONS)
        if options["json"]:
            options["json"].write_text(json.dumps(result, indent=2))
        self._say(result)
        if batch.rejected:
            sys.exit(EXIT_REJECTED)

    def _import(
        self, path: Path, source: str, mapping_path: Path | None, window: dict[str, Any]
    ) -> ImportBatch:
        upload = upload_describe(path, source)
        mapping = _read_mapping(mapping_path) if mapping_path else {}
        reader = open_source(path, source, mapping)
        batch = batch_take_up(
            actor=ACTOR, source=source, sha256=upload.sha256, mapping=mapping, **window
        ) or batch_create(actor=ACTOR, source=source, upload=upload, mapping=mapping, **window)
        if batch.rows_in and self._is_loud:
            self.stdout.write(f"Going on after row {batch.rows_in}.")
        processes = MASKING_PROCESSES if upload.size_bytes >= LARGE_BYTES else 0
        batch = batch_apply(
            actor=ACTOR, batch=batch, source=reader, progress=self._progress, processes=processes
        )
        if batch.state != DONE:
            raise InvalidInput(f"Stopped after {batch.rows_in} rows; run it again to go on.", code="stopped")
        return batch

    def _progress(self, done: int, total: int, message: str) -> None:
        if self._is_loud and self.stdout.isatty():
            filled = 30 * done // max(total, 1)
            self.stdout.write(f"\r[{'#' * filled}{'.' * (30 - filled)}] {done} of {total} rows", ending="")
            self.stdout.flush()

    def _say(self, result: dict[str, Any]) -> None:
        if not self._is_loud:
            return
        if self.stdout.isatty():
            self.stdout.write("")
        names = ("rows_in", "created", "updated", "unchanged", "rejected", "outside_window", "not_closed")
        self.stdout.write(", ".join(f"{name}: {result[name]}" for name in names))
        for row in result["rejections"]:
            self.stderr.write(f"line {row['line']}: {row['message']} ({row['code']})")
        more = result["rejected"] - len(result["rejections"])
        if more > 0:
            self.stderr.write(f"and {more} more")


def _read_mapping(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MAX_MAPPING_BYTES:
            raise InvalidInput(f"{path} is too large for a mapping.", code="bad_mapping")
        mapping = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InvalidInput(f"{path} cannot be read as JSON: {error}", code="bad_mapping") from error
    if not isinstance(mapping, dict):
        raise InvalidInput(f"{path} must hold one JSON object.", code="bad_mapping")
    return mapping
