"""Replay closed tickets with a model version, the live rules and the live index, here and now. Read only."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.actors import Actor
from core.errors import DomainError
from pilot.models import ReplayRun
from pilot.replay.running import DEFAULT_TICKETS, Asked, replay_here
from pilot.replay.summary import AGREEMENTS, DECISIONS, GROUPS, shares_of

BAR_WIDTH = 30
NOTHING_UNSEEN, REFUSED = 1, 2


class Command(BaseCommand):
    """``manage.py replay_tickets``: 0 when done, 1 where the model has seen every ticket, 2 when refused."""

    help = "Replay the newest closed tickets of a scope in order of time; nothing is sent, begun or changed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--channel", default="", help="only tickets of this channel")
        parser.add_argument("--category", type=int, metavar="ID", help="only tickets of this category")
        parser.add_argument("--since", type=date.fromisoformat, metavar="YYYY-MM-DD", help="first day")
        parser.add_argument("--until", type=date.fromisoformat, metavar="YYYY-MM-DD", help="last day")
        parser.add_argument(
            "--tickets", type=int, default=DEFAULT_TICKETS, help=f"at most ({DEFAULT_TICKETS})"
        )
        parser.add_argument(
            "--model", type=int, metavar="N", help="version of the intent model (the live one)"
        )
        parser.add_argument("--json", type=Path, metavar="FILE", help="write the result to FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        asked = Asked(
            channel=options["channel"],
            category_id=options["category"],
            since=options["since"],
            until=options["until"],
            limit=options["tickets"],
            model_version=options["model"],
        )
        run: ReplayRun | None = None
        try:
            run = replay_here(actor=Actor.system("replay_tickets"), asked=asked, show=self._show)
            content = replay_content(run)
        except DomainError as refusal:
            content = {"code": refusal.code, "message": refusal.message, "extra": refusal.extra}
            self.stderr.write(f"Refused: {refusal.message}")
        if options["json"]:
            try:
                options["json"].write_text(json.dumps(content, indent=2, ensure_ascii=False))
            except OSError as error:
                raise CommandError(f"{options['json']} cannot be written: {error}") from error
        if run is None:
            sys.exit(REFUSED)
        self._table(run)
        if run.seen == run.tickets:
            sys.exit(NOTHING_UNSEEN)

    def _table(self, run: ReplayRun) -> None:
        for group, title in GROUPS.items():
            self.stdout.write(f"{title}:")
            shares = shares_of(run.summary, group)
            for name, label in (DECISIONS | AGREEMENTS).items():
                self.stdout.write(f"  {label:<58} {shares[name].with_interval()}")
        rate = run.tickets / run.seconds if run.seconds else 0
        self.stdout.write(
            f"{run.tickets:,} tickets, {run.seen:,} of them seen in training and left out of every share, "
            f"{run.newer:,} newer than the training; {rate:.0f} tickets a second; digest {run.digest}"
        )

    def _show(self, done: int, total: int, message: str = "") -> None:
        """Draw the progress bar, on a terminal only."""
        if not self.stderr.isatty() or total <= 0:
            return
        filled = BAR_WIDTH * done // total
        self.stderr.write(
            f"\r[{'█' * filled}{'·' * (BAR_WIDTH - filled)}] {message[:40]:<40}",
            ending="\n" if done >= total else "",
        )


def replay_content(run: ReplayRun) -> dict[str, Any]:
    """Return a run as JSON can hold it, with each ticket's result and no customer's words."""
    fields = (
        *(
            "ticket_id",
            "decision",
            "reason",
            "intent",
            "confidence",
            "is_fallback",
            "rule_trigger",
            "rule_id",
        ),
        *("article_id", "anchor", "actions", "failed_step", "expected", "needed", "seen", "newer"),
    )
    return {
        "replay": run.pk,
        "bundle": run.bundle,
        "tickets": run.tickets,
        "seen": run.seen,
        "newer": run.newer,
        "summary": run.summary,
        "digest": run.digest,
        "seconds": run.seconds,
        "results": list(run.results.order_by("number").values(*fields)),
    }
