"""Lint a folder of Markdown articles, as in a CI: no database is needed."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from kb.article_files import ArticleFile, parse_article
from kb.lint.contracts import Context, Finding, Severity
from kb.lint.running import RULES, count_by_severity, lint
from kb.markdown import outline

EXIT_FINDINGS, EXIT_REFUSED = 1, 2
FAILS: dict[str, tuple[Severity, ...]] = {
    "error": ("error",),
    "warning": ("error", "warning"),
    "never": (),
}


class Command(BaseCommand):
    """``manage.py lint_articles PATH``: exit status 0 when clean, 1 with findings, 2 when refused."""

    help = "Lint Markdown articles. Rules: " + "; ".join(f"{', '.join(r.ids)}: {r.asks_for}" for r in RULES)
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path, help="a folder of .md files, or one file")
        parser.add_argument(
            "--fail-on", choices=sorted(FAILS), default="error", help="which findings are a 1"
        )
        parser.add_argument("--ignore", action="append", default=[], metavar="RULE", help="such as X001")
        parser.add_argument("--json", type=Path, metavar="FILE", help="write the findings to FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        files = _read(options["path"])
        if not files:
            self.stderr.write(f"Refused: there is no Markdown file at {options['path']}.")
            sys.exit(EXIT_REFUSED)
        ignored, context = frozenset(options["ignore"]), Context(anchors=_anchors(files))
        found = [
            Found(file, finding)
            for file in files
            for finding in lint(file.article.title, file.article.markdown, context)
            if finding.rule not in ignored
        ]
        counts = count_by_severity([item.finding for item in found])
        if options["json"]:
            report: dict[str, Any] = {"articles": len(files), "findings": [item.as_json() for item in found]}
            report |= {str(severity): count for severity, count in counts.items()}
            options["json"].write_text(json.dumps(report, indent=2, ensure_ascii=False))
        if options["verbosity"] > 0:
            for item in found:
                self.stdout.write(str(item))
            self.stdout.write(
                f"{len(files)} articles: {counts['error']} errors, {counts['warning']} warnings, "
                f"{counts['info']} notes"
            )
        if any(counts[severity] for severity in FAILS[options["fail_on"]]):
            sys.exit(EXIT_FINDINGS)


@dataclass(frozen=True, slots=True)
class LintedFile:
    """A file with its path as it is shown, and how many lines stand before the article's text."""

    path: str
    article: ArticleFile
    offset: int


@dataclass(frozen=True, slots=True)
class Found:
    """One finding at its place in the file."""

    file: LintedFile
    finding: Finding

    def __str__(self) -> str:
        place = f"{self.file.path}:{self.line}:{self.finding.column}"
        return f"{place} {self.finding.severity} {self.finding.rule} {self.finding.message}"

    @property
    def line(self) -> int:
        """The line in the file; the title's findings stand at its first."""
        return self.finding.line + self.file.offset if self.finding.line else 1

    def as_json(self) -> dict[str, Any]:
        """Return it for --json."""
        return {
            "path": self.file.path,
            "line": self.line,
            "column": self.finding.column,
            "severity": self.finding.severity,
            "rule": self.finding.rule,
            "message": self.finding.message,
            "has_fix": self.finding.fix is not None,
        }


def _read(path: Path) -> list[LintedFile]:
    """Return the Markdown files at or below the path; undecodable bytes are replaced."""
    paths = [path] if path.is_file() else sorted(path.rglob("*.md"))
    files = []
    for found in paths:
        text = found.read_text(encoding="utf-8", errors="replace")
        article = parse_article(text, name=found.stem)
        before = text.find(article.markdown)
        shown = found.name if path.is_file() else found.relative_to(path).as_posix()
        files.append(LintedFile(shown, article, text[: max(0, before)].count("\n")))
    return files


def _anchors(files: list[LintedFile]) -> dict[str, frozenset[str]]:
    """Return the anchors of each article by its slug, or by its id where it has none."""
    return {
        str(file.article.metadata.get("slug") or file.article.article_id): frozenset(
            heading.anchor for heading in outline(file.article.markdown)
        )
        for file in files
    }
