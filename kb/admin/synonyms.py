"""The search synonyms in the admin: one line a word, with what means the same."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest

from core.admin_base import BaseAdmin, NextStepMixin, actor_of
from core.errors import InvalidInput
from kb.models import SearchSynonyms
from kb.synonyms import synonyms_check, synonyms_delete, synonyms_save


class SearchSynonymsForm(forms.ModelForm):
    """A line; refused where the whole list would not work with it."""

    class Meta:
        model = SearchSynonyms
        fields = ("phrase", "same_as")

    def clean(self) -> dict[str, Any]:
        """Try the list with this line in it."""
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("phrase") and cleaned.get("same_as"):
            row = SearchSynonyms(self.instance.pk, cleaned["phrase"], cleaned["same_as"])
            try:
                synonyms_check(row)
            except InvalidInput as refusal:
                raise ValidationError(refusal.message, code=refusal.code) from refusal
        return cleaned


@admin.register(SearchSynonyms)
class SearchSynonymsAdmin(NextStepMixin, BaseAdmin):
    """Words that mean the same to customers."""

    form = SearchSynonymsForm
    log_saves = False  # the services write the log
    list_display = ("phrase", "same_as")
    search_fields = ("phrase", "same_as")

    def next_step(self, request: HttpRequest) -> str:
        return (
            "No synonyms yet. Where customers use another word than your articles, add a line: "
            "invoice means the same as bill, receipt. The next search uses it."
        )

    def save_model(self, request: HttpRequest, obj: SearchSynonyms, form: Any, change: bool) -> None:
        synonyms_save(actor=actor_of(request), row=obj)

    def delete_model(self, request: HttpRequest, obj: SearchSynonyms) -> None:
        synonyms_delete(actor=actor_of(request), row=obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[SearchSynonyms]) -> None:
        for row in queryset:
            synonyms_delete(actor=actor_of(request), row=row)
