"""Base classes of every admin page: bounded lists, read-only evidence, every save in the activity log.

Decides nothing about any object; buttons that move an object's state are core.admin_transitions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.admin import ModelAdmin

from core import activity
from core.actors import Actor
from core.errors import DomainError


def actor_of(request: HttpRequest) -> Actor:
    """Return the signed-in person as the one who acts."""
    return Actor.of_user(request.user)  # type: ignore[arg-type]  # the admin lets nobody anonymous in


class BaseAdmin(ModelAdmin):
    """What every admin page of ours has in common.

    A save or deletion through the form writes one line to the activity log. Set ``log_saves`` to False where
    ``save_model`` calls a service that writes that line itself.
    """

    list_per_page = 50
    list_max_show_all = 200
    show_full_result_count = False
    list_filter_submit = False
    compressed_fields = True
    warn_unsaved_form = True
    log_saves = True

    def save_related(
        self, request: HttpRequest, form: forms.ModelForm, formsets: Sequence[Any], change: bool
    ) -> None:
        super().save_related(request, form, formsets, change)
        if self.log_saves and (form.changed_data or not change):
            activity.record(
                actor_of(request),
                f"{self.opts.model_name}.{'changed' if change else 'created'}",
                form.instance,
                before={name: _plain(form.initial.get(name)) for name in form.changed_data} if change else {},
                after={name: _plain(form.cleaned_data.get(name)) for name in form.changed_data},
            )

    @transaction.atomic
    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        if self.log_saves:
            activity.record(actor_of(request), f"{self.opts.model_name}.deleted", obj)
        super().delete_model(request, obj)

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> None:
        for obj in queryset if self.log_saves else ():
            activity.record(actor_of(request), f"{self.opts.model_name}.deleted", obj)
        super().delete_queryset(request, queryset)

    def attempt(self, request: HttpRequest, act: Callable[[], Any], done: str) -> bool:
        """Run ``act`` and say ``done``; say why where it is refused. Return whether it was done."""
        try:
            act()
        except DomainError as refusal:
            messages.error(request, refusal.message)
            return False
        messages.success(request, done)
        return True


class NextStepMixin(ModelAdmin):
    """Say above an empty list what to do next."""

    list_before_template = "admin/core/next_step.html"

    def next_step(self, request: HttpRequest) -> str:
        """Return what this person may do where the list is empty."""
        return ""

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        response = super().changelist_view(request, extra_context)
        if isinstance(response, TemplateResponse) and response.context_data and "cl" in response.context_data:
            changelist = response.context_data["cl"]
            empty = not changelist.result_list and not changelist.has_active_filters and not changelist.query
            response.context_data["next_step"] = self.next_step(request) if empty else ""
        return response


class ReadOnlyAdmin(BaseAdmin):
    """Rows that nobody edits by hand, not even a superuser: evidence, logs, jobs."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


def _plain(value: Any) -> Any:
    """Return a form value as JSON can keep it: rows by their name, anything else as it is or as text."""
    if isinstance(value, (models.QuerySet, list, tuple, set)):
        return sorted(str(item) for item in value)
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)
