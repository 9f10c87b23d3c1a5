"""The article form keeps what is typed: a call that keeps it, one that discards it, and what was kept."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.admin import ModelAdmin
from django.http import Http404, HttpRequest, JsonResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

from core.admin_base import actor_of
from core.errors import DomainError
from kb.models import Article
from kb.unsaved import unsaved_discard, unsaved_keep, unsaved_of


class TypedForm(forms.Form):
    """What the page sends while somebody types."""

    article = forms.IntegerField(min_value=1, required=False)
    base_number = forms.IntegerField(min_value=0, max_value=10**9)
    title = forms.CharField(required=False, strip=False)
    body = forms.CharField(required=False, strip=False)


class UnsavedMixin(ModelAdmin):
    """Add the calls to an article admin; ``unsaved_context`` is what its template needs."""

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("unsaved/", wrap(require_POST(self.unsaved_view)), name="kb_article_unsaved"),
            path("discard/", wrap(require_POST(self.discard_view)), name="kb_article_unsaved_discard"),
            *super().get_urls(),
        ]

    def unsaved_view(self, request: HttpRequest) -> JsonResponse:
        """Keep what was typed: POST article, base_number, title, body → {"saved_at"}."""
        form = TypedForm(request.POST)
        if not form.is_valid():
            return JsonResponse({"message": "Something is missing from what was sent."}, status=400)
        typed = form.cleaned_data
        article = self._article(typed.pop("article"))
        try:
            kept = unsaved_keep(actor=actor_of(request), article=article, **typed)
        except DomainError as refusal:
            return JsonResponse({"message": refusal.message}, status=refusal.http_status)
        return JsonResponse({"saved_at": kept.saved_at.isoformat()})

    def discard_view(self, request: HttpRequest) -> JsonResponse:
        """Forget what was typed: POST article → {}."""
        form = TypedForm({"base_number": 0, "article": request.POST.get("article", "")})
        if not form.is_valid():
            return JsonResponse({"message": "There is no such article."}, status=400)
        unsaved_discard(person_id=request.user.pk or 0, article=self._article(form.cleaned_data["article"]))
        return JsonResponse({})

    def unsaved_context(self, request: HttpRequest, article: Article | None) -> dict[str, Any]:
        """Return the addresses and, where the person left something that differs, what they had typed."""
        kept = unsaved_of(request.user.pk or 0, article)
        is_news = kept is not None and (kept.title.strip() or kept.body.strip())
        return {
            "keep_url": reverse("admin:kb_article_unsaved"),
            "discard_url": reverse("admin:kb_article_unsaved_discard"),
            "article": article.pk if article else None,
            "kept": {
                "title": kept.title,
                "body": kept.body,
                "base_number": kept.base_number,
                "saved_at": kept.saved_at.isoformat(),
            }
            if kept is not None and is_news
            else None,
        }

    def _article(self, pk: int | None) -> Article | None:
        if pk is None:
            return None
        article = Article.objects.filter(pk=pk).first()
        if article is None:
            raise Http404
        return article
