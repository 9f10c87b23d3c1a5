"""Addresses of the knowledge base's API, below /api/v1/."""

from django.urls import path

from kb.api import ArticleViewSet, SearchView

urlpatterns = [
    path("search", SearchView.as_view(), name="search"),
    path("articles", ArticleViewSet.as_view({"get": "list"}), name="article-list"),
    path("articles/<int:pk>", ArticleViewSet.as_view({"get": "retrieve"}), name="article-detail"),
]
