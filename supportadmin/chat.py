"""The customer's side, to try the agent as a customer would: a chat with a page and a persona.

Only staff reach it, since whoever writes here says freely who they are. Turns are stored like any other, on
the channel ``demo-chat``.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from core.admin_base import actor_of
from core.api import strict_json
from core.api.exceptions import body
from core.errors import DomainError, InvalidInput, NotFound
from intents.selectors import intents_summary
from kb.selectors import audience_choices, product_pages
from runtime.contracts import MAX_TEXT_CHARACTERS, Customer, TurnRequest
from runtime.models import Turn
from runtime.services import feedback_record, turn_take
from supportadmin.demo.content import read_workspace
from supportadmin.markup import markdown_html

CHANNEL = "demo-chat"
PERMISSION = "runtime.view_turn"
DEFAULT_PERSONA = {"user_type": "member", "tier": "team", "page": "/home"}
STARTERS = ("How do I reset my password?", "Where are my invoices?", "I want to talk to a human")


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
    """Take one message and answer with the reply as safe HTML."""
    try:
        fields = _fields(request)
        customer = Customer(
            external_id=f"demo:{request.user.get_username()}"[:128],
            user_type=_text(fields, "user_type", 64),
            tier=_text(fields, "tier", 64),
            verified=True,
        )
        turn = turn_take(
            actor=actor_of(request),
            request=TurnRequest(
                text=_text(fields, "text", MAX_TEXT_CHARACTERS),
                conversation_id=_conversation(fields),
                channel=CHANNEL,
                customer=customer,
                page=_text(fields, "page", 300),
            ),
        )
    except DomainError as refusal:
        return JsonResponse(body(refusal.code, refusal.message, refusal.extra), status=refusal.http_status)
    return JsonResponse(
        {
            "conversation_id": str(turn.conversation_id),
            "turn_id": turn.turn_id,
            "decision": turn.decision,
            "html": markdown_html(turn.reply),
            "citations": [{"title": citation["title"]} for citation in turn.citations],
            "handoff": turn.handoff_id is not None,
        }
    )


@login_required
@permission_required(PERMISSION, raise_exception=True)
@require_POST
def feedback(request: HttpRequest) -> JsonResponse:
    """Store a thumb on one of the agent's replies."""
    try:
        fields = _fields(request)
        if not isinstance(fields.get("turn_id"), int) or fields.get("rating") not in ("up", "down"):
            raise InvalidInput("Rate a turn with up or down.")
        turn = Turn.objects.filter(pk=fields["turn_id"], conversation__channel=CHANNEL).first()
        if turn is None:
            raise NotFound("There is no such reply in this chat.")
        feedback_record(actor=actor_of(request), turn=turn, rating=fields["rating"])
    except DomainError as refusal:
        return JsonResponse(body(refusal.code, refusal.message, refusal.extra), status=refusal.http_status)
    return JsonResponse({"stored": True})


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
    value = fields.get("conversation_id")
    try:
        return UUID(value) if value else None
    except (ValueError, AttributeError, TypeError) as error:
        raise InvalidInput("This is not the id of a conversation.") from error
