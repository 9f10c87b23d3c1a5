"""Audiences, product pages and labels in the admin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.views.decorators.http import require_safe
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from core.admin_base import BaseAdmin, actor_of
from kb import pages
from kb.admin.audience_tester import tester_url
from kb.models import ArticleAudience, AudienceValue, Label, ProductPage
from kb.services import product_page_delete, product_page_save

MAX_TRIED = 50  # addresses at once
TRY_IT = '<a class="text-primary-600 dark:text-primary-400 underline" href="{}">Try it</a>'


class PatternField(forms.CharField):
    """A page pattern that can be matched."""

    def validate(self, value: str) -> None:
        super().validate(value)
        try:
            pages.check(value)
        except pages.BadPattern as error:
            raise ValidationError(str(error), code="bad_pattern") from error


class ProductPageForm(forms.ModelForm):
    """A product page, by the pattern of its addresses."""

    pattern = PatternField(
        max_length=pages.MAX_PATTERN_LENGTH,
        widget=UnfoldAdminTextInputWidget,
        help_text="A path such as /settings/billing. * stands for one segment, ** for any number of them.",
    )

    class Meta:
        model = ProductPage
        fields = ("name", "pattern")


@dataclass(frozen=True, slots=True)
class TriedAddress:
    """An address somebody tried: its path, whether the pattern takes it, and the product pages that do."""

    address: str
    path: str
    is_match: bool
    pages: Sequence[ProductPage]


class TesterHintMixin(ModelAdmin):
    """Say to a list's template whether the person may open the audience tester."""

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {**(extra_context or {}), "may_test": request.user.has_perm("kb.view_article")}
        return super().changelist_view(request, context)


@admin.register(ProductPage)
class ProductPageAdmin(TesterHintMixin, BaseAdmin):
    """Places in the product by which answers are chosen; addresses can be tried without saving."""

    form = ProductPageForm
    log_saves = False  # the services write the log
    fields = ("name", "pattern")
    list_display = ("name", "pattern", "used_by", "who_sees")
    search_fields = ("name", "pattern")
    list_before_template = "admin/kb/pages_hint.html"
    change_form_outer_after_template = "admin/kb/page_try_link.html"

    class Media:
        css = {"all": ("kb/articles.css",)}

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_safe(self.try_view))
        return [path("try/", view, name="kb_page_try"), *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[ProductPage]:
        return super().get_queryset(request).annotate(article_count=models.Count("articles"))

    @display(description="Articles", ordering="article_count")
    def used_by(self, page: Any) -> int:
        """How many articles belong to the page."""
        return int(page.article_count)

    @display(description="As a reader")
    def who_sees(self, page: ProductPage) -> str:
        """The way to the tester, on this page."""
        return format_html(TRY_IT, tester_url(page=pages.example(page.pattern)))

    def try_view(self, request: HttpRequest) -> HttpResponse:
        """Show which product pages addresses belong to, and whether a pattern takes them. Saves nothing."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        pattern, typed = request.GET.get("pattern", "").strip(), request.GET.get("addresses", "")
        problem = ""
        if pattern:
            try:
                pages.check(pattern)
            except pages.BadPattern as error:
                problem = str(error)
        lines = [line.strip() for line in typed.splitlines() if line.strip()]
        known = list(self.get_queryset(request))
        tried = [
            TriedAddress(
                address,
                pages.path_of(address),
                bool(pattern and not problem and pages.matches(pattern, address)),
                [page for page in known if pages.matches(page.pattern, address)],
            )
            for address in lines[:MAX_TRIED]
        ]
        context = {
            **self.admin_site.each_context(request),
            "title": "Try addresses on product pages",
            "pattern": pattern,
            "problem": problem,
            "addresses": typed,
            "tried": tried,
            "left_out": max(0, len(lines) - MAX_TRIED),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/kb/page_try.html", context)

    def save_model(self, request: HttpRequest, obj: ProductPage, form: Any, change: bool) -> None:
        product_page_save(actor=actor_of(request), page=obj)

    def delete_model(self, request: HttpRequest, obj: ProductPage) -> None:
        product_page_delete(actor=actor_of(request), page=obj)

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet[ProductPage]) -> None:
        for page in queryset:
            product_page_delete(actor=actor_of(request), page=page)


@admin.register(AudienceValue)
class AudienceValueAdmin(TesterHintMixin, BaseAdmin):
    """The values by which articles are segmented. One in use keeps its name and cannot be deleted."""

    list_display = ("label", "kind", "value", "used_by", "who_sees")
    list_filter = ("kind",)
    search_fields = ("label", "value")
    list_before_template = "admin/kb/audiences_hint.html"

    class Media:
        css = {"all": ("kb/articles.css",)}

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[AudienceValue]:
        count = models.Count("articles")
        return super().get_queryset(request).annotate(article_count=count)

    @display(description="Articles", ordering="article_count")
    def used_by(self, value: Any) -> int:
        """How many articles name the value."""
        return int(value.article_count)

    @display(description="As a reader")
    def who_sees(self, value: AudienceValue) -> str:
        """The way to the tester, as a reader of whom only this is known."""
        return format_html(TRY_IT, tester_url(**{value.kind: value.value}))

    def get_readonly_fields(self, request: HttpRequest, obj: AudienceValue | None = None) -> Any:
        return ("kind", "value") if obj is not None else ()

    def has_delete_permission(self, request: HttpRequest, obj: AudienceValue | None = None) -> bool:
        used = obj is not None and ArticleAudience.objects.filter(value=obj).exists()
        return not used and super().has_delete_permission(request, obj)


@admin.register(Label)
class LabelAdmin(BaseAdmin):
    """Words by which articles are sorted."""

    search_fields = ("name",)
