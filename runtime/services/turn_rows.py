"""A turn as its row and as what the bot gets, from what the pipeline made of it. Writes nothing."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from runtime.contracts import Step, TurnRequest, TurnResult
from runtime.flows.interpreter import missing
from runtime.models import Conversation, Handoff, Turn
from runtime.selectors import rule_of, versions_of
from runtime.turn_state import Outcome


def turn_row(request: TurnRequest, outcome: Outcome, *, number: int, delivered: bool) -> Turn:
    """Return the turn as a row that is not saved yet."""
    facts, decision, found = outcome.facts, outcome.decision, outcome.classification
    known = bool(facts.intent)
    rule = decision.escalation
    exclusion = outcome.search.out_of_scope if outcome.search else None
    return Turn(
        number=number,
        text=request.text,
        page=request.page,
        decision=decision.action,
        reason=decision.reason,
        mode=outcome.placement.mode,
        pilot_id=outcome.placement.pilot_id,
        delivered=delivered,
        reply=outcome.reply,
        intent=facts.intent,
        confidence=facts.confidence if known else None,
        threshold=facts.threshold if known else None,
        margin=facts.margin if known else None,
        is_fallback=facts.is_fallback if known else None,
        alternatives=[asdict(score) for score in found.alternatives] if found else [],
        citations=list(outcome.citations),
        options=list(outcome.options),
        exclusion=asdict(exclusion) if exclusion and decision.action == "out_of_scope" else None,
        flow=_flow_json(outcome),
        actions=_actions_json(outcome),
        release=found.release if found else None,
        model_version=found.model_version if found else None,
        index_version=outcome.search.index_version if outcome.search else None,
        rule_set_version=outcome.rule_set.version,
        rule_kind=rule.kind if rule else "",
        rule_trigger=rule.trigger if rule else "",
        rule_id=rule.rule_id if rule else None,
        rule_version=rule.rule_version if rule else None,
        matched_text=rule.matched_text if rule else "",
        wait_estimate_seconds=outcome.wait_seconds,
    )


def _flow_json(outcome: Outcome) -> dict[str, Any] | None:
    """Return where the turn left its flow; ``step`` is the one that waits for an answer, if one does."""
    turn = outcome.flow
    if turn is None:
        return None
    waits = turn.is_waiting and outcome.decision.action != "escalate"
    return {
        "step": turn.position.step if waits else None,
        "missing": missing(turn.active.flow, turn.position) if waits else [],
        "title": turn.active.title,
        "version": turn.active.number,
    }


def _actions_json(outcome: Outcome) -> list[dict[str, Any]]:
    progress = outcome.flow.progress if outcome.flow else None
    return [taken.as_json() for taken in progress.actions] if progress else []


def result_of(
    turn: Turn, outcome: Outcome, conversation: Conversation | None, handoff: Handoff | None
) -> TurnResult:
    escalates = turn.decision == Turn.Decision.ESCALATE
    rule = rule_of(turn)
    return TurnResult(
        conversation_id=conversation.pk if conversation else None,
        turn_id=turn.pk,
        decision=turn.decision,
        reason=turn.reason,
        mode=turn.mode,
        delivered=turn.delivered,
        reply=turn.reply,
        intent=turn.intent,
        confidence=turn.confidence,
        is_fallback=turn.is_fallback,
        citations=outcome.citations,
        options=outcome.options,
        out_of_scope=turn.exclusion,
        escalation={**rule, "wait_estimate_seconds": turn.wait_estimate_seconds}
        if escalates and rule
        else None,
        handoff_id=handoff.pk if handoff else None,
        versions=versions_of(turn),
        flow=turn.flow,
        actions=tuple(turn.actions),
        also=outcome.also_json,
        timings_ms={**{step.name: step.ms for step in outcome.steps}, "total": outcome.total_ms},
    )


def step_json(step: Step) -> dict[str, Any]:
    return {"name": step.name, "ms": step.ms, "error": step.error, "details": dict(step.details)}
