"""Admin pages of the system itself: people, API keys, jobs and the activity log."""

from __future__ import annotations

from django.contrib import admin
from unfold.enums import ActionVariant

from core import jobs
from core.admin_base import ReadOnlyAdmin
from core.admin_transitions import Transition, TransitionMixin
from core.api_keys import api_key_revoke
from core.models import ApiKey, Job


@admin.register(ApiKey)
class ApiKeyAdmin(TransitionMixin, ReadOnlyAdmin):
    """Bots' credentials."""

    list_display = ("name", "prefix", "expires_at", "revoked_at", "last_used_at")
    exclude = ("sha256",)
    transitions = (
        Transition(
            name="revoke",
            label="Revoke",
            permission="core.change_apikey",
            service=lambda actor, key: api_key_revoke(actor=actor, key=key),
            description="The key stops working with the very next request. This cannot be undone.",
            shown=lambda request, key: key.revoked_at is None,
            variant=ActionVariant.DANGER,
        ),
    )


@admin.register(Job)
class JobAdmin(TransitionMixin, ReadOnlyAdmin):
    """Background work: what runs, what failed and why."""

    list_display = ("task", "state", "attempts", "created_at", "finished_at")
    list_filter = ("state", "task")
    transitions = (
        Transition(
            name="retry",
            label="Retry",
            permission="core.change_job",
            service=lambda actor, job: jobs.retry(job),
            description="The job is queued again with its attempts counted anew.",
            shown=lambda request, job: job.state in (Job.State.FAILED, Job.State.QUARANTINED),
        ),
    )
