"""The bot's door to the knowledge base: search, and live articles to read.

A key without the scope `identity` cannot say who asks: it gets what everyone may see. What a caller may not
read does not exist for them (404).
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from core.api.serializers import ErrorSerializer
from kb import access
from kb.contracts import Audience, SearchResult
from kb.models import Article
from kb.retrieval import search
from kb.serializers import (
    ArticleFilter,
    ArticleListSerializer,
    ArticleSerializer,
    AudienceSerializer,
    MergedSerializer,
    SearchRequestSerializer,
    SearchResponseSerializer,
)

ERRORS = {400: ErrorSerializer, 401: ErrorSerializer, 403: ErrorSerializer, 429: ErrorSerializer}
NOT_FOR_GOOD = {"Cache-Control": "no-cache"}  # restoring the merged article takes its redirect back
AUDIENCE_PARAMETERS = [
    OpenApiParameter(kind, str, description="Who asks; counts for keys with the scope `identity` only.")
    for kind in access.KINDS
]
SEARCH_REQUEST = {
    "query": "How do I get an invoice?",
    "audience": {"user_type": "admin", "tier": "team", "product_area": "billing"},
    "page": "/settings/billing",
    "limit": 3,
}
ARTICLE = {
    "id": 12,
    "slug": "find-invoices",
    "title": "Where do I find my invoices?",
    "revision_id": 40,
    "revision_number": 3,
    "published_at": "2026-03-02T09:00:00Z",
    "labels": ["billing"],
    "url": "/help/find-invoices/",
}
SEARCH_RESPONSE = {
    "results": [
        {
            "article_id": 12,
            "revision_id": 40,
            "title": "Where do I find my invoices?",
            "heading_path": ["Download an invoice"],
            "anchor": "download-an-invoice",
            "quote": "Open **Settings → Billing** and choose **Invoices**.",
            "score": 0.7312,
            "url": "/help/find-invoices/#download-an-invoice",
        }
    ],
    "out_of_scope": None,
    "index_version": 118,
}


def claimed_audience(request: Request, claim: Mapping[str, Any]) -> Audience:
    """Return who asks as far as the key may say so: nobody in particular without the scope `identity`."""
    if not request.user.has_scope("identity"):  # type: ignore[union-attr]  # an ApiClient, see core.api
        return Audience()
    serializer = AudienceSerializer(data={kind: claim[kind] for kind in access.KINDS if kind in claim})
    serializer.is_valid(raise_exception=True)
    return Audience(**serializer.validated_data)


class SearchView(APIView):
    """Find the sections that answer a question."""

    required_scopes = {"POST": "runtime"}

    @extend_schema(
        operation_id="search",
        tags=["knowledge base"],
        request=SearchRequestSerializer,
        responses={200: SearchResponseSerializer, **ERRORS},
        examples=[
            OpenApiExample("A question", SEARCH_REQUEST, request_only=True),
            OpenApiExample("Its answer", SEARCH_RESPONSE, response_only=True, status_codes=["200"]),
        ],
    )
    def post(self, request: Request) -> Response:
        """Search for the audience, its page first; `out_of_scope` where an article excludes the question."""
        serializer = SearchRequestSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        asked = serializer.validated_data
        audience = claimed_audience(request, asked.get("audience", {}))
        result = search(asked["query"], audience=audience, page=asked["page"], limit=asked["limit"])
        return Response(_search_body(result))


@extend_schema_view(
    list=extend_schema(
        operation_id="articles_list",
        tags=["knowledge base"],
        parameters=AUDIENCE_PARAMETERS,
        responses={200: ArticleListSerializer(many=True), **ERRORS},
        examples=[OpenApiExample("A live article", ARTICLE, response_only=True, status_codes=["200"])],
    ),
    retrieve=extend_schema(
        operation_id="articles_read",
        tags=["knowledge base"],
        parameters=AUDIENCE_PARAMETERS,
        responses={200: ArticleSerializer, 301: MergedSerializer, 404: ErrorSerializer, **ERRORS},
        examples=[
            OpenApiExample(
                "A live article with its text",
                {**ARTICLE, "body": "# Where do I find …", "html": "<h1>Where do I find …</h1>"},
                response_only=True,
                status_codes=["200"],
            )
        ],
    ),
)
class ArticleViewSet(viewsets.ReadOnlyModelViewSet[Article]):
    """Live articles, as far as the caller may read them."""

    required_scopes = {"GET": "read"}
    queryset = Article.objects.none()  # for the schema; get_queryset says what there is
    filterset_class = ArticleFilter

    def get_queryset(self) -> QuerySet[Article]:
        """Return what the caller may read."""
        if getattr(self, "swagger_fake_view", False):
            return self.queryset
        visible = Article.objects.published().visible_to(
            claimed_audience(self.request, self.request.query_params.dict())
        )
        return visible.select_related("published_revision").prefetch_related("labels")

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return the article; one that was merged leads to the one that took it in (301)."""
        try:
            return super().retrieve(request, *args, **kwargs)
        except Http404:
            asked = str(kwargs["pk"])
            merged = self.get_queryset().filter(merged__pk=asked) if asked.isdecimal() else self.queryset
            successor = merged.values_list("pk", flat=True).first()
            if successor is None:
                raise
        address = reverse("article-detail", args=[successor], request=request)
        claims = request.META["QUERY_STRING"]  # whoever follows asks as the same reader
        headers = {"Location": f"{address}?{claims}" if claims else address, **NOT_FOR_GOOD}
        return Response({"merged_into": successor}, status=HTTPStatus.MOVED_PERMANENTLY, headers=headers)

    def get_serializer_class(self) -> type[ArticleListSerializer]:
        return ArticleListSerializer if self.action == "list" else ArticleSerializer


def _search_body(result: SearchResult) -> dict[str, Any]:
    excluded = result.out_of_scope
    return {
        "results": [
            {
                "article_id": hit.article_id,
                "revision_id": hit.revision_id,
                "title": hit.title,
                "heading_path": list(hit.heading_path),
                "anchor": hit.anchor,
                "quote": hit.quote,
                "score": hit.score,
                "url": hit.url,
            }
            for hit in result.hits
        ],
        "out_of_scope": {"article_id": excluded.article_id, "text": excluded.text} if excluded else None,
        "index_version": result.index_version,
    }
