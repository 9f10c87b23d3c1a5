"""Export the active phrasings as CSV or for Rasa; import_intents reads both."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from intents.exchange.exporting import FORMATS, phrasings_export, text_of

EXIT_REFUSED = 2


class Command(BaseCommand):
    """``manage.py export_intents``: exit status 0 when done, 2 when the file cannot be written."""

    help = (
        "Write the active phrasings of all intents that are not archived, in a stable order: to a file, or "
        "without one to the standard output. A CSV imports into an empty workspace as the same set."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path, nargs="?", help="the file to write; default: standard output")
        parser.add_argument("--format", choices=sorted(FORMATS), default="csv", dest="file_format")
        parser.add_argument("--json", type=Path, metavar="FILE", help="write the counts to FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path | None = options["path"]
        phrasings = phrasings_export()
        text = text_of(phrasings, options["file_format"])
        counts = {"phrasings": len(phrasings), "intents": len({p.label for p in phrasings})}
        try:
            if path is None:
                self.stdout.write(text, ending="")
            else:
                path.write_text(text, encoding="utf-8", newline="")
            if options["json"]:
                options["json"].write_text(json.dumps(counts, indent=2))
        except OSError as error:
            self.stderr.write(f"Refused: {error.filename} cannot be written: {error.strerror}.")
            sys.exit(EXIT_REFUSED)
        if path is not None and options["verbosity"] > 0:
            self.stdout.write(f"{counts['phrasings']} phrasings of {counts['intents']} intents.")
