"""The engines that turns are taken with, outside of tests."""

from __future__ import annotations

from escalation.engine import decide
from escalation.language import handoff_message
from escalation.selectors import live_rule_set
from intents.inference import classify
from intents.selectors import intent_profile
from kb.retrieval import linked_url, search
from runtime.actions.contracts import FAILED, ActionCall, ActionResult
from runtime.flows.runs import active_flow
from runtime.selectors import wait_seconds_estimate
from runtime.turn_state import Engines


def no_actions(call: ActionCall) -> ActionResult:
    """Answer honestly where no action is set up."""
    return ActionResult(FAILED, message=f"There is no action {call.action!r}.")


LIVE = Engines(
    rule_set=live_rule_set,
    classify=classify,
    intent_profile=intent_profile,
    search=search,
    decide=decide,
    wait_seconds=wait_seconds_estimate,
    handoff_message=handoff_message,
    article_url=linked_url,
    active_flow=active_flow,
    run_action=no_actions,
)
