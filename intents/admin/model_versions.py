"""Model versions with their evidence; training, going live and going back are buttons beside it."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from unfold.decorators import display
from unfold.enums import ActionVariant

from core.actors import Actor
from core.admin_base import ReadOnlyAdmin
from core.admin_transitions import Transition, TransitionForm, TransitionMixin
from intents.admin.comparing import ComparingMixin
from intents.admin.list_pages import ListMove, ListMoveMixin
from intents.admin.plots import reliability_plot, risk_plot
from intents.calibration import wilson_interval
from intents.comparison import intent_rows, key_figures
from intents.gate import case_figures
from intents.judgements import case_answers, version_gate
from intents.models import DatasetSnapshot, ModelVersion, Release
from intents.ports import version_evidence
from intents.readiness import training_readiness
from intents.selectors import live_release
from intents.services import (
    judging_start,
    model_version_retire,
    release_activate,
    release_roll_back,
    release_to_roll_back_to,
    training_start,
)

STATE_BADGES = {"training": "info", "ready": "success", "refused": "danger", "retired": "warning"}
REFRESH_SECONDS = 3
SHOWN_SNAPSHOT_ROWS = 200
SHOWN_FAILED_CASES = 10


class ReleaseForm(TransitionForm):
    """Why a version goes live, and where a check stands in the way, why all the same."""

    note = forms.CharField(
        max_length=500, required=False, help_text="What changed, for those who read the history later."
    )
    override_reason = forms.CharField(
        max_length=500,
        required=False,
        label="Release all the same, because",
        help_text="A check stands in the way. Your reason is kept with the release; it needs a permission.",
    )

    def __init__(self, *args: Any, obj: models.Model, **kwargs: Any) -> None:
        super().__init__(*args, obj=obj, **kwargs)
        if version_gate(cast(ModelVersion, obj)).is_open:
            del self.fields["override_reason"]


@admin.register(ModelVersion)
class ModelVersionAdmin(ComparingMixin, TransitionMixin, ListMoveMixin, ReadOnlyAdmin):
    """Trained classifiers."""

    list_display = (
        "__str__",
        "state_badge",
        "live_badge",
        "examples",
        "accuracy",
        "macro_f1",
        "falls_back",
        "trained_at",
    )
    list_filter = ("state",)
    change_form_template = "admin/intents/model_version.html"
    readonly_fields = ("sha256",)
    fieldsets = (
        (None, {"fields": ("state", "refusal", "created_by", "created_at", "trained_at")}),
        (
            "Model file",
            {
                "classes": ("tab",),
                "fields": (
                    "artefact_name",
                    "sha256",
                    "artefact_bytes",
                    "snapshot",
                    "encoder_fingerprint",
                    "library_versions",
                    "threshold",
                    "temperature",
                    "settings",
                ),
            },
        ),
    )
    list_moves = (
        ListMove(
            name="train",
            label="Train a new model",
            permission="intents.add_modelversion",
            service=lambda actor: _train(actor),
            description=(
                "The active examples of the active intents are frozen, a model is trained on them and tested "
                "by cross-validation. Nothing goes live by this."
            ),
            evidence=lambda: _readiness_html(),
        ),
    )
    transitions = (
        Transition(
            name="activate",
            label="Activate",
            permission="intents.release_model",
            form=ReleaseForm,
            service=lambda actor, version, **typed: release_activate(actor=actor, version=version, **typed),
            description="The file is checked, then every web process answers with this version at once.",
            shown=lambda request, version: version.state == "ready" and not _is_live(version),
            evidence=lambda request, version: _evidence_html(version),
            done="It is live.",
            variant=ActionVariant.PRIMARY,
        ),
        Transition(
            name="ask",
            label="Ask the test phrases",
            permission="intents.change_modelversion",
            service=lambda actor, version: judging_start(actor=actor, version=version),
            description="A job asks this version, and the live one, about the test phrases as they are now.",
            shown=lambda request, version: version.state == "ready",
            done="The test phrases are being asked. Reload in a moment.",
        ),
        Transition(
            name="retire",
            label="Retire",
            permission="intents.change_modelversion",
            service=lambda actor, version: model_version_retire(actor=actor, version=version),
            description="It can never go live again. Its metrics stay.",
            shown=lambda request, version: version.state == "ready" and not _is_live(version),
            variant=ActionVariant.DANGER,
        ),
    )

    def next_step(self) -> str:
        return "No model yet. When each active intent has 8 real phrasings, train one with the button above."

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[ModelVersion]:
        live = Release.objects.live().filter(model_version=models.OuterRef("pk"))
        return super().get_queryset(request).annotate(is_live=models.Exists(live)).select_related("job")

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        version = self.get_object(request, object_id)
        context = dict(extra_context or {})
        if version is not None:
            context |= _evidence(version)
            context["refresh_seconds"] = REFRESH_SECONDS if version.state == "training" else 0
        return super().change_view(request, object_id, form_url, context)

    @display(description="State", ordering="state", label=STATE_BADGES)
    def state_badge(self, version: ModelVersion) -> tuple[str, str]:
        return version.state, version.get_state_display()

    @display(description="Live", boolean=True)
    def live_badge(self, version: Any) -> bool:
        return bool(version.is_live)

    @display(description="Artefact sha256")
    def sha256(self, version: ModelVersion) -> str:
        return format_html('<span class="break-all">{}</span>', version.artefact_sha256 or "–")

    @display(description="Examples")
    def examples(self, version: ModelVersion) -> str:
        return str(version.metrics.get("n_examples", "–"))

    @display(description="Accuracy")
    def accuracy(self, version: ModelVersion) -> str:
        return f"{version.metrics['accuracy']:.3f}" if version.metrics else "–"

    @display(description="Macro F1")
    def macro_f1(self, version: ModelVersion) -> str:
        return f"{version.metrics['macro_f1']:.3f}" if version.metrics else "–"

    @display(description="Falls back")
    def falls_back(self, version: ModelVersion) -> str:
        return f"{100 * version.metrics['fallback']['ratio']:.1f}%" if version.metrics else "–"


@admin.register(DatasetSnapshot)
class DatasetSnapshotAdmin(ReadOnlyAdmin):
    """The exact examples of each training."""

    list_display = ("__str__", "created_at")
    fields = ("wrapped_sha256", "created_at", "examples_by_intent", "first_rows")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[DatasetSnapshot]:
        queryset = super().get_queryset(request)
        address = request.resolver_match.url_name if request.resolver_match else ""
        is_list = (address or "").endswith("_changelist")
        return queryset.defer("rows", "label_names", "counts") if is_list else queryset

    @display(description="Sha256")
    def wrapped_sha256(self, snapshot: DatasetSnapshot) -> str:
        return format_html('<span class="break-all">{}</span>', snapshot.sha256)

    @display(description="Examples by intent")
    def examples_by_intent(self, snapshot: DatasetSnapshot) -> str:
        return render_to_string("admin/intents/snapshot_counts.html", {"counts": snapshot.counts})

    @display(description=f"First {SHOWN_SNAPSHOT_ROWS} examples")
    def first_rows(self, snapshot: DatasetSnapshot) -> str:
        rows = snapshot.rows[:SHOWN_SNAPSHOT_ROWS]
        return render_to_string(
            "admin/intents/snapshot_rows.html", {"rows": rows, "total": len(snapshot.rows)}
        )


@admin.register(Release)
class ReleaseAdmin(ListMoveMixin, ReadOnlyAdmin):
    """What was live when."""

    list_display = (
        "__str__",
        "is_live",
        "model_version",
        "note",
        "gate_badge",
        "activated_by",
        "activated_at",
        "deactivated_at",
    )
    list_filter = ("is_live",)
    fieldsets = (
        (None, {"fields": ("number", "model_version", "restores", "is_live", "note")}),
        ("Checks", {"fields": ("checks", "override_reason")}),
        ("When", {"fields": ("activated_by", "activated_at", "deactivated_at")}),
    )
    readonly_fields = ("checks",)
    list_select_related = ("model_version", "activated_by")
    list_moves = (
        ListMove(
            name="roll-back",
            label="Roll back",
            permission="intents.release_model",
            service=lambda actor: _roll_back(actor),
            description="The version before is checked, then every web process answers with it at once.",
            evidence=lambda: _roll_back_html(),
        ),
    )

    def next_step(self) -> str:
        return "Nothing has been live yet. Open a ready version under Models and activate it."

    @display(description="Checks", label={"met": "success", "overridden": "danger", "none": "info"})
    def gate_badge(self, release: Release) -> tuple[str, str]:
        if release.override_reason:
            return "overridden", "Overridden"
        return ("met", "Met") if release.gate else ("none", "Not asked")

    @display(description="What they said")
    def checks(self, release: Release) -> str:
        return render_to_string("admin/intents/gate.html", {"gate": release.gate})


def _train(actor: Actor) -> tuple[str, str]:
    start = training_start(actor=actor)
    version = start.version
    if version.state == ModelVersion.State.TRAINING:
        said = f"{version} is in training."
    else:
        said = f"{version} was trained on exactly these examples already."
    address = reverse("admin:intents_modelversion_change", args=(version.pk,))
    return " ".join([said, *start.warnings]), address


def _roll_back(actor: Actor) -> tuple[str, str]:
    release = release_roll_back(actor=actor)
    return f"{release} is live with {release.model_version}.", ""


def _roll_back_html() -> str:
    live = live_release()
    target = release_to_roll_back_to(live) if live else None
    if live is None or target is None:
        return format_html("<p>{}</p>", "There is no earlier release to go back to.")
    return format_html(
        "<p>{} with {} is live; {} comes back, which went live on {}.</p>",
        live,
        live.model_version,
        target.model_version,
        date_format(timezone.localtime(target.activated_at), "DATETIME_FORMAT"),
    )


def _readiness_html() -> str:
    return render_to_string("admin/intents/readiness.html", {"readiness": training_readiness()})


def _evidence(version: ModelVersion) -> dict[str, Any]:
    """Return what the templates show of a version, beside the live one where that is another."""
    release = live_release()
    live = release.model_version if release and release.model_version_id != version.pk else None
    live_metrics = live.metrics if live else None
    cases = case_figures(case_answers(version))
    return {
        "version": version,
        "cases": cases,
        "untested": sorted(set(version.snapshot.label_names) - cases.intents) if cases.n else (),
        "cases_interval": wilson_interval(cases.right, cases.n),
        "failed_cases": cases.failed[:SHOWN_FAILED_CASES],
        "live_version": live,
        "is_live": bool(release and release.model_version_id == version.pk),
        "figures": key_figures(version.metrics, live_metrics),
        "intent_rows": intent_rows(version.metrics, live_metrics),
        "metrics": version.metrics,
        "reliability": reliability_plot(version.metrics.get("reliability", ())),
        "risk": risk_plot(version.metrics.get("coverage_risk", ()), version.threshold),
        "gate": version_gate(version) if version.state == ModelVersion.State.READY else None,
        "found_above": version_evidence(version.pk) if version.state == ModelVersion.State.READY else (),
    }


def _evidence_html(version: ModelVersion) -> str:
    return render_to_string("admin/intents/evidence.html", _evidence(version))


def _is_live(version: ModelVersion) -> bool:
    return Release.objects.live().filter(model_version=version).exists()
