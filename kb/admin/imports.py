"""Imports of articles in the admin: upload, see what would become of each row, take it in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.core.paginator import Paginator
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.decorators import display
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminTextareaWidget

from core.admin_base import NextStepMixin, ReadOnlyAdmin, actor_of
from core.admin_transitions import Transition, TransitionMixin
from core.errors import InvalidInput
from core.models import Job
from kb.exchange import workflow
from kb.exchange.audience_mapping import mapping_of_text
from kb.exchange.imports import import_counts, import_create, import_start, import_stop
from kb.exchange.uploads import ENDINGS, MAX_UPLOAD_BYTES, Upload, upload_delete, upload_store
from kb.models import ArticleImport, ArticleImportRow

PERMISSIONS = ("kb.add_article", "kb.change_article")
STATE_BADGES = {
    "reading": "info",
    "ready": "warning",
    "queued": "info",
    "running": "info",
    "done": "success",
    "failed": "danger",
    "stopped": "warning",
}
TAGS = {"created": "good", "updated": "info", "conflict": "warn", "rejected": "bad"}
REFRESH_SECONDS = 3
PER_PAGE = 100
OUTCOMES = ArticleImportRow.Outcome.choices
MAPPING_EXAMPLE = '{"user_segments": {"360001": {"user_type": ["admin"]}}}'


class UploadForm(forms.ModelForm):
    """A file of articles, where it comes from, and which audience a segment there is here."""

    file = forms.FileField(
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ",".join(ENDINGS)}),
        help_text="Zendesk, Freshdesk: the JSON of the articles, or a zip of such files with sections, "
        "folders and user segments. Markdown: a .md file or a zip of them. At most "
        f"{MAX_UPLOAD_BYTES // 1024**2} MB; deleted after the import.",
    )
    mapping_text = forms.CharField(
        label="Audience mapping",
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3, "placeholder": MAPPING_EXAMPLE}),
        help_text="Optional JSON: which segment or folder is which audience here. What is for everyone there "
        "is for everyone here; whatever else is not named has no audience until you set one.",
    )

    class Meta:
        model = ArticleImport
        fields = ("source",)

    def clean_file(self) -> UploadedFile:
        """Refuse by name and size; what is inside is seen when it is read."""
        file: UploadedFile = self.cleaned_data["file"]
        if file.size is None or file.size > MAX_UPLOAD_BYTES:
            raise ValidationError("The file is too large. Import it in parts.", code="too_large")
        if not (file.name or "").lower().endswith(ENDINGS):
            raise ValidationError(f"Upload one of {', '.join(ENDINGS)}.", code="bad_ending")
        return file

    def clean_mapping_text(self) -> dict[str, Any]:
        """Refuse a mapping that is not understood."""
        try:
            return mapping_of_text(self.cleaned_data["mapping_text"])
        except InvalidInput as refusal:
            raise ValidationError(refusal.message, code=refusal.code) from refusal


@admin.register(ArticleImport)
class ArticleImportAdmin(TransitionMixin, NextStepMixin, ReadOnlyAdmin):
    """Imports of articles."""

    form = UploadForm
    log_saves = False  # the services write the log
    change_form_template = "admin/kb/import.html"
    list_display = ("file_name", "source", "state_badge", "created_by", "created_at")
    list_filter = ("state", "source")
    list_select_related = ("created_by",)
    search_fields = ("file_name",)
    upload_fields = ("source", "file", "mapping_text")
    fields = (("source", "file_name"), ("created_by", "created_at", "finished_at"))
    transitions = (
        Transition(
            name="start",
            label="Take these articles in",
            permission="kb.add_article",
            service=lambda actor, batch: import_start(actor=actor, batch=batch),
            description=lambda batch: _start_words(batch),
            shown=lambda request, batch: batch.state in (workflow.READY, workflow.STOPPED),
            done="The articles are being taken in.",
            variant=ActionVariant.PRIMARY,
        ),
        Transition(
            name="stop",
            label="Stop",
            permission="kb.add_article",
            service=lambda actor, batch: import_stop(actor=actor, batch=batch),
            description="What has come in stays, as drafts. The rest can be taken in later, within a week.",
            shown=lambda request, batch: batch.state in (*workflow.UNDER_WAY, workflow.READY),
            done="The import is stopped.",
            variant=ActionVariant.DANGER,
        ),
    )

    class Media:
        css = {"all": ("kb/articles.css",)}

    def next_step(self, request: HttpRequest) -> str:
        return "No imports yet. Add an export of your help centre, or a folder of Markdown files as a zip."

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return all(request.user.has_perm(permission) for permission in PERMISSIONS)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def get_fields(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        return self.fields if obj else self.upload_fields

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Keep the file before the transaction of the form begins: copying it would lock the database."""
        upload = _keep(request) if self.has_add_permission(request) else None
        request.upload = upload  # type: ignore[attr-defined]  # for save_model
        only_save = {"show_save_and_add_another": False, "show_save_and_continue": False}
        context = {"title": "Import articles", **only_save, **(extra_context or {})}
        try:
            return super().add_view(request, form_url, context)
        finally:
            if upload and not ArticleImport.objects.filter(stored_name=upload.stored_name).exists():
                upload_delete(upload.stored_name)

    def save_model(self, request: HttpRequest, obj: ArticleImport, form: UploadForm, change: bool) -> None:
        batch = import_create(
            actor=actor_of(request),
            source=form.cleaned_data["source"],
            upload=request.upload,  # type: ignore[attr-defined]
            mapping=form.cleaned_data["mapping_text"],
        )
        obj.pk = batch.pk
        obj._state.adding = False

    def response_add(
        self, request: HttpRequest, obj: ArticleImport, post_url_continue: Any = None
    ) -> HttpResponse:
        """Go on to what would become of the rows."""
        return HttpResponseRedirect(reverse("admin:kb_articleimport_change", args=(obj.pk,)))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        batch = self.get_object(request, object_id)
        context = dict(extra_context or {})
        if batch is not None and self.has_view_permission(request, batch):
            context |= _evidence(request, batch)
        return super().change_view(request, object_id, form_url, context)

    @display(description="State", ordering="state", label=STATE_BADGES)
    def state_badge(self, batch: ArticleImport) -> tuple[str, str]:
        """Show the state in colours."""
        return batch.state, str(batch.get_state_display())


