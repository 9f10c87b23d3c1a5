"""Export articles as a folder of Markdown files with front matter, which import_articles reads."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from core.errors import DomainError
from kb.exchange.exporting import export_folder
from kb.models import Article

EXIT_REFUSED = 2


class Command(BaseCommand):
    """``manage.py export_articles``: exit status 0 when done, 2 when the folder cannot be written."""

    help = (
        "Write every article as a Markdown file with front matter, and vocabulary.yaml with the audiences "
        "and product pages. Importing the folder again changes nothing; another workspace gets it all."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)
        which = parser.add_mutually_exclusive_group()
        which.add_argument(
            "--published", action="store_true", help="the text that bots answer from, of live articles only"
        )
        which.add_argument(
            "--all",
            action="store_true",
            help="the newest text of every article that is not archived (default)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            counts = export_folder(options["folder"], Article.objects.all(), published=options["published"])
        except DomainError as refusal:
            self.stderr.write(f"Refused: {refusal.message}")
            sys.exit(EXIT_REFUSED)
        if options["verbosity"] > 0:
            self.stdout.write(f"{counts['files']} files, {counts['written']} of them new or changed.")
