"""The customer's side, to try the agent as a customer would: a chat with a page and a persona.

Only staff reach it, since whoever writes here says freely who they are. Turns are stored like any other, on
the channel ``demo-chat``. Where a person has the conversation, what the customer writes goes to the person;
the page asks every few seconds what the person has written. Where a pilot covers this channel, the customer
reads what people let through, and nothing else.
"""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import UUID

import orjson
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from core.admin_base import actor_of
from core.api import strict_json
from core.api.exceptions import body
from core.errors import Conflict, DomainError, InvalidInput, NotFound
from intents.selectors import intents_summary
from kb.selectors import audience_choices, product_pages
from pilot.drafts.selectors import SENT, CheckedReply, checked_replies
from runtime import workflow
from runtime.contracts import MAX_TEXT_CHARACTERS, Customer, TurnRequest
from runtime.messages import conversation_news, message_json
from runtime.models import Conversation, Turn
from runtime.services import feedback_record, message_from_customer, turn_take
from supportadmin.demo.content import read_workspace
from supportadmin.markup import markdown_html

CHANNEL = "demo-chat"
PERMISSION = "runtime.view_turn"
DEFAULT_PERSONA = {"user_type": "member", "tier": "team", "page": "/home"}
STARTERS = ("How do I reset my password?", "Where are my invoices?", "I want to talk to a human")
MAX_AFTER = 2**63 - 1


@login_required
@permission_required(PERMISSION, raise_exception=True)
@require_GET
def chat(request: HttpRequest) -> HttpResponse:
    """Show the chat."""
    choices = audience_choices()
    context = {
        "company": read_workspace()["company"]["name"],
        "pages": product_pages(),
        "user_types": choices["user_type"],
        "tiers": choices["tier"],
        "starters": STARTERS,
        "default": DEFAULT_PERSONA,
        "ready": intents_summary().live_release is not None,
    }
    return render(request, "chat/chat.html", context)


@login_required
@permission_required(PERMISSION, raise_exception=True)
@require_POST
def send(request: HttpRequest) -> JsonResponse:
    """Take one message: to the person who has the conversation, else to the agent."""
    try:
        return JsonResponse(_deliver(request, _fields(request)))
    except DomainError as refusal:
        return _refused(refusal)


@login_required
@permission_required(PERMISSION, raise_exception=True)
@require_GET
def news(request: HttpRequest) -> HttpResponse:
    """Say who has the conversation and what was written since: GET conversation, after. 304 without news."""
    try:
        conversation = _own(request, _conversation({"conversation_id": request.GET.get("conversation")}))
        found = conversation_news(conversation, after=_after(request.GET.get("after", "0")))
    except DomainError as refusal:
        return _refused(refusal)
    replies = [_checked(reply) for reply in checked_replies(conversation.pk)]
    answer = orjson.dumps({**found.as_json(), "replies": replies})
    tag = f'"{hashlib.sha256(answer).hexdigest()[:32]}"'
    if request.headers.get("If-None-Match") == tag:
        return HttpResponse(status=304, headers={"ETag": tag})
    return HttpResponse(answer, content_type="application/json", headers={"ETag": tag})


@login_required
@permission_required(PERMISSION, raise_exception=True)
@require_GET
def history(request: HttpRequest) -> HttpResponse:
    """Give a conversation again, for a page that was loaded anew: GET conversation."""
    try:
        conversation = _own(request, _conversation({"conversation_id": request.GET.get("conversation")}))
    except DomainError as refusal:
        return _refused(refusal)
    checked = {reply.turn_id: reply for reply in checked_replies(conversation.pk)}
    turns = conversation.turns.order_by("number")
    lines = [line for turn in turns for line in _lines(turn, checked.get(turn.pk))]
    after, more = 0, True
    while more:
        found = conversation_news(conversation, after=after)
        lines += [{"kind": "message", "at": one.sent_at, **message_json(one)} for one in found.messages]
        more, after = bool(found.messages), found.next_after
    said = {"lines": sorted(lines, key=lambda line: line["at"]), **found.as_json()}
    return HttpResponse(orjson.dumps(said), content_type="application/json")


@login_required
@permission_required(PERMISSION, raise_exception=True)
@require_POST
def feedback(request: HttpRequest) -> JsonResponse:
    """Store a thumb on one of the agent's replies, or one to five stars on how a person ended it."""
    try:
        fields = _fields(request)
        given: dict[str, Any] = {}
        if fields.get("rating") in ("up", "down"):
            given["rating"] = fields["rating"]
        if type(fields.get("csat")) is int:
            given["csat"] = fields["csat"]
        turn_id = fields.get("turn_id")
        if type(turn_id) is not int or not 0 < turn_id <= MAX_AFTER or not given:
            raise InvalidInput("Rate a turn with up or down, or with one to five stars.")
        turn = Turn.objects.filter(pk=turn_id, conversation__channel=CHANNEL).first()
        if turn is None:
            raise NotFound("There is no such reply in this chat.")
        feedback_record(actor=actor_of(request), turn=turn, **given)
    except DomainError as refusal:
        return _refused(refusal)
    return JsonResponse({"stored": True})


