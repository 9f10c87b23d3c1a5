"""Import articles of another system or a Markdown folder, one by one, through review by a second person."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from core.actors import Actor
from core.errors import DomainError, InvalidInput
from core.models import User
from core.permissions import require
from kb.exchange.applying import Result, rows_apply
from kb.exchange.audience_mapping import AudienceMapping, mapping_of, mapping_of_text
from kb.exchange.contracts import CONFLICT, OUTCOMES, REJECTED, SKIPPED, SYSTEMS, counts_of
from kb.exchange.planning import Planner
from kb.exchange.reading import Reading, read
from kb.exchange.vocabulary import vocabulary_ensure

EXIT_REJECTED, EXIT_REFUSED = 1, 2
LISTED = {CONFLICT: "conflicts", SKIPPED: "skipped", REJECTED: "rejected"}


class Command(BaseCommand):
    """``manage.py import_articles``: exit status 0 when done, 1 with rejected rows, 2 when refused."""

    help = (
        "Import a folder or zip of Markdown files with front matter, or the JSON of Zendesk Help Center or "
        "Freshdesk Solutions. Each article goes through the same review as one written here; an unchanged "
        "one makes no revision; what was changed here and there is left for a person."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path)
        parser.add_argument("--source", choices=SYSTEMS, default="markdown")
        parser.add_argument("--author", required=True, metavar="USERNAME", help="who writes the revisions")
        parser.add_argument(
            "--reviewer",
            metavar="USERNAME",
            help="who approves and publishes them; without, they stay drafts",
        )
        parser.add_argument(
            "--mapping", type=Path, metavar="FILE", help="which segment or folder is which audience, as JSON"
        )
        parser.add_argument("--json", type=Path, metavar="FILE", help="write the result to FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["path"]
        system: str = options["source"]
        try:
            author = _actor(options["author"])
            reviewer = _actor(options["reviewer"]) if options["reviewer"] else None
            require(author, "kb.add_article")
            if not path.exists():
                raise InvalidInput(f"{path} does not exist.")
            reading = read(path, system, _mapping(options["mapping"]))
        except DomainError as refusal:
            self.stderr.write(f"Refused: {refusal.message}")
            sys.exit(EXIT_REFUSED)
        results = self._apply(reading, system, author, reviewer, loud=options["verbosity"] > 0)
        said = _said(results)
        if options["json"]:
            options["json"].write_text(json.dumps(said, indent=2, ensure_ascii=False))
        if options["verbosity"] > 0:
            self._report(results)
        if said["rejected"]:
            sys.exit(EXIT_REJECTED)

    def _apply(
        self, reading: Reading, system: str, author: Actor, reviewer: Actor | None, *, loud: bool
    ) -> list[Result]:
        vocabulary_ensure(actor=author, vocabulary=reading.vocabulary)
        planner = Planner(actor=author, system=system, vocabulary=reading.vocabulary)
        results = []
        applied = rows_apply(actor=author, planner=planner, rows=reading.rows, reviewer=reviewer)
        for number, result in enumerate(applied, start=1):
            results.append(result)
            if loud and self.stdout.isatty():
                self.stdout.write(f"\r{number} of {len(reading.rows)} articles", ending="")
        return results

    def _report(self, results: list[Result]) -> None:
        counts = counts_of(result.outcome for result in results)
        self.stdout.write(", ".join(f"{name}: {count}" for name, count in counts.items()))
        for result in results:
            if result.outcome in LISTED:
                self.stderr.write(f"{result.row.where}: {result.outcome}: {result.reason}")
            elif result.reason:
                self.stdout.write(f"{result.row.where}: {result.outcome}. {result.reason}")


def _said(results: list[Result]) -> dict[str, Any]:
    """Return the result as the JSON file holds it: counts, and the rows that somebody has to look at."""
    counts: dict[str, Any] = counts_of(result.outcome for result in results)
    counts["counts"] = dict(counts)
    for outcome in OUTCOMES:
        rows = [
            {"file": result.row.where, "title": result.row.title, "reason": result.reason}
            for result in results
            if result.outcome == outcome
        ]
        if outcome in LISTED:
            counts[LISTED[outcome]] = rows
        elif any(row["reason"] for row in rows):
            counts.setdefault("notes", []).extend(row for row in rows if row["reason"])
    return {"files": len(results), **counts}


def _actor(username: str) -> Actor:
    user = User.objects.filter(username=username, is_active=True).first()
    if user is None:
        raise InvalidInput(f"There is no user {username}.", code="unknown_user")
    return Actor.of_user(user)


def _mapping(path: Path | None) -> AudienceMapping:
    if path is None:
        return AudienceMapping()
    try:
        return mapping_of(mapping_of_text(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path} cannot be read: {error}.", code="unreadable") from error
