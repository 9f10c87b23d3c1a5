"""Imports in the admin: upload a file, see how it is read, follow it, stop it, and see what was rejected."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from unfold.decorators import display
from unfold.enums import ActionVariant

from core.admin_base import NextStepMixin, ReadOnlyAdmin, actor_of
from core.admin_transitions import Transition, TransitionMixin
from core.errors import InvalidInput
from core.spreadsheet import csv_text
from tickets import workflow
from tickets.admin.forms import UploadForm
from tickets.admin.mapping_form import MappingForm
from tickets.admin.preview import preview_html
from tickets.admin.pulls import PullMixin
from tickets.models import ImportBatch, Source
from tickets.selectors import COUNTERS
from tickets.services import (
    batch_create,
    batch_enqueue,
    batch_resume,
    batch_set_mapping,
    batch_start,
    batch_stop,
    is_stalled,
)
from tickets.sources import csv_layout, propose_mapping, stored_mapping
from tickets.uploads import Upload, upload_delete, upload_path, upload_store

STATE_BADGES = {
    "draft": "warning",
    "queued": "info",
    "running": "info",
    "stalled": "danger",
    "done": "success",
    "failed": "danger",
    "stopped": "warning",
}
COUNTER_LABELS = {
    "rows_in": "Rows read",
    "created": "New",
    "updated": "Updated",
    "unchanged": "Unchanged",
    "rejected": "Rejected",
    "outside_window": "Do not count",
    "not_closed": "Of these not closed",
}
REFRESH_SECONDS = 3
SHOWN_REJECTIONS = 50
UNDER_WAY = (workflow.QUEUED, workflow.RUNNING)


@admin.register(ImportBatch)
class ImportBatchAdmin(PullMixin, TransitionMixin, NextStepMixin, ReadOnlyAdmin):
    """Imports of closed tickets."""

    form = UploadForm
    log_saves = False  # the services write the log
    change_form_template = "admin/tickets/import.html"
    change_list_template = "admin/tickets/imports.html"
    list_display = (
        "file_name",
        "source",
        "state_badge",
        "show_progress",
        "created",
        "updated",
        "rejected",
        "outside_window",
        "created_by",
        "created_at",
    )
    list_filter = ("state", "source")
    list_select_related = ("created_by", "job")
    search_fields = ("file_name",)
    upload_fields = ("source", "file", "window_days", "ends_with_newest")
    fields = (
        ("source", "file_name"),
        "window_days",
        ("window_start", "window_end"),
        ("state", "error"),
        ("created_by", "created_at"),
        ("started_at", "finished_at"),
        "sha256",
        "show_mapping",
    )
    readonly_fields = ("sha256", "show_mapping")
    transitions = (
        Transition(
            name="start",
            label="Start the import",
            permission="tickets.add_importbatch",
            service=lambda actor, batch: batch_start(actor=actor, batch=batch),
            description="This is how the first rows will be read. Name the columns first where it is wrong.",
            shown=lambda request, batch: batch.state == workflow.DRAFT,
            evidence=lambda request, batch: preview_html(batch),
            seen=lambda batch: json.dumps(batch.mapping, sort_keys=True),
            done="The import is queued.",
            variant=ActionVariant.PRIMARY,
        ),
        Transition(
            name="columns",
            label="Name the columns",
            permission="tickets.add_importbatch",
            form=MappingForm,
            service=lambda actor, batch, mapping: batch_set_mapping(
                actor=actor, batch=batch, mapping=mapping
            ),
            description="Say which column is what. Nothing is imported yet.",
            shown=lambda request, batch: batch.state == workflow.DRAFT,
            evidence=lambda request, batch: preview_html(batch),
            done="The columns are named. Start the import when its first rows are read as they should.",
            then="start",
        ),
        Transition(
            name="stop",
            label="Stop",
            permission="tickets.change_importbatch",
            service=lambda actor, batch: batch_stop(actor=actor, batch=batch),
            description="What is stored stays. The import can go on later from there, within a week.",
            shown=lambda request, batch: batch.state in (workflow.DRAFT, *UNDER_WAY),
            done="The import is stopped.",
            variant=ActionVariant.DANGER,
        ),
        Transition(
            name="resume",
            label="Go on",
            permission="tickets.change_importbatch",
            service=lambda actor, batch: batch_resume(actor=actor, batch=batch),
            description="The import goes on from the row where it stands. Nothing is stored twice.",
            shown=lambda request, batch: _may_go_on(batch),
            done="The import is queued again.",
        ),
    )

    def next_step(self, request: HttpRequest) -> str:
        if self.has_add_permission(request):
            return "No imports yet. Export 90 days of closed tickets from your help desk and add the file."
        return "No imports yet. A support lead can add an export of closed tickets here."

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("tickets.add_importbatch"))

    def get_fields(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        return self.fields if obj else self.upload_fields

    def get_urls(self) -> list[URLPattern]:
        mapping = path(
            "<path:object_id>/mapping.json",
            self.admin_site.admin_view(self.mapping_view),
            name="tickets_importbatch_mapping",
        )
        rejections = path(
            "<path:object_id>/rejections.csv",
            self.admin_site.admin_view(self.rejections_view),
            name="tickets_importbatch_rejections",
        )
        return [mapping, rejections, *super().get_urls()]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Keep the file before the transaction of the form begins: copying it would lock the database."""
        upload = _keep(request) if self.has_add_permission(request) else None
        request.upload = upload  # type: ignore[attr-defined]  # for save_model
        try:
            return super().add_view(request, form_url, extra_context)
        finally:
            if upload and not ImportBatch.objects.filter(stored_name=upload.stored_name).exists():
                upload_delete(upload.stored_name)

    def save_model(self, request: HttpRequest, obj: ImportBatch, form: UploadForm, change: bool) -> None:
        """Queue the import of the file; a CSV file waits until somebody has seen its columns."""
        source = form.cleaned_data["source"]
        actor = actor_of(request)
        is_draft = source == Source.CSV
        batch = batch_create(
            actor=actor,
            source=source,
            upload=request.upload,  # type: ignore[attr-defined]
            window_days=form.cleaned_data["window_days"],
            ends_with_newest=form.cleaned_data["ends_with_newest"],
            draft=is_draft,
            **(_columns(request.upload) if is_draft else {}),  # type: ignore[attr-defined]
        )
        if not is_draft:
            batch_enqueue(batch, requested_by=actor.label)
        obj.pk = batch.pk
        obj._state.adding = False

    def response_add(
        self, request: HttpRequest, obj: ImportBatch, post_url_continue: Any = None
    ) -> HttpResponse:
        """Go on to the import: to its first rows where its columns are to be seen."""
        if obj.source == Source.CSV:
            address = reverse("admin:tickets_importbatch_transition", args=(obj.pk, "start"))
        else:
            address = reverse("admin:tickets_importbatch_change", args=(obj.pk,))
        return HttpResponseRedirect(address)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        refresh = REFRESH_SECONDS if ImportBatch.objects.under_way().exists() else 0
        return super().changelist_view(request, {"refresh_seconds": refresh, **(extra_context or {})})

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        batch = self.get_object(request, object_id)
        context = dict(extra_context or {})
        if batch is not None:
            context |= _evidence(batch)
        return super().change_view(request, object_id, form_url, context)

    def mapping_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Answer with the columns as JSON, for `import_tickets --mapping`."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        batch = self.get_object(request, object_id)
        if batch is None:
            raise Http404
        content = json.dumps(batch.mapping, indent=2, ensure_ascii=False)
        response = HttpResponse(content, content_type="application/json")
        response["Content-Disposition"] = f'attachment; filename="mapping-{batch.pk}.json"'
        return response

    def rejections_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Answer with the rejected rows as CSV."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        batch = self.get_object(request, object_id)
        if batch is None:
            raise Http404
        rows = batch.rejections.order_by("pk").values_list("line", "code", "message")
        content = csv_text(("line", "code", "reason"), rows)
        response = HttpResponse(content, content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="import-{batch.pk}-rejected.csv"'
        return response

    @display(description="State", ordering="state", label=STATE_BADGES)
    def state_badge(self, batch: ImportBatch) -> tuple[str, str]:
        return ("stalled", "Waits for you") if is_stalled(batch) else (batch.state, batch.get_state_display())

    @display(description="Rows")
    def show_progress(self, batch: ImportBatch) -> str:
        if not batch.rows_total:
            return str(batch.rows_in) if batch.rows_in else "–"
        return format_html(
            '<progress value="{0}" max="{1}" aria-label="Rows read"></progress> {0} of {1}',
            batch.rows_in,
            batch.rows_total,
        )

    @display(description="Sha256 of the file")
    def sha256(self, batch: ImportBatch) -> str:
        return format_html('<span class="break-all">{}</span>', batch.file_sha256)

    @display(description="Columns")
    def show_mapping(self, batch: ImportBatch) -> str:
        if not batch.mapping:
            return "recognised by their names" if batch.source == Source.CSV else "–"
        return format_html("<pre>{}</pre>", json.dumps(batch.mapping, indent=2, ensure_ascii=False))


def _keep(request: HttpRequest) -> Upload | None:
    """Store the file of a request; None where there is none, or none that will do: the form says why."""
    file = request.FILES.get("file")
    if file is None:
        return None
    try:
        return upload_store(name=file.name or "", chunks=file.chunks(), source=request.POST.get("source", ""))
    except InvalidInput:
        return None


def _columns(upload: Upload) -> dict[str, Any]:
    """Return the mapping a CSV file starts with: the last one for the same columns, or a proposal."""
    path = upload_path(upload.stored_name)
    try:
        key = csv_layout(path).key
        same = ImportBatch.objects.filter(columns_key=key).exclude(mapping={}).order_by("-pk").first()
        return {
            "columns_key": key,
            "mapping": same.mapping if same else stored_mapping(propose_mapping(path)),
        }
    except InvalidInput:  # the page of the draft says why, and a person names the columns
        return {}


def _may_go_on(batch: ImportBatch) -> bool:
    is_stopped = batch.state in (workflow.STOPPED, workflow.FAILED)
    return (batch.stored_name != "" or batch.address != "") and (is_stopped or is_stalled(batch))


def _evidence(batch: ImportBatch) -> dict[str, Any]:
    """Return what the page shows of an import beside its fields."""
    kept = batch.rejections.count()
    return {
        "batch": batch,
        "is_stalled": is_stalled(batch),
        "refresh_seconds": REFRESH_SECONDS if batch.state in UNDER_WAY and not is_stalled(batch) else 0,
        "figures": [(COUNTER_LABELS[name], getattr(batch, name)) for name in COUNTERS],
        "rejections": list(batch.rejections.order_by("pk")[:SHOWN_REJECTIONS]),
        "kept": kept,
        "not_kept": batch.rejected - kept,
    }
