"""The buttons above the list of articles that bring articles in and out, and the download itself."""

from __future__ import annotations

from tempfile import SpooledTemporaryFile
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from unfold.admin import ModelAdmin
from unfold.decorators import action

from core.errors import DomainError
from kb.exchange.exporting import export_zip
from kb.models import Article

IN_MEMORY_BYTES = 2 * 1024**2


class ExchangeMixin(ModelAdmin):
    """Add import and export to the list of articles."""

    actions_list = ("import_articles", "export_articles")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.export_view)
        return [path("export.zip", view, name="kb_articles_export"), *super().get_urls()]

    def has_import_permission(self, request: HttpRequest) -> bool:
        """Whether the button is offered."""
        return request.user.has_perms(("kb.add_article", "kb.change_article"))

    @action(description="Import articles", url_path="go-import", permissions=["import"])
    def import_articles(self, request: HttpRequest) -> HttpResponse:
        """Go to the upload."""
        return HttpResponseRedirect(reverse("admin:kb_articleimport_add"))

    @action(description="Download as Markdown", url_path="go-export", permissions=["view"])
    def export_articles(self, request: HttpRequest) -> HttpResponse:
        """Go to the download."""
        return HttpResponseRedirect(reverse("admin:kb_articles_export"))

    @action(description="Download as Markdown", permissions=["view"])
    def export_selected(self, request: HttpRequest, queryset: models.QuerySet[Article]) -> Any:
        """Answer with a zip of the chosen articles, in their newest text."""
        ids = list(queryset.order_by().values_list("pk", flat=True))
        return _zip(request, Article.objects.filter(pk__in=ids), published=False)

    def export_view(self, request: HttpRequest) -> HttpResponse | FileResponse:
        """Answer with a zip of all articles in their newest text; ?published=1: what bots answer from."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method != "GET":
            return HttpResponse(status=405, headers={"Allow": "GET"})
        return _zip(request, Article.objects.all(), published=request.GET.get("published") == "1")


def _zip(request: HttpRequest, articles: Any, *, published: bool) -> HttpResponse | FileResponse:
    if not published and not request.user.has_perm("kb.view_revision"):
        published = True  # drafts are shown to those alone who may read revisions
    stream = SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115 - the response closes it
    try:
        export_zip(stream, articles, published=published)
    except DomainError as refusal:
        stream.close()
        messages.error(request, refusal.message)
        return HttpResponseRedirect(reverse("admin:kb_article_changelist"))
    stream.seek(0)
    return FileResponse(stream, as_attachment=True, filename="articles.zip", content_type="application/zip")
