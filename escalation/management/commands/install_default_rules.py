"""Add the escalation rules and handoff messages that this version brings: `install_default_rules`."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from core.actors import Actor
from escalation.services import defaults_install


class Command(BaseCommand):
    """Install what is missing by name; in a workspace with rules the new ones stay off until enabled."""

    help = (
        "Add the default escalation rules and handoff messages that are not there yet. Where rules exist "
        "already, new ones are added switched off: look at them under Escalation → Rules and enable them."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", type=Path, help="also write the counts to this file")

    def handle(self, *args: Any, **options: Any) -> None:
        counts = defaults_install(actor=Actor.system("install_default_rules"))
        if options["json"]:
            options["json"].write_text(json.dumps(counts) + "\n")
        self.stdout.write(f"Added {counts['rules']} rules and {counts['templates']} messages.")
