"""Pull closed tickets from a help desk's API, here and now."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from core.actors import Actor
from core.errors import DomainError, InvalidInput
from tickets.help_desks import VARIABLES, help_desk_client, open_pull
from tickets.models import ImportBatch
from tickets.selectors import import_report
from tickets.services import pull_apply, pull_create, pull_take_up
from tickets.workflow import DEFAULT_WINDOW_DAYS, DONE

EXIT_REJECTED, EXIT_REFUSED = 1, 2
SHOWN_REJECTIONS = 20
ACTOR = Actor.system("pull_tickets")


class Command(BaseCommand):
    """``manage.py pull_tickets``: exit status 0 when done, 1 with rejected tickets, 2 when refused."""

    help = (
        "Pull closed tickets from a help desk. Only tickets closed within the window count. Credentials are "
        "read from the environment: "
        + "; ".join(f"{source}: {', '.join(names)}" for source, names in VARIABLES.items())
        + ". Run it again after a break and it goes on where it was."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--source", choices=sorted(VARIABLES), required=True)
        parser.add_argument("--url", required=True, help="such as https://acme.zendesk.com")
        parser.add_argument("--days", type=int, default=DEFAULT_WINDOW_DAYS, metavar="N")
        parser.add_argument("--json", type=Path, metavar="FILE", help="write the result to FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        self._is_loud = options["verbosity"] > 0
        started = time.monotonic()
        try:
            batch = self._pull(options["source"], options["url"].rstrip("/"), options["days"])
        except DomainError as refusal:
            self.stderr.write(f"Refused: {refusal.message}")
            sys.exit(EXIT_REFUSED)
        result = import_report(batch, seconds=time.monotonic() - started, rejections=SHOWN_REJECTIONS)
        if options["json"]:
            options["json"].write_text(json.dumps(result, indent=2))
        self._say(result)
        if batch.rejected:
            sys.exit(EXIT_REJECTED)

    def _pull(self, source: str, address: str, days: int) -> ImportBatch:
        help_desk_client(source, address)  # refuses a bad address or missing credentials before anything else
        batch = pull_take_up(actor=ACTOR, source=source, address=address, window_days=days) or pull_create(
            actor=ACTOR, source=source, address=address, window_days=days
        )
        if batch.rows_in and self._is_loud:
            self.stdout.write(f"Going on after {batch.rows_in} tickets.")
        batch = pull_apply(actor=ACTOR, batch=batch, pull=open_pull(batch), progress=self._progress)
        if batch.state != DONE:
            raise InvalidInput(
                f"Stopped after {batch.rows_in} tickets; run it again to go on.", code="stopped"
            )
        return batch

    def _progress(self, done: int, total: int, message: str) -> None:
        if self._is_loud and self.stdout.isatty():
            self.stdout.write(f"\r{message}", ending="")
            self.stdout.flush()

    def _say(self, result: dict[str, Any]) -> None:
        if not self._is_loud:
            return
        if self.stdout.isatty():
            self.stdout.write("")
        names = ("rows_in", "created", "updated", "unchanged", "rejected", "outside_window", "not_closed")
        self.stdout.write(", ".join(f"{name}: {result[name]}" for name in names))
        for row in result["rejections"]:
            self.stderr.write(f"ticket {row['line']}: {row['message']} ({row['code']})")
