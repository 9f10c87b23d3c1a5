"""Rules and their history, back-tests, teams and the words of a handoff."""

from escalation.models.anger import AngerCalibration
from escalation.models.backtests import BacktestFlip, BacktestRun
from escalation.models.history import Immutable
from escalation.models.rules import Rule, RuleSetVersion, RuleVersion
from escalation.models.templates import HandoffTemplate
from escalation.teams.models import HandoffRoute, HoursException, OpeningHours, Team

__all__ = [
    "AngerCalibration",
    "BacktestFlip",
    "BacktestRun",
    "HandoffRoute",
    "HandoffTemplate",
    "HoursException",
    "Immutable",
    "OpeningHours",
    "Rule",
    "RuleSetVersion",
    "RuleVersion",
    "Team",
]
