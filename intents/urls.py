"""Addresses of the intents' endpoints, under /api/v1/."""

from django.urls import path

from intents.api import ClassifyView, IntentListView

urlpatterns = [
    path("classify", ClassifyView.as_view(), name="classify"),
    path("intents", IntentListView.as_view(), name="intent-list"),
]