def _keep(request: HttpRequest) -> Upload | None:
    """Store the file of a request; None where there is none, or none that will do: the form says why."""
    file = request.FILES.get("file")
    if file is None or request.method != "POST":
        return None
    try:
        return upload_store(name=file.name or "", chunks=file.chunks())
    except InvalidInput:
        return None


def _start_words(batch: ArticleImport) -> str:
    counts = import_counts(batch)
    return (
        f"{counts['created']} new articles and {counts['updated']} new texts come in as drafts of yours. "
        "No bot sees them until somebody else approves. "
        f"{counts['conflict']} conflicts wait for your choice; {counts['unchanged']} rows are unchanged, "
        f"{counts['skipped']} left out, {counts['rejected']} rejected."
    )


def _evidence(request: HttpRequest, batch: ArticleImport) -> dict[str, Any]:
    """Return what the page shows of an import: counts, and its rows, of one outcome where so asked."""
    counts = import_counts(batch)
    chosen = request.GET.get("outcome", "")
    rows = batch.rows.select_related("article")
    if chosen in counts:
        rows = rows.filter(outcome=chosen)
    job = batch.job
    is_alive = job is not None and job.state in (Job.State.QUEUED, Job.State.RUNNING)
    under_way = batch.state in workflow.UNDER_WAY
    return {
        "batch": batch,
        "job": job,
        "refresh_seconds": REFRESH_SECONDS if under_way and is_alive else 0,
        "is_stalled": under_way and not is_alive,
        "is_preview": batch.state == workflow.READY,
        "rows_in": counts["rows_in"],
        "figures": [
            (value, label, counts[value], TAGS.get(value, ""))
            for value, label in ArticleImportRow.Outcome.choices
        ],
        "chosen": chosen,
        "page": Paginator(rows, PER_PAGE).get_page(request.GET.get("p")),
    }
