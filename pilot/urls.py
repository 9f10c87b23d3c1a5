"""Addresses of the pilot's endpoints, under /api/v1/."""

from __future__ import annotations

from django.urls import path

from pilot.drafts import api as drafts
from pilot.figures.api import MetricsView

urlpatterns = [
    path("drafts", drafts.DraftsView.as_view(), name="drafts"),
    path("drafts/<str:turn_id>/sent", drafts.DraftSentView.as_view(), name="draft-sent"),
    path("metrics", MetricsView.as_view(), name="pilot-metrics"),
]
