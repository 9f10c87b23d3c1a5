"""Endpoints of drafts: what people let through, and what they really sent. Thin: services decide.

A key sees the drafts of its own conversations only, whatever its scopes: it speaks for these.
"""

from __future__ import annotations

from datetime import UTC
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import Http404
from django_filters import rest_framework as filters
from django_filters.fields import IsoDateTimeField
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.api import idempotency
from core.api.authentication import client_of
from core.models import ApiKey
from core.writing import write_transaction
from pilot.drafts import api_docs
from pilot.drafts.collecting import drafts_collect
from pilot.drafts.queue import reviewed_first, to_be_sent
from pilot.drafts.sending import draft_sent_report
from pilot.drafts.serializers import (
    NOT_SENT,
    SENT,
    STATES,
    WAITING,
    SentReplySerializer,
    SentReportSerializer,
)
from pilot.models import Draft
from runtime.api import act_once
from runtime.models import Turn

MAX_ID = 2**63 - 1


def drafts_of(key: ApiKey) -> QuerySet[Draft]:
    """Return the drafts of the key's own conversations, with whether they were reviewed."""
    drafts = Draft.objects.filter(conversation__api_key=key).select_related(None)
    return drafts.annotate(has_first=reviewed_first())


class MomentField(IsoDateTimeField):
    """A moment with its offset, as long as the world's clock has it."""

    def to_python(self, value: Any) -> Any:
        try:
            moment = super().to_python(value)
            return moment.astimezone(UTC) if moment is not None else None
        except OverflowError as error:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid") from error


class MomentFilter(filters.IsoDateTimeFilter):
    """Compare with a moment."""

    field_class = MomentField


class DraftFilter(filters.FilterSet):
    """Which drafts to list."""

    conversation_id = filters.UUIDFilter(field_name="conversation_id")
    state = filters.ChoiceFilter(choices=STATES, method="in_state")
    after = MomentFilter(field_name="sent_at", lookup_expr="gte")

    class Meta:
        model = Draft
        fields = ["conversation_id", "state", "after", "mode"]

    def in_state(self, drafts: QuerySet[Draft], name: str, value: str) -> QuerySet[Draft]:
        """Keep the drafts in a state."""
        if value == SENT:
            return drafts.exclude(sent_at=None)
        waiting = to_be_sent().values("pk")
        if value == WAITING:
            return drafts.filter(pk__in=waiting)
        return drafts.filter(sent_at=None).exclude(pk__in=waiting) if value == NOT_SENT else drafts


class DraftsView(generics.ListAPIView[Draft]):
    """What became of the drafted replies, newest first."""

    required_scopes = {"GET": "runtime"}
    serializer_class = SentReplySerializer
    filterset_class = DraftFilter
    queryset = Draft.objects.none()  # for the schema; get_queryset says what there is

    def get_queryset(self) -> QuerySet[Draft]:
        if getattr(self, "swagger_fake_view", False):
            return self.queryset
        return drafts_of(client_of(self.request).key)

    @extend_schema(**api_docs.DRAFTS)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        if request.query_params.get("state") != SENT:  # what was sent has been collected before
            drafts_collect()
        return super().get(request, *args, **kwargs)


class DraftSentView(APIView):
    """POST what a person really sent for a turn."""

    required_scopes = {"POST": "runtime"}

    @extend_schema(**api_docs.SENT)
    def post(self, request: Request, turn_id: str) -> Response:
        return act_once(request, lambda execution: self._report(request, turn_id, execution))

    def _report(self, request: Request, turn_id: str, execution: idempotency.Execution) -> Response:
        serializer = SentReportSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        client = client_of(request)
        draft_id = _draft_of(client.key, turn_id)
        with write_transaction():
            draft = draft_sent_report(actor=client.actor, draft_id=draft_id, **serializer.validated_data)
            answer = SentReplySerializer(draft).data
            execution.complete(200, answer)
        return Response(answer)


def _draft_of(key: ApiKey, turn_id: str) -> int:
    """Return the id of a turn's draft, made now where it was not collected yet."""
    if not (turn_id.isascii() and turn_id.isdigit() and len(turn_id) < 20 and int(turn_id) <= MAX_ID):
        raise Http404
    turn = Turn.objects.filter(pk=int(turn_id), conversation__api_key=key, pilot_id__isnull=False).first()
    if turn is None:
        raise Http404
    own = Draft.objects.filter(turn=turn)
    found = own.values_list("pk", flat=True).first()
    if found is None:
        drafts_collect(pilot_id=turn.pilot_id)
        found = own.values_list("pk", flat=True).first()
    if found is None:
        raise Http404
    return found
