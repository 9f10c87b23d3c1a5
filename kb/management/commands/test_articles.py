"""`manage.py test_articles`: ask every test question now; fails where too few find their article."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from core.actors import Actor
from kb.questions.asking import WITHIN
from kb.questions.running import GOOD_RECALL, check_run


class Command(BaseCommand):
    """Ask all test questions of all published articles, and keep the run."""

    help = (
        "Ask all test questions of all published articles. Ends with 1 where recall is below the mark or "
        "there is no question, so that a pipeline can stop."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take --json."""
        parser.add_argument("--json", action="store_true", help="Print the run as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask, print, and end with 0 or 1."""
        run = check_run(actor=Actor.system("test_articles"))
        passed = run.recall is not None and run.recall >= GOOD_RECALL
        if options["json"]:
            self.stdout.write(
                json.dumps(
                    {
                        "run": run.pk,
                        "articles": run.articles,
                        "too_few": run.too_few,
                        "asked": run.asked,
                        "found": run.found,
                        "recall_at_3": None if run.recall is None else round(run.recall, 4),
                        "wanted": GOOD_RECALL,
                        "passed": passed,
                        "index": run.index_number,
                        "failures": run.details,
                    },
                    ensure_ascii=False,
                )
            )
        else:
            self._say(run)
        if not passed:
            sys.exit(1)

    def _say(self, run: Any) -> None:
        for row in run.details:
            rank = f"rank {row['rank']}" if row["rank"] else "not found"
            self.stdout.write(f"{row['title']}: “{row['text']}” {rank}; first: {row['first'] or 'nothing'}")
        recall = "–" if run.recall is None else f"{run.recall:.2f}"
        self.stdout.write(
            f"recall@{WITHIN} {recall} (wanted {GOOD_RECALL}): {run.found} of {run.asked} questions; "
            f"{run.too_few} of {run.articles} articles have too few"
        )
