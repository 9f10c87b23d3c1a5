"""Import a folder of Markdown articles, file by file, through review by a second person."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from core.actors import Actor
from core.errors import DomainError, InvalidInput
from core.models import User
from kb.article_files import ArticleFile, parse_article
from kb.importing import IncomingArticle, article_import
from kb.markdown import slug as slug_of

AUDIENCE_KINDS = {"user_types": "user_type", "tiers": "tier", "product_areas": "product_area"}
MAX_FILE_BYTES = 1_000_000
EXIT_REJECTED, EXIT_REFUSED = 1, 2


class Command(BaseCommand):
    """``manage.py import_articles``: exit status 0 when done, 1 with rejected files, 2 when refused."""

    help = (
        "Import Markdown files with front matter (slug, title, audience, pages, labels, owner). Each goes "
        "through the same review as an article written here; an unchanged file makes no revision."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path)
        parser.add_argument("--source", choices=["markdown"], default="markdown")
        parser.add_argument("--author", required=True, metavar="USERNAME", help="who writes the revisions")
        parser.add_argument(
            "--reviewer",
            metavar="USERNAME",
            help="who approves and publishes them; without, they stay drafts",
        )
        parser.add_argument("--json", type=Path, metavar="FILE", help="write the result to FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            author = _actor(options["author"])
            reviewer = _actor(options["reviewer"]) if options["reviewer"] else None
            if not options["path"].is_dir():
                raise InvalidInput(f"{options['path']} is not a folder.")
        except DomainError as refusal:
            self.stderr.write(f"Refused: {refusal.message}")
            sys.exit(EXIT_REFUSED)
        result = self._import(options["path"], author, reviewer, loud=options["verbosity"] > 0)
        if options["json"]:
            options["json"].write_text(json.dumps(result, indent=2))
        if result["rejected"]:
            sys.exit(EXIT_REJECTED)

    def _import(self, folder: Path, author: Actor, reviewer: Actor | None, *, loud: bool) -> dict[str, Any]:
        paths = sorted(folder.rglob("*.md"))
        counts = {"created": 0, "updated": 0, "unchanged": 0}
        rejected: list[dict[str, str]] = []
        for number, path in enumerate(paths, start=1):
            try:
                outcome = article_import(
                    actor=author,
                    reviewer=reviewer or author,
                    incoming=_incoming(_read(path)),
                    publish=reviewer is not None,
                )
            except DomainError as refusal:
                rejected.append({"file": str(path.relative_to(folder)), "reason": refusal.message})
            else:
                kind = "created" if outcome.created else "updated" if outcome.changed else "unchanged"
                counts[kind] += 1
            if loud and self.stdout.isatty():
                self.stdout.write(f"\r{number} of {len(paths)} files", ending="")
        if loud:
            self.stdout.write(f"\n{counts}, rejected: {len(rejected)}")
            for row in rejected:
                self.stderr.write(f"{row['file']}: {row['reason']}")
        return {"files": len(paths), **counts, "rejected": rejected}


def _actor(username: str) -> Actor:
    user = User.objects.filter(username=username, is_active=True).first()
    if user is None:
        raise InvalidInput(f"There is no user {username}.", code="unknown_user")
    return Actor.of_user(user)


def _read(path: Path) -> ArticleFile:
    if path.stat().st_size > MAX_FILE_BYTES:
        raise InvalidInput(f"The file is larger than {MAX_FILE_BYTES} bytes.", code="too_long")
    return parse_article(path.read_text(encoding="utf-8", errors="replace"), name=path.stem)


def _incoming(file: ArticleFile) -> IncomingArticle:
    """Read the front matter; an article that names no audience stays without one."""
    facts = file.metadata
    stated = facts.get("audience")
    audience: dict[str, Any] = stated if isinstance(stated, dict) else {}
    owner = User.objects.filter(username=str(facts.get("owner", "")), is_active=True).first()
    return IncomingArticle(
        slug=str(facts.get("slug") or slug_of(file.article_id)),
        title=file.title,
        body=file.markdown,
        for_everyone=str(audience.get("everyone", "")).lower() == "true",
        audience=[
            (kind, value) for name, kind in AUDIENCE_KINDS.items() for value in _texts(audience.get(name))
        ],
        pages=_texts(facts.get("pages")),
        labels=_texts(facts.get("labels")),
        owner_id=owner.pk if owner else None,
    )


def _texts(value: Any) -> list[str]:
    """Return a list of texts from front matter, where one value may stand without brackets."""
    values = value if isinstance(value, list) else [value] if value else []
    return [str(item) for item in values]
