"""The desk of human agents in the admin: one page, the answers that keep it live, and the calls that act.

The page is ``static/runtime/desk.js``'s; services decide. Asked every few seconds, the state answers 304
where nothing is new.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import orjson
from django import forms
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST, require_safe
from unfold.admin import ModelAdmin

from core.actors import Actor
from core.admin_base import actor_of
from core.errors import DomainError, InvalidInput
from core.models import User
from runtime.contracts import MAX_TEXT_CHARACTERS
from runtime.desk.case import case_news, case_shown
from runtime.desk.lists import desk_lists
from runtime.messages import message_json
from runtime.models import Handoff
from runtime.services import (
    handoff_accept,
    handoff_pass,
    handoff_release,
    handoff_resolve,
    handoff_return,
    message_reply,
)
from runtime.services.handoffs import PERMISSION

MAX_ID = 2**63 - 1
MAX_COLLEAGUES = 100
MODEL_BACKEND = "django.contrib.auth.backends.ModelBackend"


class StateForm(forms.Form):
    """Which case is open, and up to which of its messages the page has them."""

    case = forms.IntegerField(min_value=1, max_value=MAX_ID, required=False)
    after = forms.IntegerField(min_value=0, max_value=MAX_ID, required=False)


class NothingForm(forms.Form):
    """A move that needs no words."""


class ReplyForm(forms.Form):
    """What the person writes; the key is the same for every try to send it."""

    text = forms.CharField(max_length=MAX_TEXT_CHARACTERS, strip=False)
    key = forms.UUIDField()


class NoteForm(forms.Form):
    """What the person says about a return."""

    note = forms.CharField(max_length=2000, required=False)


class ResolveForm(NoteForm):
    """How it ended."""

    outcome = forms.ChoiceField(choices=Handoff.Outcome.choices)


class PassForm(forms.Form):
    """To whom."""

    to = forms.IntegerField(min_value=1, max_value=MAX_ID)


Service = Callable[[Actor, Handoff, dict[str, Any]], Any]


def _reply(actor: Actor, handoff: Handoff, data: dict[str, Any]) -> Any:
    return message_reply(actor=actor, handoff=handoff, text=data["text"], key=data["key"])


def _pass(actor: Actor, handoff: Handoff, data: dict[str, Any]) -> Any:
    colleague = User.objects.filter(pk=data["to"]).first()
    if colleague is None:
        raise InvalidInput("There is no such colleague.", code="no_such_colleague")
    return handoff_pass(actor=actor, handoff=handoff, to=colleague)


ACTS: dict[str, tuple[type[forms.Form], Service]] = {
    "claim": (NothingForm, lambda actor, handoff, data: handoff_accept(actor=actor, handoff=handoff)),
    "release": (NothingForm, lambda actor, handoff, data: handoff_release(actor=actor, handoff=handoff)),
    "return": (NoteForm, lambda actor, handoff, data: handoff_return(actor=actor, handoff=handoff, **data)),
    "resolve": (
        ResolveForm,
        lambda actor, handoff, data: handoff_resolve(actor=actor, handoff=handoff, **data),
    ),
    "reply": (ReplyForm, _reply),
    "pass": (PassForm, _pass),
}


class DeskMixin(ModelAdmin):
    """Add the desk to the handoffs' admin, for those who may take them over."""

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        pages: tuple[tuple[str, str, Callable[..., HttpResponse]], ...] = (
            ("desk/", "desk", require_safe(self.desk_view)),
            ("desk/state/", "desk_state", require_safe(self.desk_state_view)),
            ("desk/<int:handoff_id>/", "desk_case", require_safe(self.desk_case_view)),
            ("desk/<int:handoff_id>/<slug:act>/", "desk_act", require_POST(self.desk_act_view)),
        )
        return [
            *(
                path(route, wrap(_for_the_desk(view)), name=f"runtime_handoff_{name}")
                for route, name, view in pages
            ),
            *super().get_urls(),
        ]

    def desk_view(self, request: HttpRequest) -> HttpResponse:
        """Show the desk; its script fetches the rest."""
        context = {
            **self.admin_site.each_context(request),
            "title": "Handoff desk",
            "data": self._page_data(request),
            "outcomes": Handoff.Outcome.choices,
            "archive": reverse("admin:runtime_handoff_changelist"),
            "may_see_archive": request.user.has_perm("runtime.view_handoff"),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/runtime/desk.html", context)

    def desk_state_view(self, request: HttpRequest) -> HttpResponse:
        """Answer with the lists and news of the open case: GET case, after."""
        form = StateForm(request.GET)
        if not form.is_valid():
            return JsonResponse({"code": "malformed", "message": "Reload the page."}, status=400)
        user_id = request.user.pk or 0
        state: dict[str, Any] = {**asdict(desk_lists(user_id)), "case": None}
        if form.cleaned_data["case"]:
            handoff = Handoff.objects.filter(pk=form.cleaned_data["case"]).defer("packet").first()
            if handoff is not None:
                state["case"] = case_news(handoff, user_id, after=form.cleaned_data["after"] or 0)
        body = orjson.dumps(state)
        tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        if request.headers.get("If-None-Match") == tag:
            return HttpResponse(status=304, headers={"ETag": tag})
        return HttpResponse(body, content_type="application/json", headers={"ETag": tag})

    def desk_case_view(self, request: HttpRequest, handoff_id: int) -> HttpResponse:
        """Answer with all of one case."""
        handoff = Handoff.objects.filter(pk=_in_range(handoff_id)).select_related("turn").first()
        if handoff is None:
            raise Http404
        shown = case_shown(handoff, request.user.pk or 0)
        shown["archive_url"] = reverse("admin:runtime_handoff_change", args=(handoff.pk,))
        return HttpResponse(orjson.dumps(shown), content_type="application/json")

    def desk_act_view(self, request: HttpRequest, handoff_id: int, act: str) -> HttpResponse:
        """Do one act to a case and answer with what is new in it; a refusal says why."""
        if act not in ACTS:
            raise Http404
        form_class, service = ACTS[act]
        form = form_class(request.POST)
        if not form.is_valid():
            problems = "; ".join(f"{name}: {errors[0]}" for name, errors in form.errors.items())
            return JsonResponse({"code": "malformed", "message": problems}, status=400)
        handoff = Handoff.objects.filter(pk=_in_range(handoff_id)).defer("packet").first()
        if handoff is None:
            raise Http404
        try:
            done = service(actor_of(request), handoff, form.cleaned_data)
        except DomainError as refusal:
            said = {"code": refusal.code, "message": refusal.message, "extra": refusal.extra}
            return JsonResponse(said, status=refusal.http_status)
        message = message_json(done) if act == "reply" else None
        return HttpResponse(
            orjson.dumps({"id": handoff.pk, "state": handoff.state, "message": message}),
            content_type="application/json",
        )

    def _page_data(self, request: HttpRequest) -> dict[str, Any]:
        """Return what the page's script begins with."""
        user_id = request.user.pk or 0
        people = User.objects.with_perm(PERMISSION, backend=MODEL_BACKEND).exclude(pk=user_id)
        return {
            "urls": {
                "state": reverse("admin:runtime_handoff_desk_state"),
                "desk": reverse("admin:runtime_handoff_desk"),
            },
            "me": request.user.get_username(),
            "colleagues": [
                {"id": person.pk, "name": person.get_full_name() or person.get_username()}
                for person in people.order_by("username")[:MAX_COLLEAGUES]
            ],
            "max_text": MAX_TEXT_CHARACTERS,
        }


def _in_range(handoff_id: int) -> int:
    if handoff_id > MAX_ID:
        raise Http404
    return handoff_id


def _for_the_desk(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Let nobody else in, whatever they send."""

    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.has_perm(PERMISSION):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return checked
