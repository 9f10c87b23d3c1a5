"""Runtime endpoints: turns, conversations, handoffs, feedback, events. Thin: services and selectors decide.

A key sees and moves what its own conversations hold; with the scope ``read`` it sees everybody's. What it may
not see is 404, as if it did not exist.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar
from uuid import UUID

import orjson
from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import generics
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.api import idempotency
from core.api.authentication import client_of
from core.api.renderers import ORJSONRenderer
from core.models import ApiKey
from core.writing import write_transaction
from runtime import api_docs
from runtime.contracts import TurnResult
from runtime.messages import conversation_news
from runtime.models import Conversation, Handoff, Turn
from runtime.packet import PUBLISHED_SCHEMA
from runtime.selectors import conversations_visible_to, handoffs_visible_to, turn_events, turns_visible_to
from runtime.serializers import (
    AcceptSerializer,
    ConversationSerializer,
    EventsQuerySerializer,
    FeedbackRequestSerializer,
    FeedbackSerializer,
    FinishSerializer,
    HandoffMessageSerializer,
    HandoffPacketSerializer,
    HandoffSerializer,
    MessageRequestSerializer,
    MessagesQuerySerializer,
    ReturnSerializer,
    TurnRequestSerializer,
)
from runtime.services import (
    feedback_record,
    handoff_accept,
    handoff_resolve,
    handoff_return,
    message_from_customer,
    turn_take,
)

RUNTIME_OR_READ = ("runtime", "read")


def act_once(request: Request, act: Callable[[idempotency.Execution], Response]) -> Response:
    """Run ``act`` unless its Idempotency-Key has an answer; ``act`` stores the answer with its effect."""
    execution = idempotency.begin(request)
    if execution.replay is not None:
        return execution.replay
    try:
        return act(execution)
    except Exception:
        execution.abandon()
        raise


class TurnsView(APIView):
    """POST one message, get what the agent does about it."""

    required_scopes = {"POST": "runtime"}

    @extend_schema(**api_docs.TURNS)
    def post(self, request: Request) -> Response:
        return act_once(request, lambda execution: self._take(request, execution))

    def _take(self, request: Request, execution: idempotency.Execution) -> Response:
        serializer = TurnRequestSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        may_identify = client_of(request).has_scope(ApiKey.Scope.IDENTITY)

        def keep(result: TurnResult) -> None:
            execution.complete(200, result.as_json())

        result = turn_take(
            actor=client_of(request).actor,
            request=serializer.as_request(
                may_identify=may_identify, retry_key=request.headers.get(idempotency.HEADER, "")
            ),
            on_recorded=keep,
        )
        return Response(result.as_json())


class ConversationView(generics.RetrieveAPIView[Conversation]):
    """One conversation with its transcript."""

    required_scopes = {"GET": RUNTIME_OR_READ}
    serializer_class = ConversationSerializer

    def get_queryset(self) -> QuerySet[Conversation]:
        turns = Turn.objects.order_by("number")
        return conversations_visible_to(client_of(self.request).key).prefetch_related(
            Prefetch("turns", queryset=turns, to_attr="turns_in_order")
        )

    @extend_schema(**api_docs.CONVERSATION)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class MessagesView(APIView):
    """What people and the customer write to each other while the agent is silent."""

    required_scopes = {"GET": RUNTIME_OR_READ, "POST": "runtime"}

    @extend_schema(**api_docs.MESSAGES)
    def get(self, request: Request, pk: str) -> Response:
        query = MessagesQuerySerializer(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        conversation = _conversation(conversations_visible_to(client_of(request).key), pk)
        return Response(conversation_news(conversation, after=query.validated_data["after"]).as_json())

    @extend_schema(**api_docs.MESSAGE)
    def post(self, request: Request, pk: str) -> Response:
        return act_once(request, lambda execution: self._send(request, pk, execution))

    def _send(self, request: Request, pk: str, execution: idempotency.Execution) -> Response:
        serializer = MessageRequestSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        own = Conversation.objects.filter(
            api_key=client_of(request).key
        )  # as for turns: reading is not speaking
        conversation = _conversation(own, pk)
        with write_transaction():
            message = message_from_customer(
                actor=client_of(request).actor,
                conversation=conversation,
                text=serializer.validated_data["text"],
            )
            answer = HandoffMessageSerializer(message).data
            execution.complete(201, answer)
        return Response(answer, status=201)


def _conversation(visible: QuerySet[Conversation], pk: str) -> Conversation:
    try:
        return get_object_or_404(visible, pk=UUID(pk))
    except ValueError as error:
        raise Http404 from error


class HandoffFilter(filters.FilterSet):
    """Which handoffs to list."""

    state = filters.ChoiceFilter(choices=Handoff.State.choices)
    conversation_id = filters.UUIDFilter(field_name="conversation_id")
    team = filters.NumberFilter(field_name="team_id", min_value=1, max_value=2**63 - 1, label="Team id")

    class Meta:
        model = Handoff
        fields = ["state", "reason", "conversation_id", "team"]


class HandoffsView(generics.ListAPIView[Handoff]):
    """Handoffs, newest first, without their packets."""

    required_scopes = {"GET": RUNTIME_OR_READ}
    serializer_class = HandoffSerializer
    filterset_class = HandoffFilter
    queryset = Handoff.objects.none()  # for the schema; get_queryset says what there is

    def get_queryset(self) -> QuerySet[Handoff]:
        if getattr(self, "swagger_fake_view", False):
            return self.queryset
        handoffs = handoffs_visible_to(client_of(self.request).key)
        return handoffs.select_related("team").defer("packet")

    @extend_schema(**api_docs.HANDOFFS)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class HandoffView(generics.RetrieveAPIView[Handoff]):
    """One handoff with the whole packet."""

    required_scopes = {"GET": RUNTIME_OR_READ}
    serializer_class = HandoffPacketSerializer

    def get_queryset(self) -> QuerySet[Handoff]:
        return handoffs_visible_to(client_of(self.request).key).select_related("team")

    @extend_schema(**api_docs.HANDOFF)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class HandoffSchemaView(APIView):
    """The JSON Schema of a complete packet."""

    required_scopes = {"GET": RUNTIME_OR_READ}

    @extend_schema(**api_docs.PACKET_SCHEMA)
    def get(self, request: Request) -> Response:
        return Response(PUBLISHED_SCHEMA)


class HandoffMoveView(generics.GenericAPIView[Handoff]):
    """POST moves a handoff on, once per Idempotency-Key; the body may say who or why."""

    required_scopes = {"POST": "runtime"}
    service: ClassVar[Callable[..., Handoff]]

    def get_queryset(self) -> QuerySet[Handoff]:
        return handoffs_visible_to(client_of(self.request).key)

    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return act_once(request, lambda execution: self._move(request, execution))

    def _move(self, request: Request, execution: idempotency.Execution) -> Response:
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        handoff = self.get_object()
        with transaction.atomic():
            moved = self.service(actor=client_of(request).actor, handoff=handoff, **serializer.validated_data)
            answer = HandoffSerializer(moved).data
            execution.complete(200, answer)
        return Response(answer)


@extend_schema_view(post=extend_schema(**api_docs.ACCEPT))
class HandoffAcceptView(HandoffMoveView):
    """A person takes the conversation."""

    serializer_class = AcceptSerializer
    service = staticmethod(handoff_accept)


@extend_schema_view(post=extend_schema(**api_docs.RESOLVE))
class HandoffResolveView(HandoffMoveView):
    """The person has settled it."""

    serializer_class = FinishSerializer
    service = staticmethod(handoff_resolve)


@extend_schema_view(post=extend_schema(**api_docs.RETURN))
class HandoffReturnView(HandoffMoveView):
    """The agent takes the conversation again."""

    serializer_class = ReturnSerializer
    service = staticmethod(handoff_return)


class FeedbackView(APIView):
    """POST what a customer thought of a turn."""

    required_scopes = {"POST": "feedback"}

    @extend_schema(**api_docs.FEEDBACK)
    def post(self, request: Request) -> Response:
        return act_once(request, lambda execution: self._record(request, execution))

    def _record(self, request: Request, execution: idempotency.Execution) -> Response:
        serializer = FeedbackRequestSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        given = {name: value for name, value in serializer.validated_data.items() if name != "turn_id"}
        turn = get_object_or_404(
            turns_visible_to(client_of(request).key).only("pk"), pk=serializer.validated_data["turn_id"]
        )
        with transaction.atomic():
            feedback = feedback_record(actor=client_of(request).actor, turn=turn, **given)
            answer = FeedbackSerializer(feedback).data
            execution.complete(201, answer)
        return Response(answer, status=201)


class JsonLinesRenderer(BaseRenderer):
    """One JSON value a line; errors are one line too."""

    media_type = "application/x-ndjson"
    format = "jsonl"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        lines = data if isinstance(data, list) else [data]
        return b"".join(orjson.dumps(line, default=str) + b"\n" for line in lines)


class EventsView(APIView):
    """Every decision, oldest first, as JSON lines; ``after`` is the cursor."""

    required_scopes = {"GET": "read"}
    renderer_classes = [JsonLinesRenderer, ORJSONRenderer]

    @extend_schema(**api_docs.EVENTS)
    def get(self, request: Request) -> Response | HttpResponse:
        query = EventsQuerySerializer(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        after, limit = query.validated_data["after"], query.validated_data["limit"]
        events = turn_events(turns_visible_to(client_of(request).key), after=after, limit=limit)
        headers = {"X-Next-After": str(events[-1]["id"] if events else after)}
        if not events and request.accepted_renderer.format == JsonLinesRenderer.format:
            # DRF takes the content type off an empty body; no line at all is what we mean to say
            return HttpResponse(content_type=JsonLinesRenderer.media_type, headers=headers)
        return Response(events, headers=headers)
