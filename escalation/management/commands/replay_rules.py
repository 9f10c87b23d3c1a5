"""Replay the last weeks under the live rules, or under a change of them, here and now."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.errors import DomainError, InvalidInput
from escalation.backtest.candidate import DISABLE, ENABLE, NUMBER, Change
from escalation.backtest.figures import SETTLED, TO_A_PERSON
from escalation.backtest.readout import change_says, figure_lines, rule_lines
from escalation.backtest.replaying import DAYS, KINDS, MAX_CASES, Settings, default_minutes, replay_here
from escalation.backtest.rules import dials, trial_of

BAR_WIDTH = 30
UNREAD, REFUSED = 1, 2


class Command(BaseCommand):
    """``manage.py replay_rules``: exit status 0 when done, 1 with tickets still unread, 2 when refused."""

    help = (
        "Replay turns and closed tickets of the last days under the live rules and, with --rule, --without "
        "or --threshold, under a change of them. Keeps nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--rule", type=int, metavar="ID", help="try a rule's newest version, as if enabled")
        what.add_argument("--without", type=int, metavar="ID", help="try the rules without this one")
        parser.add_argument(
            "--threshold",
            metavar="NAME=VALUE",
            help="try a number, such as minimum_confidence=0.6: of --rule, else of the one rule that has it",
        )
        parser.add_argument("--days", type=int, default=DAYS, help=f"how far back ({DAYS})")
        parser.add_argument("--minutes", type=float, help="of a person an escalation (median of real ones)")
        parser.add_argument("--questions", choices=(TO_A_PERSON, SETTLED), default=TO_A_PERSON)
        parser.add_argument("--cases", choices=KINDS, help="turns or tickets only")
        parser.add_argument("--read", type=int, default=0, metavar="N", help="read up to N tickets first")
        parser.add_argument("--json", type=Path, metavar="FILE", help="write the result to FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            content = self._replay(options)
        except DomainError as refusal:
            content = {"code": refusal.code, "message": refusal.message, "extra": refusal.extra}
            self.stderr.write(f"Refused: {refusal.message}")
        if options["json"]:
            try:
                options["json"].write_text(json.dumps(content, indent=2, ensure_ascii=False))
            except OSError as error:
                raise CommandError(f"{options['json']} cannot be written: {error}") from error
        if "code" in content:
            sys.exit(REFUSED)
        if content["tickets"]["unread"]:
            sys.exit(UNREAD)

    def _replay(self, options: dict[str, Any]) -> dict[str, Any]:
        minutes = default_minutes()[0] if options["minutes"] is None else options["minutes"]
        kinds = (options["cases"],) if options["cases"] else KINDS
        settings = Settings(options["days"], minutes, options["questions"], kinds)
        settings.check()
        change = _change(options)
        trial = trial_of(change)
        done = replay_here(trial, settings, read=options["read"], show=self._show)
        name = next((r["name"] for r in (*trial.rows, *trial.live_rows) if r["id"] == change.rule_id), "")
        self.stdout.write(change_says(trial.change, name))
        self._table(done)
        return {
            "change": asdict(trial.change),
            "settings": asdict(settings),
            "rule_set": trial.live_number,
            "limit": MAX_CASES,
            "digest": done.digest,
            **done.content,
        }

    def _table(self, done: Any) -> None:
        for line in figure_lines(done.before, done.after):
            self.stdout.write(f"{line.label:<22} {line.before:<58} → {line.after}")
        self.stdout.write("")
        for rule in rule_lines(done.content):
            self.stdout.write(f"{rule.before:>8,} → {rule.after:>8,}  {rule.name} (needed: {rule.precision})")
        flips, unread = done.content["flips"], done.content["tickets"]["unread"]
        self.stdout.write(f"{sum(flips.values()):,} cases flip: {flips}" if flips else "No case flips.")
        if unread:
            self.stderr.write(f"Note: {unread:,} closed tickets are not read yet; see --read.")

    def _show(self, done: int, total: int, message: str = "") -> None:
        """Draw the progress bar, on a terminal only."""
        if not self.stderr.isatty() or total <= 0:
            return
        filled = BAR_WIDTH * done // total
        self.stderr.write(
            f"\r[{'█' * filled}{'·' * (BAR_WIDTH - filled)}] {message[:40]:<40}",
            ending="\n" if done >= total else "",
        )


def _change(options: dict[str, Any]) -> Change:
    if options["threshold"]:
        if options["without"]:
            raise InvalidInput("--threshold does not go with --without.", code="bad_change")
        return _number(options["threshold"], options["rule"])
    if options["rule"]:
        return Change(ENABLE, options["rule"])
    if options["without"]:
        return Change(DISABLE, options["without"])
    return Change()


def _number(text: str, rule_id: int | None) -> Change:
    name, separator, value = (part.strip() for part in text.partition("="))
    try:
        number = float(value)
    except ValueError as error:
        raise InvalidInput("Write the threshold as NAME=VALUE.", code="bad_threshold") from error
    having = [dial for dial in dials() if dial.name == name and rule_id in (None, dial.rule_id)]
    if not separator or len(having) != 1:
        known = ", ".join(sorted({dial.name for dial in dials()}))
        why = "Several rules have it: say which by --rule." if len(having) > 1 else f"There are: {known}."
        raise InvalidInput(f"No single rule has a number {name!r}. {why}", code="unknown_number")
    return Change(NUMBER, having[0].rule_id, name=name, value=having[0].setting(number))
