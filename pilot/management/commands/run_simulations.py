"""Play scripted conversations here and now: of files, or of the suites in the admin."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.actors import Actor
from core.errors import DomainError, InvalidInput, NotFound
from intents.models import ModelVersion
from pilot.models import SimulationRun, Suite
from pilot.simulations import workflow
from pilot.simulations.comparing import LABELS, SAME, counts_of, runs_compare
from pilot.simulations.folder import suites_read
from pilot.simulations.judging import digest_of, judged
from pilot.simulations.junit import junit_xml
from pilot.simulations.running import results_of, simulation_cancel, simulation_run, simulation_start
from pilot.simulations.staging import bundle_of, stage_set

BAR_WIDTH = 30
SOME_FAILED, REFUSED = 1, 2
Results = list[dict[str, Any]]


class Command(BaseCommand):
    """``manage.py run_simulations``: exit status 0 all passed, 1 some failed, 2 refused."""

    help = (
        "Play scenarios through the live engines with pretended actions; nothing is sent. PATH is a file or "
        "folder of YAML or JSON, which is not stored; --suite and --all play what is kept in the admin, and "
        "keep the run."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        what = parser.add_mutually_exclusive_group()
        what.add_argument("path", nargs="?", type=Path, metavar="PATH", help="a file or folder of scenarios")
        what.add_argument("--suite", metavar="NAME", help="a suite of the admin")
        what.add_argument("--all", action="store_true", help="every suite of the admin (the default)")
        parser.add_argument(
            "--model-version", type=int, metavar="N", help="a candidate in place of the live model"
        )
        parser.add_argument("--junit", type=Path, metavar="FILE", help="write JUnit XML to FILE")
        parser.add_argument("--json", type=Path, metavar="FILE", help="write the results to FILE")
        parser.add_argument(
            "--compare", metavar="RUN", help="with an earlier run: its number, or a file that --json wrote"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            content = self._run(options)
        except DomainError as refusal:
            content = {"code": refusal.code, "message": refusal.message, "extra": refusal.extra}
            self.stderr.write(f"Refused: {refusal.message}")
        if options["json"]:
            _write(options["json"], json.dumps(content, indent=2, ensure_ascii=False).encode())
        if "code" in content:
            sys.exit(REFUSED)
        if content["failed"]:
            sys.exit(SOME_FAILED)

    def _run(self, options: dict[str, Any]) -> dict[str, Any]:
        version = _version(options["model_version"])
        before = _earlier(options["compare"])
        played = list(
            self._files(options["path"], version) if options["path"] else self._suites(options, version)
        )
        if options["junit"]:
            _write(options["junit"], junit_xml([(name, results) for name, results, _ in played]))
        results = [one for _, found, _ in played for one in found]
        failed = sum(not one["passed"] for one in results)
        self.stdout.write(f"{len(results) - failed:,} of {len(results):,} scenarios passed.")
        content = {
            "passed": len(results) - failed,
            "failed": failed,
            "digest": digest_of(results),
            "bundle": bundle_of([turn for one in results for turn in one["transcript"]]),
            "suites": [{"name": name, "run": run, "results": found} for name, found, run in played],
        }
        if before is not None:
            content["compared"] = self._compare(before, results)
        return content

    def _files(self, path: Path, version: ModelVersion | None) -> Iterator[tuple[str, Results, int | None]]:
        suites = suites_read(path)
        problems = [problem for suite in suites for problem in suite.problems]
        if problems:
            for problem in problems:
                self.stderr.write(problem)
            raise InvalidInput(
                f"{len(problems)} problems in the files; nothing was played. {problems[0]}",
                code="bad_scenario",
                extra={"problems": problems},
            )
        stage, done, total = stage_set(version), 0, sum(len(suite.scripts) for suite in suites)
        for suite in suites:
            results: Results = []
            for script in suite.scripts:
                self._show(done, total, script.name)
                results.append(judged(script, stage).as_json())
                done += 1
            self._show(done, total, "")
            self._report(suite.name, results)
            yield suite.name, results, None

    def _suites(
        self, options: dict[str, Any], version: ModelVersion | None
    ) -> Iterator[tuple[str, Results, int | None]]:
        rows = Suite.objects.filter(is_archived=False, scenarios__enabled=True).distinct().order_by("name")
        if options["suite"]:
            rows = Suite.objects.filter(name=options["suite"])
        suites = list(rows)
        if not suites:
            raise NotFound("There is no such suite, or none with scenarios.", code="no_suite")
        for number, suite in enumerate(suites):
            self._show(number, len(suites), suite.name)
            run = _played(suite, version)
            results = results_of(run)
            self._report(f"{suite.name} (run {run.pk})", results)
            yield suite.name, results, run.pk
        self._show(len(suites), len(suites), "")

    def _report(self, name: str, results: Results) -> None:
        failed = [one for one in results if not one["passed"]]
        self.stdout.write(f"{name}: {len(results) - len(failed)} of {len(results)} passed")
        for one in failed:
            self.stdout.write(f"  FAILED {one['name']}")
            for failure in one["failures"]:
                where = f"step {failure['step']}" if failure["step"] else "conversation"
                got = f"expected {failure['expected']}, got {failure['got']}"
                self.stdout.write(f"    {where}, {failure['check']}: {got}")

    def _compare(self, before: Results, results: Results) -> dict[str, Any]:
        compared = [one for one in runs_compare(before, results) if one.kind != SAME]
        for one in compared:
            self.stdout.write(f"  {LABELS[one.kind].upper()}: {one.name}")
        if not compared:
            self.stdout.write("Nothing has changed since the earlier run.")
        return {"counts": counts_of(compared), "changes": [one.as_json() for one in compared]}

    def _show(self, done: int, total: int, message: str) -> None:
        """Draw the progress bar, on a terminal only."""
        if not self.stderr.isatty() or total <= 0:
            return
        filled = BAR_WIDTH * done // total
        self.stderr.write(
            f"\r[{'█' * filled}{'·' * (BAR_WIDTH - filled)}] {message[:40]:<40}",
            ending="\n" if done >= total else "",
        )


def _played(suite: Suite, version: ModelVersion | None) -> SimulationRun:
    """Run a suite in this process, and keep the run."""
    actor = Actor.system("run_simulations")
    run = simulation_start(actor=actor, suite=suite, model_version=version, here=True)
    try:
        return simulation_run(run)
    except KeyboardInterrupt:
        simulation_cancel(actor=actor, run=run)
        raise


def _version(number: int | None) -> ModelVersion | None:
    if number is None:
        return None
    version = ModelVersion.objects.filter(number=number).first()
    if version is None:
        raise NotFound(f"There is no model version {number}.", code="no_such_version")
    return version


def _earlier(named: str | None) -> Results | None:
    """Return the results of an earlier run, from its number or from a file."""
    if not named:
        return None
    if named.isdecimal():
        run = SimulationRun.objects.filter(pk=int(named), state=workflow.DONE).first()
        if run is None:
            raise NotFound(f"There is no run {named} that was played to its end.", code="no_such_run")
        return results_of(run)
    try:
        suites: Sequence[Any] = json.loads(Path(named).read_text(encoding="utf-8"))["suites"]
        return [{**one, "transcript": one["transcript"]} for suite in suites for one in suite["results"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidInput(f"{named} is neither a run nor a file of --json.", code="no_such_run") from error


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error}") from error
