"""Audiences, product pages and labels in the admin."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from core.admin_base import BaseAdmin, actor_of
from kb import pages
from kb.models import ArticleAudience, AudienceValue, Label, ProductPage
from kb.services import product_page_delete, product_page_save


class PatternField(forms.CharField):
    """A page pattern that can be matched."""

    def validate(self, value: str) -> None:
        super().validate(value)
        try:
            pages.check(value)
        except pages.BadPattern as error:
            raise ValidationError(str(error), code="bad_pattern") from error


class ProductPageForm(forms.ModelForm):
    """A product page, with an address to try its pattern on."""

    pattern = PatternField(
        max_length=pages.MAX_PATTERN_LENGTH,
        widget=UnfoldAdminTextInputWidget,
        help_text="A path such as /settings/billing. * stands for one segment, ** for any number of them.",
    )
    try_address = forms.CharField(
        label="Try an address",
        required=False,
        max_length=pages.MAX_PATH_LENGTH,
        widget=UnfoldAdminTextInputWidget,
        help_text="Fill this in and save: the form says whether the address is one of these pages.",
    )

    class Meta:
        model = ProductPage
        fields = ("name", "pattern")

    def clean(self) -> dict[str, Any] | None:
        data = super().clean() or {}
        address, pattern = data.get("try_address", ""), data.get("pattern")
        if address and pattern:
            verdict = "is" if pages.matches(pattern, address) else "is NOT"
            self.add_error(
                "try_address",
                f"{pages.path_of(address) or address} {verdict} one of the pages of {pattern}. "
                "Nothing was saved: empty this field to save.",
            )
        return data


@admin.register(ProductPage)
class ProductPageAdmin(BaseAdmin):
    """Places in the product by which answers are chosen."""

    form = ProductPageForm
    log_saves = False  # the services write the log
    fields = ("name", "pattern", "try_address")
    list_display = ("name", "pattern", "articles")
    search_fields = ("name", "pattern")

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[ProductPage]:
        return super().get_queryset(request).annotate(article_count=models.Count("articles"))

    @display(description="Articles", ordering="article_count")
    def articles(self, page: Any) -> int:
        """How many articles belong to the page."""
        return int(page.article_count)

    def save_model(self, request: HttpRequest, obj: ProductPage, form: Any, change: bool) -> None:
        product_page_save(actor=actor_of(request), page=obj)

    def delete_model(self, request: HttpRequest, obj: ProductPage) -> None:
        product_page_delete(actor=actor_of(request), page=obj)

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet[ProductPage]) -> None:
        for page in queryset:
            product_page_delete(actor=actor_of(request), page=page)


@admin.register(AudienceValue)
class AudienceValueAdmin(BaseAdmin):
    """The values by which articles are segmented. One in use keeps its name and cannot be deleted."""

    list_display = ("label", "kind", "value", "articles")
    list_filter = ("kind",)
    search_fields = ("label", "value")

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[AudienceValue]:
        count = models.Count("articles")
        return super().get_queryset(request).annotate(article_count=count)

    @display(description="Articles", ordering="article_count")
    def articles(self, value: Any) -> int:
        """How many articles name the value."""
        return int(value.article_count)

    def get_readonly_fields(self, request: HttpRequest, obj: AudienceValue | None = None) -> Any:
        return ("kind", "value") if obj is not None else ()

    def has_delete_permission(self, request: HttpRequest, obj: AudienceValue | None = None) -> bool:
        used = obj is not None and ArticleAudience.objects.filter(value=obj).exists()
        return not used and super().has_delete_permission(request, obj)


@admin.register(Label)
class LabelAdmin(BaseAdmin):
    """Words by which articles are sorted."""

    search_fields = ("name",)
