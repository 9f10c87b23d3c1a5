"""Admin pages of the system itself: API keys, jobs and the activity log (people are in core.admin_people)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.html import format_html
from django.views.decorators.debug import sensitive_variables
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from core import admin_people, jobs
from core.admin_base import ReadOnlyAdmin, actor_of
from core.admin_transitions import Transition, TransitionMixin
from core.api_keys import api_key_create, api_key_default_expiry, api_key_revoke
from core.models import Activity, ApiKey, Job

__all__ = ["ActivityAdmin", "ApiKeyAdmin", "JobAdmin", "admin_people"]

STATE_COLOURS = {
    "queued": "info",
    "running": "warning",
    "succeeded": "success",
    "failed": "danger",
    "quarantined": "danger",
    "usable": "success",
    "expired": "warning",
    "revoked": "danger",
}


class ApiKeyForm(forms.ModelForm):
    """What a person chooses about a new key."""

    scopes = forms.MultipleChoiceField(
        choices=ApiKey.Scope.choices,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="What the key may do. Give a bot no more than it needs.",
    )

    class Meta:
        model = ApiKey
        fields = ("name", "scopes", "expires_at", "requests_per_minute")

    def clean_expires_at(self) -> Any:
        """Refuse a moment that has passed."""
        expires_at = self.cleaned_data["expires_at"]
        if expires_at <= timezone.now():
            raise ValidationError("The expiry must lie in the future.", code="bad_expiry")
        return expires_at


@admin.register(ApiKey)
class ApiKeyAdmin(TransitionMixin, ReadOnlyAdmin):
    """Bots' credentials: made here and shown once, then only looked at and revoked."""

    form = ApiKeyForm
    log_saves = False  # api_key_create writes the log
    list_display = ("name", "show_state", "prefix", "show_scopes", "expires_at", "last_used_at", "created_by")
    list_select_related = ("created_by",)
    search_fields = ("name", "prefix")
    fields = (
        "name",
        "show_state",
        "prefix",
        "show_scopes",
        "requests_per_minute",
        "expires_at",
        "revoked_at",
        "last_used_at",
        "created_at",
        "created_by",
    )
    readonly_fields = ("show_state", "show_scopes")
    transitions = (
        Transition(
            name="revoke",
            label="Revoke",
            permission="core.change_apikey",
            service=lambda actor, key: api_key_revoke(actor=actor, key=key),
            description="The key stops working with the very next request. This cannot be undone.",
            shown=lambda request, key: key.revoked_at is None,
            done="The key is revoked.",
            variant=ActionVariant.DANGER,
        ),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("core.add_apikey"))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields if obj else ApiKeyForm.Meta.fields

    def get_changeform_initial_data(self, request: HttpRequest) -> Any:
        return {"expires_at": api_key_default_expiry(), **super().get_changeform_initial_data(request)}

    @sensitive_variables("clear")
    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        created, clear = api_key_create(actor=actor_of(request), **form.cleaned_data)
        obj.pk, obj.prefix = created.pk, created.prefix
        request.new_api_key = clear  # type: ignore[attr-defined]  # for this response only, never stored

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: Any = None) -> HttpResponse:
        """Answer with the key itself: it is on this page and nowhere else."""
        context = {
            **self.admin_site.each_context(request),
            "title": "Copy the new key now",
            "opts": self.opts,
            "key": obj,
            "clear": request.new_api_key,  # type: ignore[attr-defined]
        }
        response = TemplateResponse(request, "admin/core/api_key_created.html", context)
        response["Cache-Control"] = "no-store"
        return response

    @display(description="State", label=STATE_COLOURS)
    def show_state(self, key: ApiKey) -> str:
        """Say whether the key opens anything."""
        if key.revoked_at:
            return "revoked"
        return "usable" if key.usable else "expired"

    @admin.display(description="Scopes")
    def show_scopes(self, key: ApiKey) -> str:
        """List what the key may do."""
        return ", ".join(key.scopes)


@admin.register(Job)
class JobAdmin(TransitionMixin, ReadOnlyAdmin):
    """Background work: what runs, how far it is, what failed and why."""

    list_display = ("task", "show_state", "show_progress", "attempts", "created_at", "finished_at")
    list_filter = ("state", ("created_at", RangeDateTimeFilter))
    search_fields = ("task", "requested_by", "error")
    fields = (
        "id",
        "task",
        "show_state",
        "show_progress",
        "progress_message",
        "attempts",
        "error",
        "result",
        "arguments",
        "requested_by",
        "created_at",
        "available_at",
        "sent_at",
        "started_at",
        "heartbeat_at",
        "finished_at",
    )
    readonly_fields = ("id", "show_state", "show_progress")
    transitions = (
        Transition(
            name="retry",
            label="Retry",
            permission="core.change_job",
            service=lambda actor, job: jobs.retry(job, actor=actor),
            description="The job is queued again with its attempts counted anew.",
            shown=lambda request, job: job.state in (Job.State.FAILED, Job.State.QUARANTINED),
            done="The job is queued again.",
        ),
    )

    @display(description="State", label=STATE_COLOURS, ordering="state")
    def show_state(self, job: Job) -> str:
        """Show the state as a coloured label."""
        return job.state

    @admin.display(description="Progress")
    def show_progress(self, job: Job) -> str:
        """Show how many of its steps are done."""
        if not job.progress_total:
            return "–"
        return format_html(
            '<progress value="{0}" max="{1}"></progress> {0} of {1}', job.progress_done, job.progress_total
        )


@admin.register(Activity)
class ActivityAdmin(ReadOnlyAdmin):
    """Who did what: to be read by those who may, written by core.activity alone."""

    list_display = ("at", "actor_label", "verb", "target_type", "target_label")
    list_filter = ("actor_kind", ("at", RangeDateTimeFilter))
    search_fields = ("actor_label", "verb", "target_type", "target_label", "=target_id")
    fields = (
        "at",
        "actor_kind",
        "actor_label",
        "verb",
        "target_type",
        "target_id",
        "target_label",
        "before",
        "after",
    )
