"""Import phrasings from CSV, Rasa or Dialogflow: unknown intents become drafts."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from core.actors import Actor
from core.errors import DomainError
from intents.exchange.applying import phrasings_import
from intents.exchange.contracts import SOURCES
from intents.exchange.planning import REFUSED, Plan, plan
from intents.exchange.reading import read

EXIT_REJECTED, EXIT_REFUSED = 1, 2
BAR = 30


class Command(BaseCommand):
    """``manage.py import_intents``: exit status 0 when done, 1 with refused rows, 2 when nothing came in."""

    help = (
        "Import phrasings: a CSV (text, label, and where known source_ref and origin), Rasa's nlu.yml or a "
        "folder or zip of them, or the zip or folder of a Dialogflow ES or CX agent. Intents that are not "
        "there yet become drafts. A phrasing without a source is synthetic and never counts to the eight."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path)
        parser.add_argument("--source", choices=SOURCES, default="csv")
        parser.add_argument("--dry-run", action="store_true", help="say what would be, write nothing")
        parser.add_argument("--json", type=Path, metavar="FILE", help="write the result to FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        loud: bool = options["verbosity"] > 0
        try:
            reading = read(options["path"], options["source"])
            if options["dry_run"]:
                found = plan(reading)
            else:
                progress = self._bar if loud and self.stdout.isatty() else _silent
                actor = Actor.system("import_intents")
                found = phrasings_import(actor=actor, reading=reading, progress=progress)
        except DomainError as refusal:
            self.stderr.write(f"Refused: {refusal.message}")
            sys.exit(EXIT_REFUSED)
        if options["json"]:
            options["json"].write_text(json.dumps(_said(found), indent=2, ensure_ascii=False))
        if loud:
            self._report(found, "would be " if options["dry_run"] else "")
        if found.counts[REFUSED]:
            sys.exit(EXIT_REJECTED)

    def _bar(self, done: int, total: int) -> None:
        filled = BAR * done // max(1, total)
        ending = "\n" if done == total else ""
        self.stdout.write(f"\r[{'#' * filled}{'.' * (BAR - filled)}] {done} of {total}", ending=ending)

    def _report(self, found: Plan, would: str) -> None:
        counts = found.counts
        self.stdout.write(
            f"{counts['created']} phrasings {would}created, {counts['unchanged']} unchanged, "
            f"{counts['refused']} refused."
        )
        if found.new_intents:
            self.stdout.write(f"New intents, as drafts: {', '.join(found.new_intents)}.")
        for kind, count in found.ignored.items():
            self.stdout.write(f"Left out: {count} {kind}.")
        for row in found.rows:
            if row.outcome == REFUSED:
                self.stderr.write(f"{row.where}: {row.reason} “{row.text[:80]}”")


def _said(found: Plan) -> dict[str, Any]:
    """Return the result as the JSON file holds it: counts, and every refused row."""
    return {
        **found.counts,
        "new_intents": found.new_intents,
        "ignored": found.ignored,
        "rejected": [asdict(row) for row in found.rows if row.outcome == REFUSED],
    }


def _silent(done: int, total: int) -> None:
    """Report progress to nobody."""
