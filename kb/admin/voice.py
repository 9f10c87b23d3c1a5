"""The brand's voice in the admin: tone, sample replies, and every text that does not keep to its words."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_safe
from unfold.decorators import display

from core.admin_base import BaseAdmin, NextStepMixin, actor_of
from kb.linting import voice_term_delete, voice_term_save
from kb.models import VoiceGuide, VoiceTerm
from kb.voice import RULE, SAMPLES, sample_problems, voice_checked, voice_guide, voice_guide_save

PER_PAGE = 50
SHOWN_TERMS = 30


class VoiceGuideForm(forms.ModelForm):
    """Tone and samples; a sample that uses an unwanted word is refused where it stands."""

    class Meta:
        model = VoiceGuide
        fields = ("tone", *SAMPLES)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        for name, found in sample_problems({name: cleaned.get(name, "") for name in SAMPLES}).items():
            self.add_error(name, found)
        return cleaned


@admin.register(VoiceGuide)
class VoiceGuideAdmin(BaseAdmin):
    """How the brand speaks: one row, opened at once; and the page that shows where it does not."""

    form = VoiceGuideForm
    log_saves = False  # the service writes the log
    fields = ("tone", *SAMPLES)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_safe(self.voice_view))
        return [path("brand/", view, name="kb_voice"), *super().get_urls()]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        VoiceGuide.objects.get_or_create(pk=1)
        return HttpResponseRedirect(reverse("admin:kb_voiceguide_change", args=(1,)))

    def save_model(self, request: HttpRequest, obj: VoiceGuide, form: Any, change: bool) -> None:
        voice_guide_save(actor=actor_of(request), guide=obj)

    def response_change(self, request: HttpRequest, obj: VoiceGuide) -> HttpResponse:
        """Go back to the page that the guide belongs to."""
        if "_continue" in request.POST:
            return super().response_change(request, obj)
        messages.success(request, "The voice guide is saved.")
        return HttpResponseRedirect(reverse("admin:kb_voice"))

    def voice_view(self, request: HttpRequest) -> HttpResponse:
        """Show the guide, and kind by kind the texts that do not keep to its words."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        checked = voice_checked()
        kind = request.GET.get("kind", "")
        kind = kind if kind in {one.kind for one in checked} else ""
        hits = [hit for one in checked if kind in ("", one.kind) for hit in one.hits]
        guide = voice_guide()
        context = {
            **self.admin_site.each_context(request),
            "title": "Brand voice",
            "guide": guide,
            "slots": [(title, getattr(guide, name)) for name, title in SAMPLES.items()],
            "terms": VoiceTerm.objects.all()[:SHOWN_TERMS],
            "term_count": VoiceTerm.objects.count(),
            "checked": checked,
            "kind": kind,
            "rule": RULE,
            "hits": Paginator(hits, PER_PAGE).get_page(request.GET.get("p")),
            "waiting": sum(one.waiting for one in checked),
            "may_change": request.user.has_perm("kb.change_voiceguide"),
            "may_add_words": request.user.has_perm("kb.add_voiceterm"),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/kb/voice.html", context)


@admin.register(VoiceTerm)
class VoiceTermAdmin(NextStepMixin, BaseAdmin):
    """The words that the brand does and does not use."""

    log_saves = False  # the services write the log
    list_display = ("unwanted", "shown_instead", "reason")
    search_fields = ("unwanted", "instead")
    fields = ("unwanted", "instead", "reason")

    def next_step(self, request: HttpRequest) -> str:
        return "No words yet. Add one that you never use towards customers, and what you say instead."

    @display(description="We say", ordering="instead")
    def shown_instead(self, term: VoiceTerm) -> str:
        """What the brand says, or that it leaves the word out."""
        return term.instead or "nothing: leave it out"

    def save_model(self, request: HttpRequest, obj: VoiceTerm, form: Any, change: bool) -> None:
        voice_term_save(actor=actor_of(request), term=obj)
        guide = voice_guide()
        for found in sample_problems({name: getattr(guide, name) for name in SAMPLES}).values():
            messages.warning(request, f"A sample reply of the voice guide uses it. {' '.join(found)}")

    def delete_model(self, request: HttpRequest, obj: VoiceTerm) -> None:
        voice_term_delete(actor=actor_of(request), term=obj)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for term in queryset:
            voice_term_delete(actor=actor_of(request), term=term)
