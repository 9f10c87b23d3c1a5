"""The glossary in the admin: shorthand that agents use, and what it stands for."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from core import activity
from core.admin_base import BaseAdmin, NextStepMixin, actor_of
from nlp.glossary import EntryRefused, Glossary
from nlp.ticket_text import version_of
from tickets.glossary import current_glossary
from tickets.models import GlossaryTerm, TicketText
from tickets.services import texts_renew_start


class GlossaryForm(forms.ModelForm):
    """A term; refused where the whole table would not work with it."""

    class Meta:
        model = GlossaryTerm
        fields = ("term", "expansion", "is_active")

    def clean(self) -> dict[str, Any]:
        """Compile the table with this term in it."""
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("is_active") and cleaned.get("term") and cleaned.get("expansion"):
            others = GlossaryTerm.objects.filter(is_active=True).exclude(pk=self.instance.pk)
            rows = [*others.values_list("term", "expansion"), (cleaned["term"], cleaned["expansion"])]
            try:
                Glossary(rows)
            except EntryRefused as refusal:
                raise ValidationError(str(refusal), code=refusal.code) from refusal
        return cleaned


@admin.register(GlossaryTerm)
class GlossaryTermAdmin(NextStepMixin, BaseAdmin):
    """Terms of the glossary."""

    form = GlossaryForm
    list_display = ("term", "expansion", "is_active")
    list_filter = ("is_active",)
    search_fields = ("term", "expansion")
    actions = ("use", "leave_out", "renew")
    change_list_template = "admin/tickets/glossary.html"

    def next_step(self, request: HttpRequest) -> str:
        return "No terms yet. Add shorthand that your agents use, such as cx for customer."

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        version = version_of(current_glossary())
        outdated = TicketText.objects.exclude(pipeline_version=version).count()
        return super().changelist_view(request, {"outdated": outdated, **(extra_context or {})})

    @admin.action(description="Use", permissions=["change"])
    def use(self, request: HttpRequest, queryset: QuerySet[GlossaryTerm]) -> None:
        """Write these terms out from now on."""
        self._set(request, queryset, is_active=True)

    @admin.action(description="Leave as written", permissions=["change"])
    def leave_out(self, request: HttpRequest, queryset: QuerySet[GlossaryTerm]) -> None:
        """Leave these terms as they are written."""
        self._set(request, queryset, is_active=False)

    @admin.action(description="Clean outdated tickets anew", permissions=["change"])
    def renew(self, request: HttpRequest, queryset: QuerySet[GlossaryTerm]) -> None:
        """Queue the cleaning of texts that another glossary has cleaned."""
        self.attempt(request, lambda: texts_renew_start(actor=actor_of(request)), "The cleaning is queued.")

    def _set(self, request: HttpRequest, queryset: QuerySet[GlossaryTerm], *, is_active: bool) -> None:
        for term in queryset.exclude(is_active=is_active)[:1_000]:
            term.is_active = is_active
            term.save(update_fields=["is_active"])
            activity.record(actor_of(request), "glossaryterm.changed", term, after={"is_active": is_active})
        self.message_user(request, "Done. Tickets that are stored are cleaned anew with the action below.")
