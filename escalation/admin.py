"""The admin pages of escalation, each in a module of its own."""

from escalation.backtest.pages.runs import BacktestRunAdmin
from escalation.rule_admin import RuleAdmin
from escalation.rule_set_admin import RuleSetVersionAdmin
from escalation.teams.admin import HandoffRouteAdmin, TeamAdmin
from escalation.template_admin import HandoffTemplateAdmin

__all__ = [
    "BacktestRunAdmin",
    "HandoffRouteAdmin",
    "HandoffTemplateAdmin",
    "RuleAdmin",
    "RuleSetVersionAdmin",
    "TeamAdmin",
]
