"""Buttons that move an object's state: a page that says what will happen, then a POST that calls a service.

Decides nothing about an object: which moves are legal is the service's business, who may see a button is the
permission's. A refusal (DomainError) is shown on the same page with everything that was typed still in it.

    class ArticleAdmin(TransitionMixin, BaseAdmin):
        transitions = (
            Transition(
                name="publish",
                label="Publish",
                permission="kb.publish_article",
                service=lambda actor, article, **data: article_publish(actor=actor, article=article, **data),
                description="The approved revision goes live and bots answer from it.",
                form=PublishForm,  # a TransitionForm; its cleaned fields become the service's arguments
                shown=lambda request, article: article.state == "approved",
            ),
        )
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from unfold.admin import ModelAdmin
from unfold.enums import ActionVariant
from unfold.widgets import CHECKBOX_CLASSES, INPUT_CLASSES, SELECT_CLASSES, TEXTAREA_CLASSES

from core.admin_base import actor_of
from core.errors import DomainError


class TransitionForm(forms.Form):
    """What a person adds to a move, such as a comment; ``self.obj`` is the object that is moved."""

    def __init__(self, *args: Any, obj: models.Model, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.obj = obj
        for field in self.fields.values():
            field.widget.attrs.setdefault("class", " ".join(_classes(field.widget)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One button. ``service(actor, obj, **fields)`` does the move and raises DomainError to refuse it.

    ``description`` says what will happen, as text or a function of the object. ``evidence`` returns safe HTML
    that stands beside the decision. ``seen`` returns what the person must have looked at (a version, say):
    when it has changed between page and POST, nothing is done and the page is shown anew. ``then`` names the
    transition whose page follows; without it the object's page does.
    """

    name: str
    label: str
    permission: str
    service: Callable[..., Any]
    description: str | Callable[[Any], str] = ""
    form: type[TransitionForm] = TransitionForm
    initial: Callable[[Any], dict[str, Any]] = lambda obj: {}
    shown: Callable[[HttpRequest, Any], bool] = lambda request, obj: True
    evidence: Callable[[HttpRequest, Any], str] | None = None
    seen: Callable[[Any], object] = lambda obj: ""
    done: str = ""
    then: str = ""
    variant: ActionVariant = ActionVariant.DEFAULT

    def applies(self, request: HttpRequest, obj: models.Model) -> bool:
        """Whether the button belongs on the page of ``obj`` for this person."""
        return request.user.has_perm(self.permission) and self.shown(request, obj)


class TransitionMixin(ModelAdmin):
    """Add ``transitions`` to an admin: buttons on the change page, one confirm page each."""

    transitions: Sequence[Transition] = ()

    def get_urls(self) -> list[URLPattern]:
        move = path(
            "<path:object_id>/move/<slug:name>/",
            self.admin_site.admin_view(self.transition_view),
            name=self._route("transition"),
        )
        return [move, *super().get_urls()]

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        if obj is not None:
            context["actions_detail"] = [
                *context.get("actions_detail", []),
                *(self._button(t, obj) for t in self.transitions if t.applies(request, obj)),
            ]
        return super().render_change_form(request, context, add, change, form_url, obj)

    def transition_view(self, request: HttpRequest, object_id: str, name: str) -> HttpResponse:
        """Show what the move will do (GET), or do it (POST)."""
        transition = next((t for t in self.transitions if t.name == name), None)
        if transition is None:
            raise Http404
        if not request.user.has_perm(transition.permission):
            raise PermissionDenied
        obj = self.get_object(request, unquote(object_id))
        if obj is None:
            raise Http404
        if not self.has_view_or_change_permission(request, obj):
            raise PermissionDenied
        if not transition.shown(request, obj):
            messages.error(request, f"“{transition.label}” no longer applies: it has been moved meanwhile.")
            return HttpResponseRedirect(self._change_url(obj))
        if request.method == "POST":
            return self._transition_post(request, transition, obj)
        return self._confirm(request, transition, obj, self._form(transition, obj))

    def _transition_post(self, request: HttpRequest, transition: Transition, obj: Any) -> HttpResponse:
        form = self._form(transition, obj, data=request.POST, files=request.FILES)
        if not form.is_valid():
            return self._confirm(request, transition, obj, form, status=400)
        if request.POST.get("_seen", "") != str(transition.seen(obj)):
            refusal = "This has changed since you opened the page. Look again; what you typed is kept."
            return self._confirm(request, transition, obj, form, status=409, refusal=refusal)
        try:
            transition.service(actor_of(request), obj, **form.cleaned_data)
        except DomainError as error:
            return self._confirm(
                request, transition, obj, form, status=error.http_status, refusal=error.message
            )
        messages.success(request, transition.done or f"{transition.label}: done.")
        if transition.then:
            return HttpResponseRedirect(self._transition_url(obj, transition.then))
        still_there = self.get_queryset(request).filter(pk=obj.pk).exists()
        return HttpResponseRedirect(
            self._change_url(obj) if still_there else reverse(f"admin:{self._route('changelist')}")
        )

    def _confirm(
        self,
        request: HttpRequest,
        transition: Transition,
        obj: Any,
        form: TransitionForm,
        *,
        status: int = 200,
        refusal: str = "",
    ) -> HttpResponse:
        description = transition.description
        context = {
            **self.admin_site.each_context(request),
            "title": transition.label,
            "subtitle": str(obj),
            "opts": self.opts,
            "object": obj,
            "transition": transition,
            "danger": transition.variant is ActionVariant.DANGER,
            "description": description(obj) if callable(description) else description,
            "evidence": transition.evidence(request, obj) if transition.evidence else "",
            "seen": str(transition.seen(obj)),
            "refusal": refusal,
            "form": form,
            "media": self.media + form.media,
            "back_url": self._change_url(obj),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/core/confirm.html", context, status=status)

    def _form(self, transition: Transition, obj: Any, **bound: Any) -> TransitionForm:
        return transition.form(initial=transition.initial(obj), obj=obj, **bound)

    def _button(self, transition: Transition, obj: models.Model) -> dict[str, Any]:
        return {
            "title": transition.label,
            "path": self._transition_url(obj, transition.name),
            "variant": transition.variant,
            "attrs": {},
            "icon": None,
            "dialog": None,
        }

    def _transition_url(self, obj: models.Model, name: str) -> str:
        return reverse(f"admin:{self._route('transition')}", args=(quote(obj.pk), name))

    def _route(self, view: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{view}"

    def _change_url(self, obj: models.Model) -> str:
        return reverse(f"admin:{self._route('change')}", args=(quote(obj.pk),))


def _classes(widget: forms.Widget) -> list[str]:
    """Return the admin theme's CSS classes for a plain form widget."""
    if isinstance(widget, (forms.CheckboxInput, forms.CheckboxSelectMultiple, forms.RadioSelect)):
        return CHECKBOX_CLASSES
    if isinstance(widget, forms.Textarea):
        return TEXTAREA_CLASSES
    if isinstance(widget, forms.Select):
        return SELECT_CLASSES
    return INPUT_CLASSES
