"""Take one turn: compute first, then write conversation, turn, trace and handoff in one short transaction.

Turns of one conversation are serialised by a compare-and-set on its turn count: whoever comes second computes
anew on what the first left behind. No model, network or search runs inside the transaction, and no action:
where a flow stands is committed before each of them (runtime.flows.runs).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from django.utils import timezone

from core.actors import Actor
from core.api import strict_json
from core.errors import Conflict, InvalidInput, NotFound
from core.writing import write_transaction
from runtime import workflow
from runtime.clarification import Pending
from runtime.contracts import MAX_TEXT_CHARACTERS, MAX_TURNS, TurnPreview, TurnRequest, TurnResult
from runtime.engines import LIVE
from runtime.flows.previews import flow_state, flow_state_read
from runtime.flows.runs import Journal, as_running, once_key, running_run, unrecorded_conversation
from runtime.models import Conversation, Handoff, Trace, Turn
from runtime.packet import packet_build
from runtime.pipeline import run
from runtime.placement import SHADOW
from runtime.selectors import (
    earlier_turns,
    email_was_asked,
    past_messages,
    past_turns,
)
from runtime.services.as_of import AsOf
from runtime.services.handoffs import handoff_queue
from runtime.services.placing import placing
from runtime.services.turn_rows import result_of, step_json, turn_row
from runtime.turn_state import Context, Engines, Outcome, Overtaken

MAX_TRIES = 3
COUNTER_LIMIT = 32_000  # of a small-integer column
LIMITS = {"channel": 32, "page": 500}
CUSTOMER_LIMITS = {"external_id": 128, "user_type": 64, "tier": 64, "locale": 35}


def turn_take(
    *,
    actor: Actor,
    request: TurnRequest,
    on_recorded: Callable[[TurnResult], None] | None = None,
    engines: Engines = LIVE,
) -> TurnResult:
    """Answer one message and keep it. Writes Conversation, Turn, Trace, FlowRun and, on escalation, Handoff.

    ``on_recorded`` is called with the result inside the write transaction. Raises InvalidInput, NotFound
    (no such conversation of this actor), Conflict (with a person, closed, full, overtaken three times).
    """
    return _take(actor, request, on_recorded, engines, None)


def turn_replay(*, actor: Actor, request: TurnRequest, as_of: AsOf, engines: Engines = LIVE) -> TurnResult:
    """Draft what the agent would answer to a message of a closed ticket, and keep it in the ticket's time.

    Writes what ``turn_take`` writes in shadow mode, but asks no running pilot where the message stands:
    nobody is served, called or told anything, and no action is done. Refuses any other mode.
    """
    if as_of.placement.mode != SHADOW or not as_of.placement.in_scope:
        raise InvalidInput("A closed ticket is replayed in shadow mode only.", code="not_shadow")
    return _take(actor, request, None, engines, as_of)


def _take(
    actor: Actor,
    request: TurnRequest,
    on_recorded: Callable[[TurnResult], None] | None,
    engines: Engines,
    as_of: AsOf | None,
) -> TurnResult:
    _check(request)
    new_id = uuid4()
    for _ in range(MAX_TRIES):
        conversation = _conversation_of(actor, request)
        journal = _journal(actor, request, conversation, new_id, as_of)
        try:
            placed = as_of.in_context if as_of else placing(actor, request, conversation, new_id)
            outcome = run(request, _context_of(conversation, journal, placed), engines)
            result = _record(actor, request, journal, outcome, on_recorded, new_id, as_of)
            journal.settled()
            return result
        except Overtaken:
            continue
        finally:
            journal.release()
    raise Conflict(
        "Other messages of this conversation keep arriving. Send this one again.", code="conversation_busy"
    )


def turn_preview(
    *, request: TurnRequest, flow: Mapping[str, Any] | None = None, engines: Engines = LIVE
) -> TurnPreview:
    """Say what the agent would do with a message; nothing is stored, sent or counted, and no action is done.

    ``flow`` is what the preview before has left of a flow: without it the message is the first one.
    """
    _check(request)
    context = Context(run=flow_state_read(flow) if flow else None, now=timezone.localtime())
    outcome = run(request, context, engines)
    turn = turn_row(request, outcome, number=1, delivered=False)
    packet = None
    if turn.decision == Turn.Decision.ESCALATE:
        packet = packet_build(past=(), request=request, outcome=outcome, number=1, at=timezone.now())
    return TurnPreview(
        result_of(turn, outcome, None, None), tuple(outcome.steps), packet, flow_state(outcome.flow)
    )


def _check(request: TurnRequest) -> None:
    """Refuse what the columns cannot hold; the API's serializer says the same field by field."""
    if not request.text.strip():
        raise InvalidInput("Write a message.", code="empty_text")
    if len(request.text) > MAX_TEXT_CHARACTERS:
        raise InvalidInput(f"Write at most {MAX_TEXT_CHARACTERS} characters.", code="text_too_long")
    values = {name: getattr(request, name) for name in LIMITS}
    values |= {name: getattr(request.customer, name) for name in CUSTOMER_LIMITS}
    for name, limit in {**LIMITS, **CUSTOMER_LIMITS}.items():
        if len(values[name]) > limit:
            raise InvalidInput(f"{name} takes at most {limit} characters.", code="too_long")
    try:
        strict_json.check([request.text, *values.values()])
    except strict_json.BadJson as error:
        raise InvalidInput(str(error), code="bad_text") from error


