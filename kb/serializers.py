"""The shapes of the knowledge base's part of the API."""

from __future__ import annotations

from typing import Any

from django_filters import rest_framework as filters
from rest_framework import serializers

from kb.markdown import render
from kb.models import Article
from kb.pages import MAX_PATH_LENGTH
from kb.retrieval import article_url
from kb.snapshot import MAX_LIMIT, MAX_QUERY_CHARACTERS

AUDIENCE_LENGTH = 60


class AudienceSerializer(serializers.Serializer[Any]):
    """Who asks; counts for keys with the scope `identity` only."""

    user_type = serializers.CharField(max_length=AUDIENCE_LENGTH, allow_blank=True, default="")
    tier = serializers.CharField(max_length=AUDIENCE_LENGTH, allow_blank=True, default="")
    product_area = serializers.CharField(max_length=AUDIENCE_LENGTH, allow_blank=True, default="")


class SearchRequestSerializer(serializers.Serializer[Any]):
    query = serializers.CharField(max_length=MAX_QUERY_CHARACTERS)
    audience = AudienceSerializer(required=False)
    page = serializers.CharField(
        max_length=MAX_PATH_LENGTH,
        allow_blank=True,
        default="",
        help_text="Path or address of the page that the customer is on.",
    )
    limit = serializers.IntegerField(min_value=1, max_value=MAX_LIMIT, default=5)


class SearchHitSerializer(serializers.Serializer[Any]):
    article_id = serializers.IntegerField()
    revision_id = serializers.IntegerField()
    title = serializers.CharField()
    heading_path = serializers.ListField(child=serializers.CharField())
    anchor = serializers.CharField()
    quote = serializers.CharField(help_text="Occurs verbatim in that revision's Markdown.")
    score = serializers.FloatField(help_text="In [0, 1].")
    url = serializers.CharField()


class ExclusionSerializer(serializers.Serializer[Any]):
    article_id = serializers.IntegerField()
    text = serializers.CharField()


class SearchResponseSerializer(serializers.Serializer[Any]):
    results = SearchHitSerializer(many=True)
    out_of_scope = ExclusionSerializer(allow_null=True)
    index_version = serializers.IntegerField()


class ArticleListSerializer(serializers.ModelSerializer[Article]):
    """A live article, as its published revision has it."""

    revision_id = serializers.IntegerField(source="published_revision_id")
    revision_number = serializers.IntegerField(source="published_revision.number")
    title = serializers.CharField(source="published_revision.title")
    published_at = serializers.DateTimeField(source="published_revision.published_at")
    labels: Any = serializers.SlugRelatedField(slug_field="name", many=True, read_only=True)
    url = serializers.SerializerMethodField()

    class Meta:
        model = Article
        fields = ("id", "slug", "title", "revision_id", "revision_number", "published_at", "labels", "url")

    def get_url(self, article: Article) -> str:
        """Return where customers read it."""
        return article_url(article.pk, article.slug)


class ArticleSerializer(ArticleListSerializer):
    """A live article with its text."""

    body = serializers.CharField(source="published_revision.body", help_text="Markdown.")
    html = serializers.SerializerMethodField(help_text="The body as sanitised HTML.")

    class Meta(ArticleListSerializer.Meta):
        fields = (*ArticleListSerializer.Meta.fields, "body", "html")  # type: ignore[assignment]

    def get_html(self, article: Article) -> str:
        """Return sanitised HTML."""
        revision = article.published_revision
        return render(revision.body) if revision is not None else ""


class MergedSerializer(serializers.Serializer):
    """The article was merged into another one; the header Location has its address."""

    merged_into = serializers.IntegerField()


class ArticleFilter(filters.FilterSet):
    """What a list of articles can be narrowed by; the audience parameters are read by the view."""

    label = filters.CharFilter(field_name="labels__name", max_length=60)
    slug = filters.CharFilter(max_length=120)

    class Meta:
        model = Article
        fields = ("label", "slug")
