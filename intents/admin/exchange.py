"""Imports of phrasings in the admin: upload, see what would become of each row, take it in; downloads."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminFileFieldWidget

from core.admin_base import NextStepMixin, ReadOnlyAdmin, actor_of
from core.admin_transitions import Transition, TransitionMixin
from core.errors import DomainError
from intents.exchange.exporting import FORMATS, phrasings_export, text_of
from intents.exchange.imports import (
    MAX_UPLOAD_BYTES,
    import_apply,
    import_create,
    import_drop,
    import_plan,
    import_read,
)
from intents.exchange.planning import OUTCOMES
from intents.models import PhrasingImport

PERMISSION = "intents.add_intent"
STATE_BADGES = {"ready": "warning", "done": "success", "dropped": "info"}
TAGS = {"created": "good", "unchanged": "", "refused": "bad"}
PER_PAGE = 100
ACCEPTED = ".csv,.tsv,.txt,.yml,.yaml,.json,.zip"


class UploadForm(forms.ModelForm):
    """A file of phrasings and its format; what is in it is read here, so that errors stand beside it."""

    file = forms.FileField(
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ACCEPTED}),
        help_text="CSV: columns text and label; source_ref (ticket or review) and origin are optional. Rasa: "
        "nlu.yml, or a zip of such files. Dialogflow: the zip of an ES or CX agent. At most "
        f"{MAX_UPLOAD_BYTES // 1024**2} MB. Nothing is written before you have seen what would be.",
    )

    class Meta:
        model = PhrasingImport
        fields = ("source",)

    def clean(self) -> dict[str, Any]:
        """Read the file; refuse it with the file and line that is wrong."""
        cleaned: dict[str, Any] = super().clean() or {}
        file = cleaned.get("file")
        if file is not None and cleaned.get("source"):
            if (file.size or 0) > MAX_UPLOAD_BYTES:
                raise ValidationError({"file": "The file is too large. Import it in parts."})
            try:
                self.reading = import_read(name=file.name or "", data=file.read(), source=cleaned["source"])
            except DomainError as refusal:
                raise ValidationError({"file": refusal.message}) from refusal
        return cleaned


@admin.register(PhrasingImport)
class PhrasingImportAdmin(TransitionMixin, NextStepMixin, ReadOnlyAdmin):
    """Imports of phrasings."""

    form = UploadForm
    log_saves = False  # the services write the log
    change_form_template = "admin/intents/phrasing_import.html"
    actions_list = ("download_csv", "download_rasa")
    list_display = ("file_name", "source", "state_badge", "created", "created_by", "created_at")
    list_filter = ("state", "source")
    list_select_related = ("created_by",)
    search_fields = ("file_name",)
    upload_fields = ("source", "file")
    fields = (("source", "file_name"), ("created_by", "created_at", "finished_at"))
    transitions = (
        Transition(
            name="apply",
            label="Take these phrasings in",
            permission=PERMISSION,
            service=lambda actor, batch: import_apply(actor=actor, batch=batch),
            description=lambda batch: _words(batch),
            shown=lambda request, batch: batch.state == PhrasingImport.State.READY,
            done="The phrasings are taken in.",
            variant=ActionVariant.PRIMARY,
        ),
        Transition(
            name="drop",
            label="Drop",
            permission=PERMISSION,
            service=lambda actor, batch: import_drop(actor=actor, batch=batch),
            description="Nothing of the file is taken in; what was read of it is forgotten.",
            shown=lambda request, batch: batch.state == PhrasingImport.State.READY,
            done="The import is dropped.",
        ),
    )

    class Media:
        css = {"all": ("intents/dataset.css",)}

    def next_step(self, request: HttpRequest) -> str:
        return (
            "No imports yet. Add a CSV with the columns text and label, a Rasa nlu.yml, or a Dialogflow zip."
        )

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[PhrasingImport]:
        queryset: models.QuerySet[PhrasingImport] = super().get_queryset(request)
        address = request.resolver_match.url_name if request.resolver_match else ""
        is_list = (address or "").endswith("_changelist")
        return queryset.defer("rows", "problems", "ignored") if is_list else queryset

    def get_urls(self) -> list[URLPattern]:
        download = self.admin_site.admin_view(self.export_view)
        return [
            path("export/<slug:file_format>/", download, name="intents_phrasings_export"),
            *super().get_urls(),
        ]

    @action(description="Download all as CSV", url_path="go-csv", permissions=["view"])
    def download_csv(self, request: HttpRequest) -> HttpResponse:
        """Lead to the file."""
        return HttpResponseRedirect(reverse("admin:intents_phrasings_export", args=("csv",)))

    @action(description="Download all for Rasa", url_path="go-rasa", permissions=["view"])
    def download_rasa(self, request: HttpRequest) -> HttpResponse:
        """Lead to the file."""
        return HttpResponseRedirect(reverse("admin:intents_phrasings_export", args=("rasa",)))

    def export_view(self, request: HttpRequest, file_format: str) -> HttpResponse:
        """Answer with all active phrasings as a file."""
        if not request.user.has_perm("intents.view_example"):
            raise PermissionDenied
        if file_format not in FORMATS:
            raise Http404
        content_type, ending = FORMATS[file_format]
        response = HttpResponse(text_of(phrasings_export(), file_format), content_type=content_type)
        response["Content-Disposition"] = f'attachment; filename="phrasings.{ending}"'
        return response

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return request.user.has_perm(PERMISSION)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def get_fields(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        return self.fields if obj else self.upload_fields

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        only_save = {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().add_view(
            request, form_url, {"title": "Import phrasings", **only_save, **(extra_context or {})}
        )

    def save_model(self, request: HttpRequest, obj: PhrasingImport, form: UploadForm, change: bool) -> None:
        batch = import_create(
            actor=actor_of(request),
            name=form.cleaned_data["file"].name or "",
            source=form.cleaned_data["source"],
            reading=form.reading,
        )
        obj.pk, obj.file_name = batch.pk, batch.file_name
        obj._state.adding = False

    def response_add(
        self, request: HttpRequest, obj: PhrasingImport, post_url_continue: Any = None
    ) -> HttpResponse:
        """Go on to what would become of the rows."""
        return HttpResponseRedirect(reverse("admin:intents_phrasingimport_change", args=(obj.pk,)))

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
    def state_badge(self, batch: PhrasingImport) -> tuple[str, str]:
        """Show the state in colours."""
        return batch.state, str(batch.get_state_display())

    @display(description="Phrasings added")
    def created(self, batch: PhrasingImport) -> str:
        """Say how many came in."""
        return str(batch.result.get("created", "–"))


def _words(batch: PhrasingImport) -> str:
    found = import_plan(batch)
    new = f" New intents, as drafts: {', '.join(found.new_intents.values())}." if found.new_intents else ""
    counts = found.counts
    return (
        f"{counts['created']} phrasings are added, {counts['unchanged']} are there already, "
        f"{counts['refused']} are refused.{new}"
    )


def _evidence(request: HttpRequest, batch: PhrasingImport) -> dict[str, Any]:
    """Return what the page shows: the plan's rows, of one outcome where so asked, or the result."""
    if batch.state != PhrasingImport.State.READY:
        counts = [(name, batch.result.get(name, 0), TAGS[name]) for name in OUTCOMES]
        return {"batch": batch, "counts": counts, "new_intents": batch.result.get("new_intents", {})}
    found = import_plan(batch)
    chosen = request.GET.get("outcome", "")
    rows = [row for row in found.rows if row.outcome == chosen] if chosen in OUTCOMES else list(found.rows)
    return {
        "batch": batch,
        "counts": [(name, count, TAGS[name]) for name, count in found.counts.items()],
        "new_intents": found.new_intents,
        "ignored": found.ignored,
        "chosen": chosen,
        "tags": TAGS,
        "page": Paginator(rows, PER_PAGE).get_page(request.GET.get("p")),
    }
