"""Sort closed tickets into categories and check the knowledge base against them, here and now."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from core.actors import Actor
from core.errors import DomainError
from kb.audit.running import audit_run as knowledge_base_audit_run
from supportadmin.audit_map import category_rows, current_map
from tickets.services import audit_run
from tickets.services.classifying import Budget

ACTOR = Actor.system("run_audit")
REFUSED = 2
DAY = 86_400


class Command(BaseCommand):
    """``manage.py run_audit``: exit status 0 when done, 2 when refused."""

    help = "Sort all closed tickets that count, check the knowledge base, and print the map in short."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--anew", action="store_true", help="retire the categories and propose others")
        parser.add_argument("--json", type=Path, metavar="FILE", help="write the whole map to FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            audit_run(actor=ACTOR, budget=Budget.of(DAY, self._progress), anew=options["anew"])
            knowledge_base_audit_run(actor=ACTOR, categories=[asdict(row) for row in category_rows()])
        except DomainError as refusal:
            self.stderr.write(f"Refused: {refusal.message}")
            sys.exit(REFUSED)
        content = current_map().content
        if options["json"]:
            options["json"].write_text(json.dumps(content, indent=2, ensure_ascii=False))
        for row in content["categories"]:
            figures = row["figures"]
            self.stdout.write(
                f"{figures['tickets']:>7,}  {100 * row['cumulative_share']:>3.0f} %  {row['name']}"
            )
        self.stdout.write(f"{content['total']['tickets']:>7,}         all tickets")

    def _progress(self, done: int, total: int, message: str) -> None:
        if self.stdout.isatty():
            self.stdout.write(f"\r{message}: {done} of {total}   ", ending="")
            self.stdout.flush()
