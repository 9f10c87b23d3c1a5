"""The OpenAPI side of the endpoints of drafts."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse

from core.api.serializers import ErrorSerializer
from pilot.drafts.serializers import SentReplySerializer, SentReportSerializer
from runtime.api_docs import COMMON, IDEMPOTENCY_KEY, INVALID, WRITES

SENT_REPLY = {
    "turn_id": 4711,
    "conversation_id": "7d3f2b6a-6c0e-4a51-9a68-3f6f2f4f8f10",
    "mode": "assist",
    "state": "sent",
    "text": "Open **Settings → Data** and choose *Export*.",
    "sent_via": "desk",
    "sent_by": "Tara Onwudiwe",
    "sent_at": "2026-11-30T10:15:00Z",
    "happened_at": "2026-11-30T10:13:20Z",
}
WAITING_REPLY = {
    **SENT_REPLY,
    "turn_id": 4712,
    "state": "waiting",
    "text": None,
    "sent_via": None,
    "sent_by": "",
    "sent_at": None,
}
TURN_ID = OpenApiParameter("turn_id", OpenApiTypes.INT64, OpenApiParameter.PATH)
DRAFTS: dict[str, Any] = {
    "operation_id": "draft_list",
    "summary": "Fetch the replies that people let through",
    "description": (
        "In the mode `assist` a turn is answered with `delivered: false`: a person checks the reply first. "
        "Ask every few seconds with `conversation_id` and `state=sent`, and show the customer each `text` "
        "once (by `turn_id`). `waiting`: a person has yet to decide. `not_sent`: nothing will come from "
        "here; a person answers in the help desk. Only this key's own conversations are listed, newest first."
    ),
    "tags": ["drafts"],
    "parameters": [
        OpenApiParameter(
            "after",
            OpenApiTypes.DATETIME,
            description="Only what was sent at this moment or later: the `sent_at` that you saw last, less a "
            "few seconds. What you know already comes again; tell it by its `turn_id`.",
        ),
    ],
    "responses": {
        **COMMON,
        200: OpenApiResponse(
            SentReplySerializer(many=True),
            examples=[OpenApiExample("Sent", SENT_REPLY), OpenApiExample("Waiting", WAITING_REPLY)],
        ),
        400: INVALID,
    },
}
SENT: dict[str, Any] = {
    "operation_id": "draft_sent",
    "summary": "Say what a person really sent",
    "description": (
        "For help desks: in the modes `shadow` and `assist` people may answer from their own tool. What they "
        "sent stands beside the agent's draft and is what the agent learns from. The same text again changes "
        "nothing; another text than the one that is known is refused."
    ),
    "tags": ["drafts"],
    "parameters": [TURN_ID, IDEMPOTENCY_KEY],
    "request": SentReportSerializer,
    "responses": {
        **WRITES,
        200: OpenApiResponse(
            SentReplySerializer, examples=[OpenApiExample("Sent", {**SENT_REPLY, "sent_via": "api"})]
        ),
        409: OpenApiResponse(
            ErrorSerializer,
            "Something else was sent (already_sent), or the Idempotency-Key is taken.",
            [
                OpenApiExample(
                    "already_sent",
                    {
                        "code": "already_sent",
                        "message": "Another text is known to have been sent for this turn. What was sent "
                        "stays as it is.",
                        "extra": {"sent_via": "desk"},
                    },
                )
            ],
        ),
    },
    "examples": [
        OpenApiExample(
            "Sent by a person",
            {"text": "Open Settings → Data and choose Export.", "sent_by": "Tara"},
            request_only=True,
        )
    ],
}
