"""The demo's back-test: a draft of a stricter rule, and a run of it that the worker makes after the start.

The run reads the newest few hundred closed tickets, once the audit has sorted them.
"""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from core.actors import Actor
from escalation.backtest.candidate import ENABLE, Change
from escalation.backtest.replaying import Settings
from escalation.backtest.running import backtest_jobs, backtest_start
from escalation.models import BacktestRun, Rule
from escalation.services import rule_create
from escalation.triggers import LOW_CONFIDENCE, SOFT

NAME = "Ask before answering what is only likely"
MINIMUM_CONFIDENCE = 0.6
AFTER = timedelta(minutes=4)  # the audit has sorted the tickets by then


def backtest_queue(*, lead: Actor) -> None:
    """Add the draft and queue its run, unless there are any. Idempotent."""
    rule = Rule.objects.filter(name=NAME).first() or rule_create(
        actor=lead,
        name=NAME,
        kind=SOFT,
        trigger=LOW_CONFIDENCE,
        parameters={"minimum_confidence": MINIMUM_CONFIDENCE},
        clarify_first=1,
        priority=39,
    )
    if BacktestRun.objects.exists() or backtest_jobs():
        return
    backtest_start(
        actor=lead,
        change=Change(ENABLE, rule.pk),
        settings=Settings(),
        not_before=timezone.now() + AFTER,
    )
