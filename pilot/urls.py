"""Addresses of the pilot's endpoints, under /api/v1/."""

from __future__ import annotations

from django.urls import URLPattern, path

from pilot.figures.api import MetricsView

urlpatterns: list[URLPattern] = [
    path("metrics", MetricsView.as_view(), name="pilot-metrics"),
]
