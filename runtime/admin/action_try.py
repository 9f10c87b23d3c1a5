"""Try an action: see the exact payload, then, for those who may, run it once for real.

Three steps on one page: sample values → payload → confirmed run. What runs is bound to what was shown by a
digest, and one page runs at most once: its key is made when the page is opened.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import escape
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from core import activity
from core.actors import Actor
from core.admin_base import actor_of
from core.permissions import require
from core.writing import write_transaction
from integrations.outgoing import READ
from runtime.actions.contracts import DRY_RUN, FAILED, SUCCEEDED, ActionCall, ActionResult
from runtime.actions.preparing import payload_digest
from runtime.actions.services import action_run
from runtime.models import Action

if TYPE_CHECKING:
    from core.admin_base import BaseAdmin

RUN = "runtime.run_action"
LONG = 250  # characters; longer values get an area


class SampleForm(forms.Form):
    """One field per parameter of the action, and the key of this page."""

    key = forms.RegexField(r"^trial:[0-9a-f-]{36}$", widget=forms.HiddenInput)

    def __init__(self, *args: Any, action: Action, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.names = []
        for parameter in action.parameters.all():
            long = parameter.max_length > LONG
            self.fields[f"value_{parameter.name}"] = forms.CharField(
                label=parameter.name.replace("_", " ").capitalize(),
                help_text=escape(parameter.description),  # the theme takes it for HTML
                required=parameter.required,
                max_length=parameter.max_length,
                widget=UnfoldAdminTextareaWidget({"rows": 3}) if long else UnfoldAdminTextInputWidget(),
            )
            self.names.append(parameter.name)

    @property
    def values(self) -> dict[str, str]:
        """The values by the parameters' names."""
        return {name: self.cleaned_data[f"value_{name}"].replace("\r\n", "\n") for name in self.names}


def try_view(model_admin: BaseAdmin, request: HttpRequest, object_id: str) -> HttpResponse:
    """Show the form (GET), the payload (POST) or the result (POST with ``run``)."""
    if not model_admin.has_view_or_change_permission(request):
        raise PermissionDenied
    action = Action.objects.select_related("connection").filter(pk=_number(object_id)).first()
    if action is None:
        raise Http404
    if request.method != "POST":
        form = SampleForm(action=action, initial={"key": f"trial:{uuid.uuid4()}"})
        return _page(model_admin, request, action, form)
    form = SampleForm(request.POST, action=action)
    if not form.is_valid():
        return _page(model_admin, request, action, form, status=400)
    call = ActionCall(action.slug, form.values, form.cleaned_data["key"], reference="Run once in the admin")
    shown = action_run(_dry(call))
    if shown.state != DRY_RUN or "run" not in request.POST:
        status = 200 if shown.state == DRY_RUN else 400
        return _page(model_admin, request, action, form, shown=shown, status=status)
    if not request.user.has_perm(RUN):
        raise PermissionDenied
    if request.POST.get("seen") != payload_digest(shown.payload):
        refusal = "The payload has changed since you looked at it. Look again, then run it."
        return _page(model_admin, request, action, form, shown=shown, refusal=refusal, status=409)
    result = action_ran(actor=actor_of(request), action=action, call=call)
    level = {SUCCEEDED: messages.SUCCESS, FAILED: messages.ERROR}.get(result.state, messages.WARNING)
    messages.add_message(request, level, f"{result.state.capitalize()}: {result.message}")
    if result.ledger_id is None:
        return _page(model_admin, request, action, form, shown=shown, status=400)
    return HttpResponseRedirect(reverse("admin:runtime_actionledger_change", args=(result.ledger_id,)))


def action_ran(*, actor: Actor, action: Action, call: ActionCall) -> ActionResult:
    """Run the action for a person, who is written to the activity log first."""
    require(actor, RUN)
    with write_transaction():
        activity.record(actor, "action.run_once", action, after={"key": call.idempotency_key})
    return action_run(call, requested_by=actor.label)


def _dry(call: ActionCall) -> ActionCall:
    return ActionCall(call.action, call.arguments, call.idempotency_key, dry_run=True)


def _page(
    model_admin: BaseAdmin,
    request: HttpRequest,
    action: Action,
    form: SampleForm,
    *,
    shown: ActionResult | None = None,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    payload: Mapping[str, Any] | None = None
    if shown is not None and shown.state == DRY_RUN:
        payload = shown.payload
    elif shown is not None:
        refusal = shown.message
    context = {
        **model_admin.admin_site.each_context(request),
        "title": "Try with sample values",
        "subtitle": str(action),
        "opts": model_admin.opts,
        "action": action,
        "reads": action.effect == READ,
        "form": form,
        "refusal": refusal,
        "payload": payload,
        "body": json.dumps(payload.get("body"), indent=2, ensure_ascii=False) if payload else "",
        "seen": payload_digest(payload) if payload else "",
        "may_run": request.user.has_perm(RUN),
        "back_url": reverse("admin:runtime_action_change", args=(action.pk,)),
    }
    request.current_app = model_admin.admin_site.name
    return TemplateResponse(request, "admin/runtime/action_try.html", context, status=status)


def _number(object_id: str) -> int:
    if not (object_id.isascii() and object_id.isdigit() and len(object_id) < 19):
        raise Http404
    return int(object_id)
