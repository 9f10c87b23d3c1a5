"""A small API on the shared plumbing, for its tests: one acting endpoint, one echo, one list."""

from __future__ import annotations

from django.db import transaction
from django.urls import include, path
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.api import idempotency
from core.errors import InvalidInput, Unavailable
from core.models import Job


class ActView(APIView):
    """Write one Job a request, unless the body asks for a failure."""

    required_scopes = {"POST": "runtime"}

    def post(self, request: Request) -> Response:
        execution = idempotency.begin(request)
        if execution.replay:
            return execution.replay
        try:
            return self._act(request, execution)
        except InvalidInput:
            execution.abandon()
            raise

    def _act(self, request: Request, execution: idempotency.Execution) -> Response:
        with transaction.atomic():
            job = Job.objects.create(task="tests.act", arguments=request.data)
            if request.data.get("fail") == "refused":
                raise InvalidInput("Not like this.")
            if request.data.get("fail") == "crash":
                raise RuntimeError("the process died")
            if request.data.get("fail") == "away":
                raise Unavailable("The index is being built.")
            data = {"id": job.pk}
            execution.complete(201, data)
        return Response(data, status=201)


class EchoView(APIView):
    """Give the parsed body back."""

    required_scopes = {"POST": "read"}

    def post(self, request: Request) -> Response:
        return Response({"echo": request.data})


class JobSerializer(serializers.ModelSerializer):
    class Meta:
        model = Job
        fields = ("id", "task")


class JobListView(generics.ListAPIView):
    """List jobs, a page at a time."""

    required_scopes = {"GET": "read"}
    queryset = Job.objects.all()
    serializer_class = JobSerializer
    filterset_fields = ("state", "attempts")


class ClosedView(APIView):
    """A view that forgot to name its scopes."""

    def get(self, request: Request) -> Response:
        return Response({})


urlpatterns = [
    path("act", ActView.as_view()),
    path("echo", EchoView.as_view()),
    path("jobs", JobListView.as_view()),
    path("closed", ClosedView.as_view()),
    path("", include("supportadmin.urls")),
]
