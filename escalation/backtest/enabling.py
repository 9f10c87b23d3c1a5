"""May this rule decide? Only after a back-test of exactly this version against the rules that decide now.

One call at the top of escalation.services.rule_enable. Writes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import Conflict
from escalation.backtest.candidate import ENABLE, rows_digest
from escalation.backtest.rules import live_rows
from escalation.models import BacktestRun, Rule

MISSING, STALE, READY = "missing", "stale", "ready"
SAYS = {
    MISSING: "Run the back-test of this version first: it shows which cases would go another way.",
    STALE: "The rules have changed since this version's back-test. Run it again against the rules of now.",
}


@dataclass(frozen=True, slots=True)
class Clearance:
    """Whether a rule's present version may be enabled, and the run that says so or is out of date."""

    state: str
    run: BacktestRun | None = None

    @property
    def message(self) -> str:
        """What to do, where it may not."""
        return SAYS.get(self.state, "")


def clearance_of(rule: Rule) -> Clearance:
    """Return what the newest back-test of the rule's present version allows (two queries)."""
    runs = BacktestRun.objects.filter(rule_id=rule.pk, rule_version=rule.version, change_kind=ENABLE)
    run = runs.order_by("-pk").first()
    if run is None:
        return Clearance(MISSING)
    return Clearance(READY if run.live_digest == rows_digest(live_rows()[1]) else STALE, run)


def enabling_check(rule: Rule) -> None:
    """Raise Conflict (``backtest_needed``) unless a run covers this version and the present rules."""
    clearance = clearance_of(rule)
    if clearance.state != READY:
        raise Conflict(
            clearance.message,
            code="backtest_needed",
            extra={"rule_version": rule.version, "state": clearance.state},
        )
