"""The tagging inbox in the admin: a page for the keyboard, and the calls by which it takes and sends.

The page asks for the next messages ahead of time and sends decisions in the background; services decide.
Lists for the lead are intents.admin.tagging_lead.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.views.decorators.http import require_POST

from core.admin_base import ReadOnlyAdmin, actor_of
from core.errors import DomainError
from intents.admin.tagging_lead import LeadPagesMixin
from intents.models import TaggingDecision, TaggingItem
from intents.selectors import live_release
from intents.tagging import workflow
from intents.tagging.claiming import TAG, items_release, items_take, offer_of
from intents.tagging.contracts import Answer, Offer
from intents.tagging.deciding import CREATE_INTENT, decision_record, decision_undo
from intents.tagging.filling import inbox_fill_start, inbox_job
from intents.tagging.selectors import inbox_summary, intent_choices, progress_of, recent_decisions
from intents.tagging.settling import SETTLE

REFRESH_SECONDS = 3
MAX_HELD = 3 * workflow.MAX_TAKEN
MALFORMED = "Something is missing from what was sent. Reload the page; nothing that was saved is lost."


class HeldForm(forms.Form):
    """What the page holds, as numbers with commas between them, and how many more it wants."""

    held = forms.RegexField(r"^[0-9,]*$", required=False, max_length=1_000)
    want = forms.IntegerField(min_value=0, max_value=workflow.MAX_TAKEN, required=False)

    def clean_held(self) -> list[int]:
        """Return the numbers."""
        return [int(part[:15]) for part in self.cleaned_data["held"].split(",") if part][:MAX_HELD]


class DecisionForm(forms.Form):
    """One decision as the page sends it; the service decides whether it can stand."""

    key = forms.UUIDField()
    item = forms.IntegerField(min_value=1, max_value=2**53)
    kind = forms.ChoiceField(choices=TaggingDecision.Answer.choices)
    intent = forms.SlugField(max_length=60, required=False)
    reason = forms.CharField(max_length=10, required=False)
    label = forms.CharField(max_length=200, required=False)
    description = forms.CharField(max_length=5_000, required=False)
    seconds = forms.FloatField(min_value=0, max_value=10**6)
    release = forms.IntegerField(min_value=0, max_value=2**31 - 1, required=False)

    def answer(self) -> Answer:
        """Return what the person says."""
        data = self.cleaned_data
        return Answer(data["kind"], data["intent"], data["reason"], data["label"], data["description"])


class KeyForm(forms.Form):
    """Which decision."""

    key = forms.UUIDField()


@admin.register(TaggingItem)
class TaggingItemAdmin(LeadPagesMixin, ReadOnlyAdmin):
    """Messages to tag. The list is the inbox; one message's own page is for those who settle."""

    fields = (
        *("text", "source_ref", "category", "state", "outcome", "intent", "example"),
        *("suggested_slug", "confidence", "margin", "release", "model_version"),
        *("position", "is_random", "is_double", "is_golden", "doubles", "closed_at"),
    )

    def get_urls(self) -> list[URLPattern]:
        calls = {
            "take": self.take_view,
            "decide": self.decide_view,
            "undo": self.undo_view,
            "release": self.release_view,
            "fill": self.fill_view,
        }
        wrap = self.admin_site.admin_view
        return [
            *(
                path(f"{name}/", wrap(require_POST(_for_taggers(view))), name=f"intents_tagging_{name}")
                for name, view in calls.items()
            ),
            *super().get_urls(),
        ]

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Let taggers to the inbox; a message's own page would show what others have said."""
        return bool(
            super().has_view_permission(request, obj) and (obj is None or request.user.has_perm(SETTLE))
        )

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the inbox."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        job, live, summary = inbox_job(), live_release(), inbox_summary()
        may_tag = request.user.has_perm(TAG)
        context = {
            **self.admin_site.each_context(request),
            **self.lead_context(request, "inbox"),
            "title": "Tagging",
            "opts": self.opts,
            "summary": summary,
            "live": live,
            "job": job,
            "is_empty": not (summary.waiting or summary.decided or summary.awaiting_lead),
            "refresh_seconds": REFRESH_SECONDS if job and not summary.waiting else 0,
            "may_tag": may_tag,
            "may_add_intent": request.user.has_perm(CREATE_INTENT),
            "data": self._page_data(request) if may_tag else None,
            "skip_reasons": TaggingDecision.SkipReason.choices,
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/intents/tagging.html", context)

    def take_view(self, request: HttpRequest) -> HttpResponse:
        """Give the next messages: POST held, want → {"items", "progress"}."""
        return _json(HeldForm(request.POST), lambda form: self._taken(request, form.cleaned_data))

    def release_view(self, request: HttpRequest) -> HttpResponse:
        """Give back what the page holds: POST held → {"released"}."""
        return _json(
            HeldForm(request.POST),
            lambda form: {"released": items_release(actor=actor_of(request), held=form.cleaned_data["held"])},
        )

    def decide_view(self, request: HttpRequest) -> HttpResponse:
        """Keep one decision: POST DecisionForm → {"key", "is_new", "said", "intent", "note", "progress"}."""
        return _json(DecisionForm(request.POST), lambda form: self._decided(request, form))

    def undo_view(self, request: HttpRequest) -> HttpResponse:
        """Take one decision back: POST key → {"item", "progress"}."""
        return _json(KeyForm(request.POST), lambda form: self._undone(request, form.cleaned_data["key"]))

    def fill_view(self, request: HttpRequest) -> HttpResponse:
        """Queue a filling, and go back to the inbox."""
        done = "The inbox is being filled. This page shows how far it is."
        try:
            inbox_fill_start(actor=actor_of(request))
        except DomainError as refusal:
            messages.error(request, refusal.message)
        else:
            messages.success(request, done)
        return HttpResponseRedirect(reverse("admin:intents_taggingitem_changelist"))

    def _page_data(self, request: HttpRequest) -> dict[str, Any]:
        """Return what the page's script starts with; the messages themselves it takes."""
        person_id = request.user.pk or 0
        names = ("take", "decide", "undo", "release")
        return {
            "urls": {name: reverse(f"admin:intents_tagging_{name}") for name in names},
            "intents": [asdict(choice) for choice in intent_choices()],
            "recent": [
                {"key": str(d.key), "text": d.item.text[:140], "said": d.answer_label}
                for d in recent_decisions(person_id)
            ],
            "progress": asdict(progress_of(person_id)),
            "enough": workflow.ENOUGH_PHRASINGS,
            "person": person_id,
        }

    def _taken(self, request: HttpRequest, data: dict[str, Any]) -> dict[str, Any]:
        offers = items_take(actor=actor_of(request), want=data["want"] or 0, held=data["held"])
        return {
            "items": [_shown(request, offer) for offer in offers],
            "progress": asdict(progress_of(request.user.pk or 0)),
        }

    def _decided(self, request: HttpRequest, form: Any) -> dict[str, Any]:
        data = form.cleaned_data
        done = decision_record(
            actor=actor_of(request),
            key=data["key"],
            item_id=data["item"],
            answer=form.answer(),
            seconds=data["seconds"],
            shown_release=data["release"],
        )
        made = done.decision.intent
        return {
            "key": str(data["key"]),
            "is_new": done.is_new,
            "said": done.decision.answer_label,
            "intent": {"slug": made.slug, "label": made.label} if made else None,
            "note": done.note,
            "progress": asdict(progress_of(request.user.pk or 0)),
        }

    def _undone(self, request: HttpRequest, key: Any) -> dict[str, Any]:
        done = decision_undo(actor=actor_of(request), key=key)
        return {
            "key": str(key),
            "item": _shown(request, offer_of(done.item.pk)),
            "progress": asdict(progress_of(request.user.pk or 0)),
        }


def _for_taggers(view: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Let nobody else in, whatever they send; what is sent is read after that."""

    def checked(request: HttpRequest) -> HttpResponse:
        if not request.user.has_perm(TAG):
            raise PermissionDenied
        return view(request)

    return checked


def _json(form: forms.Form, answer: Callable[[Any], dict[str, Any]]) -> JsonResponse:
    """Answer a call of the page: what was sent wrongly is 400, a refusal is the service's own status."""
    if not form.is_valid():
        return JsonResponse({"code": "malformed", "message": MALFORMED}, status=400)
    try:
        return JsonResponse(answer(form))
    except DomainError as refusal:
        said = {"code": refusal.code, "message": refusal.message, "extra": refusal.extra}
        return JsonResponse(said, status=refusal.http_status)


def _shown(request: HttpRequest, offer: Offer) -> dict[str, Any]:
    """Return a message as the page's script gets it; nothing in it tells golden ones from others."""
    may_see_ticket = request.user.has_perm("tickets.view_ticket")
    return {
        "id": offer.item_id,
        "text": offer.text,
        "ticket": offer.source_ref,
        "ticket_url": reverse("admin:tickets_ticket_change", args=(offer.ticket_id,))
        if may_see_ticket
        else "",
        "category": offer.category,
        "closed": date_format(localtime(offer.closed_at), "DATE_FORMAT"),
        "suggestion": asdict(offer.suggestion) if offer.suggestion else None,
    }
