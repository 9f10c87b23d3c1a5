"""Build the demo workspace: people, articles, intents, a live model, rules, an API key."""

from __future__ import annotations

import json
import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.errors import DomainError
from supportadmin import quickstart


class Command(BaseCommand):
    """Fill an installation with the demo company Larkstow."""

    help = "Build the demo workspace and print how to get in. Safe to repeat: what is there stays."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--if-empty", action="store_true", help="do nothing where there are people already"
        )
        parser.add_argument("--json", type=Path, help="also write the outcome to this file")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["if_empty"] and not quickstart.is_needed():
            return
        url = f"http://127.0.0.1:{os.environ.get('PORT', '8000')}"
        self.stdout.write("Building the demo workspace (about a minute):")
        try:
            kept = quickstart.quickstart(url=url, say=lambda line: self.stdout.write(f"  ✓ {line}"))
        except DomainError as refusal:
            raise CommandError(refusal.message, returncode=2) from refusal
        if options["json"]:
            options["json"].write_text(json.dumps({"username": kept["username"], "url": url}) + "\n")
