"""Addresses of the runtime endpoints, under /api/v1/."""

from __future__ import annotations

from django.urls import path

from runtime import api

urlpatterns = [
    path("turns", api.TurnsView.as_view(), name="turns"),
    path("conversations/<str:pk>", api.ConversationView.as_view(), name="conversation"),
    path("conversations/<str:pk>/messages", api.MessagesView.as_view(), name="messages"),
    path("handoffs", api.HandoffsView.as_view(), name="handoffs"),
    path("handoffs/schema", api.HandoffSchemaView.as_view(), name="handoff-schema"),
    path("handoffs/<str:pk>", api.HandoffView.as_view(), name="handoff"),
    path("handoffs/<str:pk>/accept", api.HandoffAcceptView.as_view(), name="handoff-accept"),
    path("handoffs/<str:pk>/resolve", api.HandoffResolveView.as_view(), name="handoff-resolve"),
    path("handoffs/<str:pk>/return", api.HandoffReturnView.as_view(), name="handoff-return"),
    path("feedback", api.FeedbackView.as_view(), name="feedback"),
    path("events", api.EventsView.as_view(), name="events"),
]