def _conversation_of(actor: Actor, request: TurnRequest) -> Conversation | None:
    """Return the conversation that the request continues, if it may be continued."""
    key_id = actor.id if actor.kind == "api_key" else None
    if request.conversation_id is None:
        return unrecorded_conversation(_once(actor, request)) if request.retry_key else None
    conversation = Conversation.objects.filter(pk=request.conversation_id, api_key_id=key_id).first()
    if conversation is None:
        raise NotFound("There is no such conversation.", code="conversation_not_found")
    if conversation.state in (workflow.WAITING_FOR_HUMAN, workflow.WITH_HUMAN):
        raise Conflict(
            "A person has this conversation or is about to take it; the agent stays silent.",
            code="with_human",
            extra={"state": conversation.state},
        )
    if conversation.state == workflow.CLOSED:
        raise Conflict("This conversation is closed. Begin a new one.", code="conversation_closed")
    if conversation.turn_count >= MAX_TURNS:
        raise Conflict(f"A conversation holds {MAX_TURNS} turns. Begin a new one.", code="conversation_full")
    named, known = request.customer.external_id, conversation.customer_external_id
    if named and known and named != known:
        raise Conflict("This conversation belongs to another customer.", code="other_customer")
    return conversation


def _once(actor: Actor, request: TurnRequest) -> str:
    return once_key(actor.id, request.retry_key, request.text) if request.retry_key else ""


def _journal(
    actor: Actor, request: TurnRequest, conversation: Conversation | None, new_id: UUID, as_of: AsOf | None
) -> Journal:
    return Journal(
        conversation=conversation,
        run=running_run(conversation) if conversation else None,
        begin=lambda: Conversation(**_fields_of(actor, request, new_id, as_of)),
        once=_once(actor, request),
    )


def _context_of(conversation: Conversation | None, journal: Journal, placed: Mapping[str, Any]) -> Context:
    in_flow: dict[str, Any] = {
        "run": as_running(journal.run) if journal.run else None,
        "new_run_key": journal.new_key,
        "before_act": journal.before_act,
        "conversation_id": lambda: journal.conversation.pk if journal.conversation else None,
        "dry_run": False,
        "now": timezone.localtime(),
        **placed,
    }
    if conversation is None:
        return Context(**in_flow)
    last = None
    if conversation.turn_count > conversation.context_start:
        asked = conversation.turns.filter(number=conversation.turn_count, decision=Turn.Decision.CLARIFY)
        last = asked.exclude(delivered=False, sent_text="").first()  # a mere draft asks nobody
    return Context(
        clarifications_used=conversation.clarifications_used,
        earlier_human_requests=conversation.human_requests,
        earlier=earlier_turns(conversation),
        locale=conversation.locale,
        email_is_wanted=lambda: not email_was_asked(conversation),
        pending=Pending(last.rule_trigger, last.text, last.matched_text, last.options) if last else None,
        **in_flow,
    )


