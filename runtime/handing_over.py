"""Hand a customer over in words: which team gets it, what wait is told, what is asked for.

Runs inside a turn, before anything is written. The steps raise what the engines raise: the pipeline notes it,
and the customer is handed over all the same. Decides neither whether to hand over (escalation.engine) nor how
anything is worded (escalation.language).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from escalation.contracts import Situation
from escalation.language import email_noted
from escalation.teams.routing import HandoffCase
from runtime.contact import email_find, email_masked
from runtime.contracts import TurnRequest
from runtime.turn_state import Context, Engines, Outcome


def team_assign(
    outcome: Outcome, request: TurnRequest, context: Context, engines: Engines
) -> Mapping[str, Any]:
    """Find the team of the handoff; an intent that is only guessed does not count."""
    outcome.locale = request.customer.locale or context.locale
    facts = outcome.facts
    case = HandoffCase(
        reason=outcome.decision.reason,
        intent="" if facts.is_fallback else facts.intent,
        tier=facts.tier,
        locale=outcome.locale,
    )
    outcome.team = engines.assign_team(case, at=context.now)
    return outcome.team.as_json()


def handoff_words(outcome: Outcome, request: TurnRequest, context: Context, engines: Engines) -> str:
    """Return what the customer reads. Off hours it asks for an e-mail address, once in a conversation."""
    team = outcome.team
    outcome.wait_seconds = engines.wait_seconds(team) if team.available else None
    if not team.available:
        outcome.contact_email = email_find(request.text) or ""
        outcome.asks_for_email = not outcome.contact_email and context.email_is_wanted()
    situation = Situation(
        wait_seconds=outcome.wait_seconds,
        off_hours=not team.available,
        opens_at=team.opens_at,
        now=context.now,
        time_zone=team.time_zone,
        asks_for_email=outcome.asks_for_email,
    )
    message = engines.handoff_message(
        outcome.decision.reason, situation=situation, locale=outcome.locale, tier=outcome.facts.tier
    )
    if outcome.contact_email:
        noted = email_noted(outcome.locale, email_masked(outcome.contact_email))
        message = f"{message}\n\n{noted}"
    said = outcome.flow.progress.reply if outcome.flow and outcome.flow.progress else ""
    return f"{said}\n\n{message}" if said else message
