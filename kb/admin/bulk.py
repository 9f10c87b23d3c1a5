"""Bulk moves in the admin: chosen in the list of articles, seen on their own page, done by a job."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import reverse
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from core.admin_base import ReadOnlyAdmin, actor_of
from core.admin_transitions import Transition, TransitionMixin
from core.errors import DomainError
from core.models import Job
from kb.bulk.services import (
    PERMISSIONS,
    UNDOABLE,
    bulk_counts,
    bulk_create,
    bulk_forecast,
    bulk_refusals,
    bulk_start,
    bulk_undo,
)
from kb.models import Article, BulkMove

Chosen = models.QuerySet[Article]

REFRESH_SECONDS = 2
PER_PAGE = 100
STATE_BADGES = {"ready": "warning", "queued": "info", "running": "info", "done": "success"}
EVERYONE_WORDS = (
    "Every reader may read these articles from the next search on, as soon as they are published. What they "
    "were restricted to before is kept, so that you can take this back."
)


class BulkMixin(ModelAdmin):
    """Add the bulk moves to the list of articles."""

    def has_review_permission(self, request: HttpRequest) -> bool:
        """Whether approvals are offered."""
        return request.user.has_perm("kb.review_revision")

    def has_publish_permission(self, request: HttpRequest) -> bool:
        """Whether publications are offered."""
        return request.user.has_perm("kb.publish_revision")

    @action(description="Submit for review", permissions=["change"])
    def submit_selected(
        self, request: HttpRequest, queryset: models.QuerySet[Article]
    ) -> HttpResponse | None:
        """Go to the page that says what will be submitted."""
        return _begin(request, queryset, BulkMove.Kind.SUBMIT)

    @action(description="Approve", permissions=["review"])
    def approve_selected(
        self, request: HttpRequest, queryset: models.QuerySet[Article]
    ) -> HttpResponse | None:
        """Go to the page that says what will be approved."""
        return _begin(request, queryset, BulkMove.Kind.APPROVE)

    @action(description="Publish", permissions=["publish"])
    def publish_selected(
        self, request: HttpRequest, queryset: models.QuerySet[Article]
    ) -> HttpResponse | None:
        """Go to the page that says what will be published."""
        return _begin(request, queryset, BulkMove.Kind.PUBLISH)

    @action(description="Set audience to everyone", permissions=["change"])
    def everyone_selected(self, request: HttpRequest, queryset: Chosen) -> HttpResponse | None:
        """Go to the page that says whose audience will be everyone."""
        return _begin(request, queryset, BulkMove.Kind.EVERYONE)

    @action(description="Add the labels typed here", permissions=["change"])
    def label_selected(self, request: HttpRequest, queryset: Chosen) -> HttpResponse | None:
        """Go to the page that says what will be labelled."""
        return _begin(request, queryset, BulkMove.Kind.LABEL, request.POST.get("new_labels", "").split(","))


def _begin(
    request: HttpRequest, queryset: Chosen, kind: str, labels: list[str] | None = None
) -> HttpResponse | None:
    ids = list(queryset.order_by().values_list("pk", flat=True))
    try:
        made = bulk_create(actor=actor_of(request), kind=kind, articles=ids, labels=labels or [])
    except DomainError as refusal:
        messages.error(request, refusal.message)
        return None
    return HttpResponseRedirect(reverse("admin:kb_bulkmove_transition", args=(made.pk, "start")))


def _may(request: HttpRequest, made: BulkMove) -> bool:
    return request.user.pk == made.made_by_id and request.user.has_perm(PERMISSIONS[BulkMove.Kind(made.kind)])


def _start_words(made: BulkMove) -> str:
    words = f"{made}: {made.rows.count()} articles"
    if made.labels:
        words = f"Add {', '.join(f'“{label}”' for label in made.labels)} to {made.rows.count()} articles"
    if made.kind == BulkMove.Kind.EVERYONE:
        return f"{words}. {EVERYONE_WORDS}"
    if made.kind == BulkMove.Kind.APPROVE:
        return f"{words}. You have read these texts, and they may be published as they stand."
    return f"{words}. Each goes on its own; what is refused is listed with its reason."


def _start_evidence(request: HttpRequest, made: BulkMove) -> str:
    rows = made.rows.select_related("article")[:PER_PAGE]
    context = {"forecast": bulk_forecast(made), "rows": rows, "total": made.rows.count()}
    return render_to_string("admin/kb/bulk_forecast.html", context)


@admin.register(BulkMove)
class BulkMoveAdmin(TransitionMixin, ReadOnlyAdmin):
    """What was done to many articles at once, article by article."""

    log_saves = False  # the services write the log
    change_form_template = "admin/kb/bulk.html"
    list_display = ("show_kind", "state_badge", "made_by", "made_at", "finished_at")
    list_filter = ("kind", "state")
    list_select_related = ("made_by",)
    fields = (("kind", "made_by"), ("made_at", "finished_at"))
    transitions = (
        Transition(
            name="start",
            label="Do it",
            permission="kb.view_article",
            service=lambda actor, made: bulk_start(actor=actor, made=made),
            description=_start_words,
            shown=lambda request, made: made.state == "ready" and _may(request, made),
            evidence=_start_evidence,
            done="It is being done, article by article.",
            variant=ActionVariant.PRIMARY,
        ),
        Transition(
            name="undo",
            label="Take back",
            permission="kb.change_article",
            service=lambda actor, made: bulk_undo(actor=actor, made=made),
            description="Every article gets back what it had, unless somebody has changed it since.",
            shown=lambda request, made: (
                made.kind in UNDOABLE and made.state == "done" and made.rows.filter(outcome="done").exists()
            ),
            done="Taken back, as far as nobody has changed it since.",
        ),
    )

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return request.user.has_perm("kb.view_article")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    @display(description="Move")
    def show_kind(self, made: BulkMove) -> str:
        """Say what was done, with the labels."""
        return f"{made} ({', '.join(made.labels)})" if made.labels else str(made)

    @display(description="State", ordering="state", label=STATE_BADGES)
    def state_badge(self, made: BulkMove) -> tuple[str, str]:
        """Show the state in colours."""
        return made.state, str(made.get_state_display())

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        made = self.get_object(request, object_id)
        context = dict(extra_context or {})
        if made is not None and self.has_view_permission(request, made):
            rows = made.rows.select_related("article")
            chosen = request.GET.get("outcome", "")
            counts = bulk_counts(made)
            rows = rows.filter(outcome=chosen) if chosen in counts else rows
            under_way = made.state in ("queued", "running")
            is_alive = made.job is not None and made.job.state in (Job.State.QUEUED, Job.State.RUNNING)
            context |= {
                "made": made,
                "job": made.job,
                "total": sum(counts.values()),
                "figures": [(name, label, counts[name]) for name, label in _outcomes() if counts[name]],
                "handled": sum(counts.values()) - counts["waiting"],
                "refusals": bulk_refusals(made),
                "chosen": chosen,
                "refresh_seconds": REFRESH_SECONDS if under_way and is_alive else 0,
                "is_stalled": under_way and not is_alive,
                "page": Paginator(
                    rows.filter(outcome=chosen) if chosen in counts else rows, PER_PAGE
                ).get_page(request.GET.get("p")),
            }
        return super().change_view(request, object_id, form_url, context)


def _outcomes() -> list[tuple[str, str]]:
    return [("done", "Done"), ("refused", "Refused"), ("undone", "Taken back"), ("waiting", "Waiting")]
