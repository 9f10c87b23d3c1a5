"""The review desk: a page for the keyboard, and the calls by which it takes, shows and sends.

The page asks for the next drafts ahead of time and sends decisions in the background; services decide.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.formats import date_format
from django.utils.html import escape
from django.utils.timezone import localtime
from django.views.decorators.http import require_POST, require_safe
from unfold.admin import ModelAdmin

from core.admin_base import actor_of
from core.errors import DomainError, NotFound
from kb.diff import by_words
from kb.markdown import render
from kb.selectors import audience_choices
from pilot.drafts.agreement import progress_of, recent_reviews
from pilot.drafts.claiming import MAX_TAKEN, drafts_release, drafts_take, offer_of
from pilot.drafts.contracts import Offer, Source
from pilot.drafts.reviewing import MAX_TIER, review_record, review_undo
from pilot.drafts.sending import REVIEW
from pilot.models import Draft, Pilot, Review
from pilot.models.drafts import MAX_NOTE
from runtime.contracts import MAX_TEXT_CHARACTERS

MAX_HELD = 3 * MAX_TAKEN
MAX_SKIPPED = 500
MAX_PILOTS = 100
MAX_ID = 2**53
MALFORMED = "Something is missing from what was sent. Reload the page; nothing that was saved is lost."


class NumbersField(forms.RegexField):
    """Numbers with commas between them."""

    def __init__(self, at_most: int) -> None:
        super().__init__(r"^[0-9,]*$", required=False, max_length=17 * at_most)
        self.at_most = at_most

    def clean(self, value: Any) -> Any:
        """Return the numbers."""
        return [int(part[:15]) for part in super().clean(value).split(",") if part][: self.at_most]


class HeldForm(forms.Form):
    """What the page holds, what the person has skipped, how many more it wants, and of which pilot."""

    held = NumbersField(MAX_HELD)
    skipped = NumbersField(MAX_SKIPPED)
    want = forms.IntegerField(min_value=0, max_value=MAX_TAKEN, required=False)
    pilot = forms.IntegerField(min_value=1, max_value=MAX_ID, required=False)


class ReviewForm(forms.Form):
    """One review as the page sends it; the service decides whether it can stand."""

    key = forms.UUIDField()
    draft = forms.IntegerField(min_value=1, max_value=MAX_ID)
    outcome = forms.ChoiceField(choices=Review.Outcome.choices)
    verdict = forms.ChoiceField(choices=Review.Verdict.choices)
    tier = forms.CharField(max_length=MAX_TIER, required=False)
    final_text = forms.CharField(max_length=2 * MAX_TEXT_CHARACTERS, required=False, strip=False)
    note = forms.CharField(max_length=MAX_NOTE, required=False)
    seconds = forms.FloatField(min_value=0, max_value=10**6)
    pilot = forms.IntegerField(min_value=1, max_value=MAX_ID, required=False)


class KeyForm(forms.Form):
    """Which review."""

    key = forms.UUIDField()
    pilot = forms.IntegerField(min_value=1, max_value=MAX_ID, required=False)


class DiffForm(forms.Form):
    """The text as it is at the moment, and of which draft."""

    draft = forms.IntegerField(min_value=1, max_value=MAX_ID)
    text = forms.CharField(max_length=2 * MAX_TEXT_CHARACTERS, required=False, strip=False)


class ReviewDeskMixin(ModelAdmin):
    """Add the desk to the drafts' admin, for those who may review."""

    def get_urls(self) -> list[URLPattern]:
        calls: dict[str, tuple[type[forms.Form], Callable[[HttpRequest, dict[str, Any]], dict[str, Any]]]] = {
            "take": (HeldForm, _taken),
            "release": (HeldForm, _released),
            "record": (ReviewForm, _recorded),
            "undo": (KeyForm, _undone),
            "diff": (DiffForm, _compared),
        }
        wrap = self.admin_site.admin_view
        return [
            path("desk/", wrap(_for_reviewers(require_safe(self.desk_view))), name="pilot_review_desk"),
            *(
                path(
                    f"desk/{name}/",
                    wrap(_for_reviewers(require_POST(_call(form, answer)))),
                    name=f"pilot_review_{name}",
                )
                for name, (form, answer) in calls.items()
            ),
            *super().get_urls(),
        ]

    def desk_view(self, request: HttpRequest) -> HttpResponse:
        """Show the desk; its script fetches the rest."""
        pilots = list(Pilot.objects.order_by("-id")[:MAX_PILOTS])
        asked = request.GET.get("pilot", "")
        chosen = next((pilot for pilot in pilots if str(pilot.pk) == asked), None)
        context = {
            **self.admin_site.each_context(request),
            "title": "Review drafts",
            "pilots": pilots,
            "chosen": chosen,
            "verdicts": Review.Verdict.choices,
            "tiers": audience_choices()["tier"],
            "limits": {"text": MAX_TEXT_CHARACTERS, "note": MAX_NOTE, "tier": MAX_TIER},
            "data": _page_data(request, chosen.pk if chosen else None),
            "drafts_url": reverse("admin:pilot_draft_changelist"),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/pilot/review_desk.html", context)


def _page_data(request: HttpRequest, pilot_id: int | None) -> dict[str, Any]:
    """Return what the page's script starts with; the drafts themselves it takes."""
    person = request.user.pk or 0
    names = ("take", "release", "record", "undo", "diff")
    return {
        "urls": {name: reverse(f"admin:pilot_review_{name}") for name in names},
        "verdicts": Review.Verdict.choices,
        "recent": [
            {"key": str(one.key), "text": one.draft.turn.text[:140], "said": said(one)}
            for one in recent_reviews(person)
        ],
        "progress": asdict(progress_of(person, pilot_id)),
        "person": person,
        "pilot": pilot_id,
    }


def said(review: Review) -> str:
    """Return a review in a few words."""
    verdict = "" if review.outcome == Review.Outcome.APPROVED else f": {review.get_verdict_display()}"
    tier = f" ({review.tier})" if review.tier else ""
    return f"{review.get_outcome_display()}{verdict}{tier}"


def _taken(request: HttpRequest, data: dict[str, Any]) -> dict[str, Any]:
    offers = drafts_take(
        actor=actor_of(request),
        want=data["want"] or 0,
        held=data["held"],
        pilot_id=data["pilot"],
        skipped=data["skipped"],
    )
    return {"items": [shown(offer) for offer in offers], "progress": _progress(request, data)}


def _released(request: HttpRequest, data: dict[str, Any]) -> dict[str, Any]:
    return {"released": drafts_release(actor=actor_of(request), held=data["held"])}


def _recorded(request: HttpRequest, data: dict[str, Any]) -> dict[str, Any]:
    done = review_record(
        actor=actor_of(request),
        key=data["key"],
        draft_id=data["draft"],
        outcome=data["outcome"],
        verdict=data["verdict"],
        tier=data["tier"],
        final_text=data["final_text"],
        note=data["note"],
        seconds=data["seconds"],
    )
    return {
        "key": str(data["key"]),
        "is_new": done.is_new,
        "sent": done.sent,
        "sends_note": done.sends_note,
        "progress": _progress(request, data),
    }


def _undone(request: HttpRequest, data: dict[str, Any]) -> dict[str, Any]:
    done = review_undo(actor=actor_of(request), key=data["key"])
    return {"item": shown(offer_of(done.review.draft_id)), "progress": _progress(request, data)}


def _compared(request: HttpRequest, data: dict[str, Any]) -> dict[str, Any]:
    draft = Draft.objects.filter(pk=data["draft"]).select_related("turn").only("turn__reply").first()
    if draft is None:
        raise NotFound("This draft is gone: its conversation was erased.", code="draft_gone")
    text = "\n".join(data["text"].splitlines())
    return {"diff": by_words(draft.turn.reply, text)}


def _progress(request: HttpRequest, data: dict[str, Any]) -> dict[str, int]:
    return asdict(progress_of(request.user.pk or 0, data["pilot"]))


def shown(offer: Offer) -> dict[str, Any]:
    """Return a draft as the page's script gets it; ``html`` has been stripped of everything active."""
    return {
        **asdict(offer),
        "id": offer.draft_id,
        "html": draft_html(offer.draft),
        "at": offer.at.isoformat(),
        "when": date_format(localtime(offer.at), "DATETIME_FORMAT"),
        "sources": [_source(one) for one in offer.sources],
        "ticket_url": reverse("admin:tickets_ticket_change", args=(offer.ticket_id,))
        if offer.ticket_id
        else "",
        "turn_url": reverse("admin:runtime_turn_change", args=(offer.turn_id,)),
        "conversation_url": reverse("admin:runtime_conversation_change", args=(offer.conversation_id,)),
    }


def draft_html(markdown: str) -> str:
    """Return Markdown as safe HTML; as escaped text where it is too large to be rendered."""
    try:
        return render(markdown)
    except ValueError:
        return str(escape(markdown))


def _source(source: Source) -> dict[str, Any]:
    ids = (("kb_article", source.article_id), ("kb_revision", source.revision_id))
    links = {name: reverse(f"admin:{name}_change", args=(pk,)) if pk else "" for name, pk in ids}
    return {
        "title": source.title,
        "quote": source.quote,
        "article_url": links["kb_article"],
        "revision_url": links["kb_revision"],
    }


def _for_reviewers(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Let nobody else in, whatever they send; what is sent is read after that."""

    def checked(request: HttpRequest) -> HttpResponse:
        if not request.user.has_perm(REVIEW):
            raise PermissionDenied
        return view(request)

    return checked


def _call(
    form_class: type[forms.Form], answer: Callable[[HttpRequest, dict[str, Any]], dict[str, Any]]
) -> Callable[[HttpRequest], HttpResponse]:
    """Answer a call of the page: what was sent wrongly is 400, a refusal is the service's own status."""

    def view(request: HttpRequest) -> HttpResponse:
        form = form_class(request.POST)
        if not form.is_valid():
            return JsonResponse({"code": "malformed", "message": MALFORMED}, status=400)
        try:
            return JsonResponse(answer(request, {"pilot": None, **form.cleaned_data}))
        except DomainError as refusal:
            told = {"code": refusal.code, "message": refusal.message, "extra": refusal.extra}
            return JsonResponse(told, status=refusal.http_status)

    return view