def _record(
    actor: Actor,
    request: TurnRequest,
    journal: Journal,
    outcome: Outcome,
    on_recorded: Callable[[TurnResult], None] | None,
    new_id: UUID,
    as_of: AsOf | None,
) -> TurnResult:
    with write_transaction():
        conversation = _count_turn(actor, request, journal.conversation, outcome, new_id, as_of)
        turn = turn_row(
            request, outcome, number=conversation.turn_count, delivered=outcome.placement.delivers
        )
        turn.conversation = conversation
        turn.save(force_insert=True)
        if as_of is not None:
            as_of.date(conversation, turn)
        Trace.objects.create(
            turn=turn,
            facts=asdict(outcome.facts),
            steps=[step_json(step) for step in outcome.steps],
            total_ms=outcome.total_ms,
        )
        journal.record(outcome, conversation, turn.number, turn.created_at)
        handoff = None
        if _hands_over(outcome):
            handoff = _hand_over(actor, request, conversation, turn, outcome)
        result = result_of(turn, outcome, conversation, handoff)
        if on_recorded is not None:
            on_recorded(result)
    return result


def _hands_over(outcome: Outcome) -> bool:
    """Tell whether a person is called; in shadow mode people have the conversation anyway."""
    return outcome.decision.action == Turn.Decision.ESCALATE and outcome.placement.mode != SHADOW


def _count_turn(
    actor: Actor,
    request: TurnRequest,
    conversation: Conversation | None,
    outcome: Outcome,
    new_id: UUID,
    as_of: AsOf | None,
) -> Conversation:
    """Begin the conversation, or claim its next turn number; raise Overtaken if another turn has it."""
    asks = outcome.decision.action == "clarify" and outcome.placement.mode != SHADOW
    base = conversation or Conversation(**_fields_of(actor, request, new_id, as_of))
    before = base.turn_count
    changes: dict[str, Any] = {
        "turn_count": before + 1,
        "clarifications_used": min(base.clarifications_used + asks, COUNTER_LIMIT),
        "human_requests": min(base.human_requests + outcome.asked_for_human, COUNTER_LIMIT),
        "state": workflow.WAITING_FOR_HUMAN if _hands_over(outcome) else workflow.OPEN,
        "updated_at": timezone.now(),
    }
    if outcome.placement.in_scope and outcome.placement.pilot_id is not None:
        changes["pilot_id"] = outcome.placement.pilot_id
    if conversation is not None:
        changes |= _customer_fields(request, conversation)
    for name, value in changes.items():
        setattr(base, name, value)
    if conversation is None:
        base.save(force_insert=True)
    else:
        still = Conversation.objects.filter(pk=base.pk, turn_count=before, state=workflow.OPEN)
        if not still.update(**changes):
            raise Overtaken
    return base


def _fields_of(actor: Actor, request: TurnRequest, new_id: UUID, as_of: AsOf | None) -> dict[str, Any]:
    """Return the fields with which a conversation begins."""
    return {
        **(as_of.fields if as_of else {}),
        "id": new_id,
        "channel": request.channel,
        "api_key_id": actor.id if actor.kind == "api_key" else None,
        **_customer_fields(request, None),
    }


def _customer_fields(request: TurnRequest, conversation: Conversation | None) -> dict[str, Any]:
    """Return who is served, as far as the request says it."""
    customer = request.customer
    spoken = {"locale": customer.locale} if customer.locale else {}
    if not (customer.external_id or customer.user_type or customer.tier):
        return spoken
    known = conversation.customer_external_id if conversation else ""
    return {
        "customer_external_id": customer.external_id or known,
        "user_type": customer.user_type,
        "tier": customer.tier,
        "customer_verified": customer.verified,
        **spoken,
    }


def _hand_over(
    actor: Actor, request: TurnRequest, conversation: Conversation, turn: Turn, outcome: Outcome
) -> Handoff:
    """Request a person, with the whole packet, and put the request into the queue."""
    past = past_turns(conversation, before=turn.number) if turn.number > 1 else []
    packet = packet_build(
        past=past,
        messages=past_messages(conversation) if conversation.context_start else (),
        request=request,
        outcome=outcome,
        number=turn.number,
        at=turn.created_at,
    )
    handoff = Handoff.objects.create(
        conversation=conversation,
        turn=turn,
        reason=turn.reason,
        rule_kind=turn.rule_kind,
        rule_trigger=turn.rule_trigger,
        rule_id=turn.rule_id,
        rule_version=turn.rule_version,
        matched_text=turn.matched_text,
        packet=packet,
        complete=packet["complete"],
        team_id=outcome.team.id,
        off_hours=not outcome.team.available,
        contact_asked_at=turn.created_at if outcome.asks_for_email else None,
        contact_email=outcome.contact_email,
        requested_at=turn.created_at,
        requested_hour=turn.created_at.astimezone(ZoneInfo(outcome.team.time_zone)).hour,
    )
    return handoff_queue(actor=actor, handoff=handoff)
