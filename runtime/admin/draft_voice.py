"""The admin page of the voice of answers: its lines beside real answers in it, checked while typed."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import URLPattern, path, reverse, reverse_lazy
from django.views.decorators.http import require_POST

from core.admin_base import BaseAdmin, actor_of
from kb.retrieval import linked_url
from kb.selectors import sample_sections
from runtime.drafting.live import language_model
from runtime.drafting.voice import answer_reply
from runtime.drafting.voice_row import FIELDS, LINES, draft_voice_save, line_problems, voice_of
from runtime.markdown_words import markdown_words
from runtime.models import DraftVoice

PREVIEWS = 3
PREVIEW_URL = reverse_lazy("admin:runtime_draftvoice_preview")


class DraftVoiceForm(forms.ModelForm):
    """The lines around answers; one that claims something or breaks the brand's voice is refused in place."""

    class Meta:
        model = DraftVoice
        fields = FIELDS

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        for name, found in line_problems({name: cleaned.get(name, "") for name in LINES}).items():
            self.add_error(name, found)
        return cleaned


class TypedVoice(forms.ModelForm):
    """What is typed and not saved yet."""

    class Meta:
        model = DraftVoice
        fields = FIELDS


@admin.register(DraftVoice)
class DraftVoiceAdmin(BaseAdmin):
    """How answers begin and end: one row, opened at once."""

    form = DraftVoiceForm
    log_saves = False  # the service writes the log
    fields = FIELDS
    change_form_before_template = "admin/runtime/draft_voice_hint.html"
    change_form_after_template = "admin/runtime/draft_voice_previews.html"

    class Media:
        js = ("runtime/draft_voice.js",)
        css = {"all": ("runtime/draft_voice.css",)}

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.preview_view))
        return [path("preview/", view, name="runtime_draftvoice_preview"), *super().get_urls()]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        DraftVoice.objects.get_or_create(pk=1)
        return HttpResponseRedirect(reverse("admin:runtime_draftvoice_change", args=(1,)))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        row = context.get("original") or DraftVoice(pk=1)
        context |= {
            "has_model": language_model() is not None,
            "preview_url": str(PREVIEW_URL),
            "previews": previews(row),
        }
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: DraftVoice, form: Any, change: bool) -> None:
        changes = {name: form.cleaned_data[name] for name in FIELDS if name in form.cleaned_data}
        draft_voice_save(actor=actor_of(request), **changes)

    def response_change(self, request: HttpRequest, obj: DraftVoice) -> HttpResponse:
        """Stay: what the change does is seen on this page."""
        messages.success(request, "The voice is saved. It holds from the next answer on.")
        return HttpResponseRedirect(reverse("admin:runtime_draftvoice_change", args=(1,)))

    def preview_view(self, request: HttpRequest) -> JsonResponse:
        """Judge what is typed: POST the fields → problems by field, and real sections as answers in it."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        form = TypedVoice(request.POST)
        if not form.is_valid():
            found = {name: list(errors) for name, errors in form.errors.items()}
            return JsonResponse({"problems": found, "previews": []}, status=400)
        row = form.save(commit=False)
        problems = line_problems({name: getattr(row, name) for name in LINES})
        return JsonResponse({"problems": problems, "previews": previews(row)})


def previews(row: DraftVoice) -> list[dict[str, str]]:
    """Return real published sections as the answers that customers would read, as plain words."""
    voice = voice_of(row)
    return [
        {
            "title": " › ".join((hit.title, *hit.heading_path)),
            "text": markdown_words(answer_reply([hit], linked_url, voice=voice)),
        }
        for hit in sample_sections(PREVIEWS)
    ]
