"""The OpenAPI side of the runtime endpoints: what each takes and gives, with examples and refusals."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse

from core.api.serializers import ErrorSerializer
from runtime.api_examples import (
    ACCEPTED,
    CONVERSATION_BODY,
    CONVERSATION_ID,
    EVENT,
    FEEDBACK_BODY,
    FINISHED,
    HANDOFF_BODY,
    MESSAGE_FROM_CUSTOMER,
    NEWS,
    PACKET,
    RESOLVED,
    TURN_ACT,
    TURN_ANSWER,
    TURN_ASSIST,
    TURN_CLARIFY,
    TURN_ESCALATE,
    TURN_NOT_IN_PILOT,
    TURN_SHADOW,
)
from runtime.serializers import (
    AcceptSerializer,
    ConversationNewsSerializer,
    ConversationSerializer,
    EventSerializer,
    FeedbackRequestSerializer,
    FeedbackSerializer,
    FinishSerializer,
    HandoffMessageSerializer,
    HandoffPacketSerializer,
    HandoffSerializer,
    MessageRequestSerializer,
    ReturnSerializer,
    TurnRequestSerializer,
    TurnResultSerializer,
)

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="Repeat a request with the same key and body to get the same answer without acting twice.",
)
HANDOFF_ID = OpenApiParameter("id", OpenApiTypes.INT64, OpenApiParameter.PATH)


def _refusal(
    description: str, code: str, message: str, extra: dict[str, Any] | None = None
) -> OpenApiResponse:
    example = OpenApiExample(code, {"code": code, "message": message, "extra": extra or {}})
    return OpenApiResponse(ErrorSerializer, description, [example])


def _ok(serializer: Any, *examples: tuple[str, Any]) -> OpenApiResponse:
    return OpenApiResponse(serializer, examples=[OpenApiExample(name, value) for name, value in examples])


INVALID = _refusal(
    "The request cannot be meant.",
    "invalid",
    "Some fields are not right; see extra.fields.",
    {"fields": {"text": ["This field is required."]}},
)
NOT_FOUND = _refusal("Not there, or another key's.", "not_found", "There is no such thing here.")
COMMON = {
    401: _refusal("No usable key.", "bad_key", "This API key is unknown, expired or revoked."),
    403: _refusal(
        "The key lacks the scope.",
        "missing_scope",
        "This API key lacks the scope that this endpoint needs.",
    ),
    429: _refusal("Too many requests.", "throttled", "Too many requests. Wait before the next one."),
    503: _refusal(
        "The database is away.",
        "database_unavailable",
        "The database cannot answer now. Try again in a few seconds.",
    ),
}
WRITES = {
    **COMMON,
    400: INVALID,
    404: NOT_FOUND,
    413: _refusal("Too large.", "body_too_large", "The body is larger than 1000000 bytes."),
    415: _refusal("Not JSON.", "unsupported_media_type", 'Unsupported media type "text/plain" in request.'),
}

TURNS: dict[str, Any] = {
    "operation_id": "turn_take",
    "summary": "Take a turn",
    "description": (
        "The agent classifies the message, searches the knowledge base, decides by the rules, and answers, "
        "asks one clarifying question, says what is out of scope, or hands over with the whole packet. "
        "Any step that fails ends in a handoff. A key without the scope `identity` serves everybody as "
        "anonymous: the customer's user type and tier are ignored, and no content for them is found. "
        "Identity holds for one turn only: say it again with each."
    ),
    "tags": ["runtime"],
    "parameters": [IDEMPOTENCY_KEY],
    "request": TurnRequestSerializer,
    "responses": {
        **WRITES,
        200: _ok(
            TurnResultSerializer,
            ("Answer with a citation", TURN_ANSWER),
            ("Clarifying question", TURN_CLARIFY),
            ("Resolution flow", TURN_ACT),
            ("Handoff", TURN_ESCALATE),
            ("Pilot in shadow mode: a draft, do not send it", TURN_SHADOW),
            ("Pilot in assist mode: a person approves it first", TURN_ASSIST),
            ("No pilot covers it: leave it to your team", TURN_NOT_IN_PILOT),
        ),
        409: _refusal(
            "With a person (with_human), closed (conversation_closed), full (conversation_full), busy "
            "(conversation_busy), another customer's (other_customer), or the Idempotency-Key is taken.",
            "with_human",
            "A person has this conversation or is about to take it; the agent stays silent.",
            {"state": "waiting_for_human"},
        ),
    },
    "examples": [
        OpenApiExample(
            "First message",
            {
                "text": "How do I export everything?",
                "channel": "chat",
                "customer": {"external_id": "c-1007", "user_type": "admin", "tier": "pro"},
                "page": "/settings/data",
            },
            request_only=True,
        ),
        OpenApiExample(
            "Answer to a clarifying question",
            {"conversation_id": CONVERSATION_ID, "text": "1", "channel": "chat"},
            request_only=True,
        ),
    ],
}
CONVERSATION_PATH = OpenApiParameter("id", OpenApiTypes.UUID, OpenApiParameter.PATH)
CONVERSATION: dict[str, Any] = {
    "operation_id": "conversation_get",
    "summary": "Read a conversation",
    "tags": ["runtime"],
    "parameters": [CONVERSATION_PATH],
    "responses": {
        **COMMON,
        200: _ok(ConversationSerializer, ("Conversation", CONVERSATION_BODY)),
        404: NOT_FOUND,
    },
}
MESSAGES: dict[str, Any] = {
    "operation_id": "message_list",
    "summary": "Read who has a conversation and what was written since",
    "description": (
        "While a person has the conversation, ask every few seconds with `after` set to the last "
        "`next_after` (at most 100 messages at a time, oldest first). `state` says what to do with the "
        "customer's next words: `open`: a turn; `waiting_for_human` or `with_human`: a message; `closed`: a "
        "turn without a conversation, which begins a new one."
    ),
    "tags": ["handoffs"],
    "parameters": [
        CONVERSATION_PATH,
        OpenApiParameter("after", OpenApiTypes.INT64, description="The `next_after` of your last answer."),
    ],
    "responses": {
        **COMMON,
        200: _ok(ConversationNewsSerializer, ("With a person", NEWS)),
        400: INVALID,
        404: NOT_FOUND,
    },
}
MESSAGE: dict[str, Any] = {
    "operation_id": "message_send",
    "summary": "Pass on what the customer writes to the person",
    "description": (
        "For a conversation of this key that waits for a person or is with one. The agent does not read it: "
        "it is no turn, and no rule acts on it."
    ),
    "tags": ["handoffs"],
    "parameters": [CONVERSATION_PATH, IDEMPOTENCY_KEY],
    "request": MessageRequestSerializer,
    "responses": {
        **WRITES,
        201: _ok(HandoffMessageSerializer, ("Message", MESSAGE_FROM_CUSTOMER)),
        409: _refusal(
            "With the agent (with_agent: send a turn), closed (conversation_closed: begin a new one), full "
            "(handoff_full), or the Idempotency-Key is taken.",
            "with_agent",
            "The agent has this conversation: send the message as a turn.",
            {"state": "open"},
        ),
    },
    "examples": [OpenApiExample("Message", {"text": "It is about invoice INV-204."}, request_only=True)],
}
PACKET_SCHEMA: dict[str, Any] = {
    "operation_id": "handoff_schema",
    "summary": "Read the JSON Schema of a complete packet",
    "tags": ["handoffs"],
    "responses": {**COMMON, 200: OpenApiTypes.OBJECT},
}
HANDOFFS: dict[str, Any] = {
    "operation_id": "handoff_list",
    "summary": "List handoffs, newest first",
    "tags": ["handoffs"],
    "responses": {**COMMON, 200: _ok(HandoffSerializer(many=True), ("Handoff", HANDOFF_BODY)), 400: INVALID}
    | {404: _refusal("The cursor is not one.", "not_found", "Invalid cursor")},
}
HANDOFF: dict[str, Any] = {
    "operation_id": "handoff_get",
    "summary": "Read a handoff with its whole packet",
    "tags": ["handoffs"],
    "parameters": [HANDOFF_ID],
    "responses": {**COMMON, 200: _ok(HandoffPacketSerializer, ("Packet", PACKET)), 404: NOT_FOUND},
}


def _move(
    name: str, summary: str, request: Any, example: dict[str, Any], after: dict[str, Any]
) -> dict[str, Any]:
    conflict = _refusal(
        "It is in another state, somebody else was faster, or the Idempotency-Key is taken.",
        "transition_not_allowed",
        "This handoff is resolved; it cannot become accepted.",
        {"from": "resolved", "to": "accepted"},
    )
    done = _ok(HandoffSerializer, (summary, {**HANDOFF_BODY, **after}))
    return {
        "operation_id": f"handoff_{name}",
        "summary": summary,
        "tags": ["handoffs"],
        "parameters": [HANDOFF_ID, IDEMPOTENCY_KEY],
        "request": request,
        "responses": {**WRITES, 200: done, 409: conflict},
        "examples": [OpenApiExample(summary, example, request_only=True)],
    }


ACCEPT = _move("accept", "A person takes the conversation", AcceptSerializer, {"agent": "Ada"}, ACCEPTED)
RESOLVE = _move(
    "resolve",
    "The person has settled it; the conversation is closed",
    FinishSerializer,
    {"outcome": "otherwise", "note": "Reset by hand."},
    RESOLVED,
)
RETURN = _move(
    "return",
    "Give the conversation back to the agent",
    ReturnSerializer,
    {"note": "Reset by hand."},
    {**FINISHED, "state": "returned"},
)
FEEDBACK: dict[str, Any] = {
    "operation_id": "feedback_record",
    "summary": "Say what a customer thought of a turn",
    "description": "A turn has one feedback; what is sent later is added to it.",
    "tags": ["runtime"],
    "parameters": [IDEMPOTENCY_KEY],
    "request": FeedbackRequestSerializer,
    "responses": {
        **WRITES,
        201: _ok(FeedbackSerializer, ("Feedback", FEEDBACK_BODY)),
        409: _refusal("The Idempotency-Key is taken.", "idempotency_key_reused", "Use a new key."),
    },
    "examples": [OpenApiExample("Thumbs down", {"turn_id": 41, "rating": "down"}, request_only=True)],
}
EVENTS: dict[str, Any] = {
    "operation_id": "event_list",
    "summary": "Read every decision as JSON lines, oldest first",
    "description": (
        "Each line is one decision with the facts and versions that reproduce it. Ask again with `after` set "
        "to the last `id` (also in the header `X-Next-After`); an empty answer means you are up to date. "
        "With `Accept: application/json` the lines come as one array."
    ),
    "tags": ["events"],
    "parameters": [
        OpenApiParameter("after", OpenApiTypes.INT64, description="The id of the last event that you have."),
        OpenApiParameter("limit", OpenApiTypes.INT, description="1 to 1000; 200 unless told."),
    ],
    "responses": {
        **COMMON,
        (200, "application/x-ndjson"): _ok(EventSerializer, ("Event", EVENT)),
        (200, "application/json"): _ok(EventSerializer(many=True), ("Events", EVENT)),
        400: INVALID,
        404: NOT_FOUND,  # for a `format` that there is not
    },
}
