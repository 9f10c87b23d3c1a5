"""Load the six intents that the guide starts from; running it again changes nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from core.actors import Actor
from intents.services import starter_intents_load


class Command(BaseCommand):
    """``manage.py load_starter_intents``."""

    help = "Load the guide's six starter intents. Those that exist already stay as they are."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", type=Path, metavar="FILE", help="write the result to FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        created = [intent.slug for intent in starter_intents_load(actor=Actor.system("load_starter_intents"))]
        self.stdout.write(f"Created {len(created)} intents{': ' if created else '.'}{', '.join(created)}")
        if options["json"]:
            options["json"].write_text(json.dumps({"created": created}))
