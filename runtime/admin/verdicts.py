"""Judging sampled turns in the admin: a page for the keyboard, and the calls by which it takes and sends.

The page asks for the next turns ahead of time and sends verdicts in the background; services decide.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.timezone import localtime
from django.views.decorators.http import require_POST

from core.admin_base import ReadOnlyAdmin, actor_of
from core.errors import DomainError
from runtime.admin.escalation_figures import FiguresMixin
from runtime.models import SampledTurn, Verdict, VerdictDraw
from runtime.verdicts import workflow
from runtime.verdicts.claiming import JUDGE, offer_of, turns_release, turns_take
from runtime.verdicts.contracts import Offer
from runtime.verdicts.drawing import PERMISSION as DRAW
from runtime.verdicts.drawing import verdicts_draw
from runtime.verdicts.judging import verdict_record, verdict_undo
from runtime.verdicts.policy import PERMISSION as CHANGE_POLICY
from runtime.verdicts.selectors import progress_of, recent_verdicts, verdicts_waiting

MAX_HELD = 3 * workflow.MAX_TAKEN
MALFORMED = "Something is missing from what was sent. Reload the page; nothing that was saved is lost."


class HeldForm(forms.Form):
    """What the page holds, as numbers with commas between them, and how many more it wants."""

    held = forms.RegexField(r"^[0-9,]*$", required=False, max_length=1_000)
    want = forms.IntegerField(min_value=0, max_value=workflow.MAX_TAKEN, required=False)

    def clean_held(self) -> list[int]:
        """Return the numbers."""
        return [int(part[:15]) for part in self.cleaned_data["held"].split(",") if part][:MAX_HELD]


class VerdictForm(forms.Form):
    """One verdict as the page sends it; the service decides whether it can stand."""

    key = forms.UUIDField()
    sampled = forms.IntegerField(min_value=1, max_value=2**53)
    answer = forms.ChoiceField(choices=Verdict.Answer.choices)
    reason = forms.CharField(max_length=20, required=False)
    note = forms.CharField(max_length=workflow.MAX_NOTE, required=False)
    seconds = forms.FloatField(min_value=0, max_value=10**6)


class KeyForm(forms.Form):
    """Which verdict."""

    key = forms.UUIDField()


@admin.register(SampledTurn)
class SampledTurnAdmin(FiguresMixin, ReadOnlyAdmin):
    """Turns to judge. The list is the page for judging; a row's own page is for those who lead."""

    fields = ("show_turn", "stratum", "position", "is_double", "missing")
    readonly_fields = ("show_turn",)

    def get_urls(self) -> list[URLPattern]:
        calls = {
            "take": self.take_view,
            "judge": self.judge_view,
            "undo": self.undo_view,
            "release": self.release_view,
        }
        wrap = self.admin_site.admin_view
        return [
            *(
                path(f"{name}/", wrap(require_POST(_for_judges(view))), name=f"runtime_verdicts_{name}")
                for name, view in calls.items()
            ),
            path("draw/", wrap(require_POST(self.draw_view)), name="runtime_verdicts_draw"),
            *super().get_urls(),
        ]

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Let judges to the page; a row's own page is for those who lead."""
        may = super().has_view_permission(request, obj)
        return bool(may and (obj is None or request.user.has_perm(CHANGE_POLICY)))

    @admin.display(description="Turn")
    def show_turn(self, sampled: SampledTurn) -> str:
        """Link to the turn."""
        address = reverse("admin:runtime_turn_change", args=(sampled.turn_id,))
        return format_html('<a class="underline" href="{}">{}</a>', address, sampled.turn)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the page for judging."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        last = VerdictDraw.objects.annotate(
            population=Sum("strata__population"), turns=Sum("strata__drawn")
        ).first()
        context = {
            **self.admin_site.each_context(request),
            "title": "Judge turns",
            "measures_page": "judge",
            "last_draw": last,
            "has_sample": last is not None,
            "waiting": verdicts_waiting(),
            "may_draw": request.user.has_perm(DRAW),
            "answers": Verdict.Answer.choices,
            "data": _page_data(request) if request.user.has_perm(JUDGE) else None,
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/runtime/verdicts.html", context)

    def take_view(self, request: HttpRequest) -> HttpResponse:
        """Give the next turns: POST held, want → {"items", "progress"}."""
        return _json(HeldForm(request.POST), lambda form: _taken(request, form.cleaned_data))

    def release_view(self, request: HttpRequest) -> HttpResponse:
        """Give back what the page holds: POST held → {"released"}."""
        return _json(
            HeldForm(request.POST),
            lambda form: {"released": turns_release(actor=actor_of(request), held=form.cleaned_data["held"])},
        )

    def judge_view(self, request: HttpRequest) -> HttpResponse:
        """Keep one verdict: POST VerdictForm → {"key", "is_new", "progress"}."""
        return _json(VerdictForm(request.POST), lambda form: _judged(request, form.cleaned_data))

    def undo_view(self, request: HttpRequest) -> HttpResponse:
        """Take one verdict back: POST key → {"item", "progress"}."""
        return _json(KeyForm(request.POST), lambda form: _undone(request, form.cleaned_data["key"]))

    def draw_view(self, request: HttpRequest) -> HttpResponse:
        """Draw a sample now, and go back to the page."""
        self.attempt(
            request,
            lambda: verdicts_draw(actor=actor_of(request)),
            "A sample is drawn; it is ready to be judged.",
        )
        return HttpResponseRedirect(reverse("admin:runtime_sampledturn_changelist"))


def _page_data(request: HttpRequest) -> dict[str, Any]:
    """Return what the page's script starts with; the turns themselves it takes."""
    person = request.user.pk or 0
    return {
        "urls": {
            name: reverse(f"admin:runtime_verdicts_{name}") for name in ("take", "judge", "undo", "release")
        },
        "answers": workflow.ANSWERS,
        "labels": dict(Verdict.Answer.choices),
        "reasons": {answer: list(reasons.items()) for answer, reasons in workflow.REASONS.items()},
        "other": workflow.OTHER,
        "recent": [
            {"key": str(v.key), "text": v.sampled.turn.text[:140], "said": v.get_answer_display()}
            for v in recent_verdicts(person)
        ],
        "progress": asdict(progress_of(person)),
        "person": person,
    }


def _taken(request: HttpRequest, data: dict[str, Any]) -> dict[str, Any]:
    offers = turns_take(actor=actor_of(request), want=data["want"] or 0, held=data["held"])
    return {
        "items": [_shown(offer) for offer in offers],
        "progress": asdict(progress_of(request.user.pk or 0)),
    }


def _judged(request: HttpRequest, data: dict[str, Any]) -> dict[str, Any]:
    done = verdict_record(
        actor=actor_of(request),
        key=data["key"],
        sampled_id=data["sampled"],
        answer=data["answer"],
        reason=data["reason"],
        note=data["note"],
        seconds=data["seconds"],
    )
    return {
        "key": str(data["key"]),
        "is_new": done.is_new,
        "progress": asdict(progress_of(request.user.pk or 0)),
    }


def _undone(request: HttpRequest, key: Any) -> dict[str, Any]:
    done = verdict_undo(actor=actor_of(request), key=key)
    return {
        "item": _shown(offer_of(done.verdict.sampled_id)),
        "progress": asdict(progress_of(request.user.pk or 0)),
    }


def _shown(offer: Offer) -> dict[str, Any]:
    """Return a turn as the page's script gets it."""
    return {
        **asdict(offer),
        "id": offer.sampled_id,
        "at": offer.at.isoformat(),
        "when": date_format(localtime(offer.at), "DATETIME_FORMAT"),
        "url": reverse("admin:runtime_turn_change", args=(offer.turn_id,)),
    }


def _for_judges(view: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Let nobody else in, whatever they send; what is sent is read after that."""

    def checked(request: HttpRequest) -> HttpResponse:
        if not request.user.has_perm(JUDGE):
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