def _deliver(request: HttpRequest, fields: dict[str, Any]) -> dict[str, Any]:
    """Give the message to whoever has the conversation; once more where that has just changed."""
    conversation_id = _conversation(fields)
    for _ in range(2):
        conversation = _own(request, conversation_id) if conversation_id else None
        state = conversation.state if conversation else workflow.OPEN
        try:
            if conversation is not None and state in workflow.WITH_PEOPLE:
                return _to_person(request, conversation, fields)
            # After the end what the customer writes begins a new conversation.
            return _to_agent(request, None if state == workflow.CLOSED else conversation_id, fields)
        except Conflict as refusal:
            if refusal.code not in ("with_agent", "with_human", "conversation_closed"):
                raise
    raise Conflict("The conversation is just changing hands. Send the message again.", code="changing_hands")


def _to_person(request: HttpRequest, conversation: Conversation, fields: dict[str, Any]) -> dict[str, Any]:
    message = message_from_customer(
        actor=actor_of(request),
        conversation=conversation,
        text=_text(fields, "text", MAX_TEXT_CHARACTERS),
        key=_uuid(fields.get("key"), "This is not a key of a message."),
    )
    return {"to": "person", "conversation_id": str(conversation.pk), "message_id": message.pk}


def _to_agent(request: HttpRequest, conversation_id: UUID | None, fields: dict[str, Any]) -> dict[str, Any]:
    customer = Customer(
        external_id=_external_id(request),
        user_type=_text(fields, "user_type", 64),
        tier=_text(fields, "tier", 64),
        verified=True,
    )
    turn = turn_take(
        actor=actor_of(request),
        request=TurnRequest(
            text=_text(fields, "text", MAX_TEXT_CHARACTERS),
            conversation_id=conversation_id,
            channel=CHANNEL,
            customer=customer,
            page=_text(fields, "page", 300),
        ),
    )
    return {
        "to": "agent",
        "conversation_id": str(turn.conversation_id),
        "turn_id": turn.turn_id,
        "decision": turn.decision,
        "handoff": turn.handoff_id is not None,
        **_words(turn.reply, turn.citations, turn.delivered),
        "mode": turn.mode,
    }


def _words(reply: str, citations: Any, is_shown: bool) -> dict[str, Any]:
    """Return a reply as the page shows it; nothing of one that the customer did not get."""
    if not is_shown:
        return {"html": "", "citations": []}
    return {
        "html": markdown_html(reply),
        "citations": [{"title": citation["title"]} for citation in citations],
    }


def _checked(reply: CheckedReply) -> dict[str, Any]:
    """Return what became of a reply that a person checks."""
    return {
        "turn_id": reply.turn_id,
        "checked": reply.state,
        **_words(reply.text, reply.citations, reply.state == SENT),
    }


def _lines(turn: Turn, checked: CheckedReply | None) -> list[dict[str, Any]]:
    """Return a turn as the page shows it again."""
    agent: dict[str, Any] = {
        "kind": "agent",
        "at": turn.created_at,
        "turn_id": turn.pk,
        "decision": turn.decision,
        "handoff": turn.decision == Turn.Decision.ESCALATE and turn.mode != Turn.Mode.SHADOW,
        **_words(turn.reply, turn.citations, turn.delivered),
        "mode": turn.mode,
    }
    if checked is not None:
        agent |= {"at": checked.at or turn.created_at, **_checked(checked)}
    return [{"kind": "customer", "at": turn.created_at, "text": turn.text}, agent]


def _external_id(request: HttpRequest) -> str:
    return f"demo:{request.user.get_username()}"[:128]


def _own(request: HttpRequest, conversation_id: UUID | None) -> Conversation:
    """Return this visitor's conversation in this chat; nobody reads on in another's here."""
    own = Conversation.objects.filter(
        pk__in=[conversation_id], channel=CHANNEL, api_key=None, customer_external_id=_external_id(request)
    ).first()
    if own is None:
        raise NotFound("There is no such conversation.", code="conversation_not_found")
    return own


def _refused(refusal: DomainError) -> JsonResponse:
    return JsonResponse(body(refusal.code, refusal.message, refusal.extra), status=refusal.http_status)


def _fields(request: HttpRequest) -> dict[str, Any]:
    try:
        fields = strict_json.loads(request.body)
    except strict_json.BadJson as error:
        raise InvalidInput(str(error), code="bad_json") from error
    if not isinstance(fields, dict):
        raise InvalidInput("Send a JSON object.", code="bad_json")
    return fields


def _text(fields: dict[str, Any], name: str, limit: int) -> str:
    value = fields.get(name) or ""
    if not isinstance(value, str) or len(value) > limit:
        raise InvalidInput(f"The field {name} takes at most {limit} characters of text.")
    return value.strip()


def _conversation(fields: dict[str, Any]) -> UUID | None:
    return _uuid(fields.get("conversation_id"), "This is not the id of a conversation.")


def _uuid(value: Any, problem: str) -> UUID | None:
    try:
        return UUID(value) if value else None
    except (ValueError, AttributeError, TypeError) as error:
        raise InvalidInput(problem) from error


def _after(value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) <= 19 and int(value) <= MAX_AFTER):
        raise InvalidInput("`after` is the id of a message.")
    return int(value)
