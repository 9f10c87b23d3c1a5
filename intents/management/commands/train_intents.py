"""Train the intent classifier here and now, with the same services as the admin."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from core.actors import Actor
from core.errors import DomainError
from intents.models import ModelVersion, Release
from intents.services import release_activate, training_prepare, training_run

BAR_WIDTH = 30
EXIT_REFUSED = 2


class Command(BaseCommand):
    """``manage.py train_intents``: exit status 0 when done, 2 when refused."""

    help = (
        "Train a model version on the active examples and evaluate it. The same examples give the version "
        "that exists already. With --activate the version goes live."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--activate", action="store_true", help="make the version live")
        parser.add_argument("--json", type=Path, metavar="FILE", help="write the result to FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        actor = Actor.system("train_intents")
        try:
            result = self._train(actor, activate=options["activate"])
        except DomainError as refusal:
            result = {"code": refusal.code, "message": refusal.message, "extra": refusal.extra}
            self.stderr.write(f"Refused: {refusal.message}")
        if options["json"]:
            options["json"].write_text(json.dumps(result, indent=2))
        if "code" in result:
            sys.exit(EXIT_REFUSED)

    def _train(self, actor: Actor, *, activate: bool) -> dict[str, Any]:
        start = training_prepare(actor=actor)
        for warning in start.warnings:
            self.stderr.write(f"Note: {warning}")
        version = training_run(version_id=start.version.pk, progress=self._show)
        self._report(version, start.is_new)
        release = Release.objects.live().first()
        if activate and (release is None or release.model_version_id != version.pk):
            release = release_activate(actor=actor, version=version, note="train_intents --activate")
            self.stdout.write(f"{release} is live.")
        return {
            "version": version.number,
            "is_new": start.is_new,
            "snapshot": version.snapshot.sha256,
            "sha256": version.artefact_sha256,
            "threshold": version.threshold,
            "live_release": release.number if release else None,
            "metrics": version.metrics,
        }

    def _report(self, version: ModelVersion, is_new: bool) -> None:
        made = "trained" if is_new else "known already for these examples"
        metrics = version.metrics
        self.stdout.write(
            f"{version}: {made}. Accuracy {metrics['accuracy']:.3f}, macro F1 {metrics['macro_f1']:.3f}, "
            f"threshold {version.threshold:.3f}."
        )

    def _show(self, done: int, total: int, message: str = "") -> None:
        """Draw the progress bar, on a terminal only."""
        if not self.stderr.isatty() or total <= 0:
            return
        filled = BAR_WIDTH * done // total
        end = "\n" if done >= total else ""
        self.stderr.write(f"\r[{'█' * filled}{'·' * (BAR_WIDTH - filled)}] {message[:40]:<40}", ending=end)
