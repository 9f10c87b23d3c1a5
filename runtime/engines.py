"""The engines that turns are taken with, outside of tests."""

from __future__ import annotations

from escalation.engine import decide
from escalation.language import handoff_message
from escalation.selectors import live_rule_set
from escalation.sensing import sense
from escalation.teams.selectors import team_assigned
from intents.inference import classify
from intents.selectors import intent_profile
from kb.retrieval import linked_url, search
from runtime.actions.services import action_run
from runtime.drafting.live import draft_answer
from runtime.flows.runs import active_flow
from runtime.turn_state import Engines
from runtime.waiting.estimates import wait_seconds_estimate

LIVE = Engines(
    rule_set=live_rule_set,
    sense=sense,
    classify=classify,
    intent_profile=intent_profile,
    search=search,
    decide=decide,
    assign_team=team_assigned,
    wait_seconds=wait_seconds_estimate,
    handoff_message=handoff_message,
    article_url=linked_url,
    active_flow=active_flow,
    run_action=action_run,
    draft=draft_answer,
)
