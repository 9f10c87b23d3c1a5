"""Play and check scenarios one after the other. Knows no rows: for runs, the editor and the command alike."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pilot.simulations.assertions import failures_of
from pilot.simulations.play import Stage, play
from pilot.simulations.script import Script
from pilot.simulations.transcript import Failure, PlayedTurn


@dataclass(frozen=True, slots=True)
class Judged:
    """How one scenario went; a scenario that expects nothing passes with no checks."""

    name: str
    sha256: str
    checks: int
    failures: tuple[Failure, ...]
    turns: tuple[PlayedTurn, ...]
    ms: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether every expectation was met."""
        return not self.failures

    def as_json(self) -> dict[str, Any]:
        """Return it as ``--json`` writes it and rows keep it."""
        return {
            "name": self.name,
            "sha256": self.sha256,
            "passed": self.passed,
            "checks": self.checks,
            "failures": [one.as_json() for one in self.failures],
            "transcript": [one.as_json() for one in self.turns],
            "ms": self.ms,
        }


def judged(script: Script, stage: Stage) -> Judged:
    """Play one scenario and check it."""
    started = time.perf_counter()
    turns = play(script, stage)
    failures = failures_of(script, turns)
    ms = round((time.perf_counter() - started) * 1000, 1)
    return Judged(script.name, script.sha256, script.check_count, failures, turns, ms)


def digest_of(results: Iterable[dict[str, Any]]) -> str:
    """Return one hash of what was answered: neither time nor version numbers count."""
    content = [
        {
            "name": one["name"],
            "sha256": one["sha256"],
            "passed": one["passed"],
            "failures": one["failures"],
            "transcript": [
                {name: value for name, value in turn.items() if name != "versions"}
                for turn in one["transcript"]
            ],
        }
        for one in results
    ]
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
