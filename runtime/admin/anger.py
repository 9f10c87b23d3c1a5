"""Was this customer angry? People's labels, and the recalibrations that are fitted to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import Truncator
from unfold.decorators import display
from unfold.enums import ActionVariant

from core.admin_base import NextStepMixin, ReadOnlyAdmin, actor_of
from core.admin_transitions import Transition, TransitionMixin
from core.errors import DomainError
from escalation.models import AngerCalibration
from escalation.platt import Curve
from escalation.recalibrating import (
    MIN_LABELS,
    MIN_OF_EACH,
    anger_calibration_activate,
    anger_calibration_deactivate,
)
from escalation.recalibrating import PERMISSION as CALIBRATE
from escalation.triggers import ANGER
from runtime.models import AngerLabel, Turn
from runtime.services import anger_label_record, anger_recalibrate
from runtime.services.anger_labels import PERMISSION as LABEL

LABEL_BADGES = {"angry": "danger", "not angry": "success"}
STATE_BADGES = {"active": "success", "not active": "info"}


def label_transitions(turn_of: Callable[[Any], Turn]) -> tuple[Transition, ...]:
    """Return the two buttons that label the turn of an admin page's object."""

    def button(name: str, label: str, is_angry: bool) -> Transition:
        return Transition(
            name=name,
            label=label,
            permission=LABEL,
            service=lambda actor, obj: anger_label_record(actor=actor, turn=turn_of(obj), is_angry=is_angry),
            description="The detector of anger is recalibrated by such labels. A later one replaces yours.",
            shown=lambda request, obj: _label_of(turn_of(obj)) is not is_angry,
        )

    return (button("angry", "Customer was angry", True), button("calm", "Customer was not angry", False))


def shown_label(turn: Turn) -> str:
    """Return the score that the turn was decided on, the words that weighed most, and the label, if any."""
    label = _label_of(turn)
    said = {
        True: "A person says: angry.",
        False: "A person says: not angry.",
        None: "Nobody has said so far.",
    }
    signs = turn.trace.facts.get("signs", []) if hasattr(turn, "trace") else []
    sign = next((sign for sign in signs if sign["trigger"] == ANGER), None)
    if sign is None:
        return format_html("Not looked at. {}", said[label])
    return format_html("Score {}, most by “{}”. {}", f"{sign['score']:.2f}", sign["text"][:200], said[label])


def _label_of(turn: Turn) -> bool | None:
    label: AngerLabel | None = getattr(turn, "anger_label", None)
    return label.is_angry if label else None


@admin.register(AngerLabel)
class AngerLabelAdmin(NextStepMixin, ReadOnlyAdmin):
    """What people say of customers' anger, beside what the detector said."""

    list_display = ("show_message", "show_label", "show_score", "labelled_by", "labelled_at")
    list_filter = ("is_angry", "labelled_by")
    list_select_related = ("turn",)
    search_fields = ("turn__text",)
    fields = ("show_turn", "show_message", "show_label", "score", "detector", "labelled_by", "labelled_at")
    readonly_fields = ("show_turn", "show_message", "show_label")

    def next_step(self, request: HttpRequest) -> str:
        return "Nobody has said whether a customer was angry. Open a turn or a handoff and use its button."

    @admin.display(description="Message")
    def show_message(self, label: AngerLabel) -> str:
        """Show the beginning of the message."""
        return Truncator(label.turn.text).chars(80)

    @display(description="Label", ordering="is_angry", label=LABEL_BADGES)
    def show_label(self, label: AngerLabel) -> str:
        """Show the label in colours."""
        return "angry" if label.is_angry else "not angry"

    @admin.display(description="Detector's score", ordering="score")
    def show_score(self, label: AngerLabel) -> str:
        """Show the score before any recalibration."""
        return f"{label.score:.2f}"

    @admin.display(description="Turn")
    def show_turn(self, label: AngerLabel) -> str:
        """Link to the turn, where the label can be changed."""
        address = reverse("admin:runtime_turn_change", args=(label.turn_id,))
        return format_html('<a class="underline" href="{}">{}</a>', address, label.turn)


@admin.register(AngerCalibration)
class AngerCalibrationAdmin(NextStepMixin, TransitionMixin, ReadOnlyAdmin):
    """Recalibrations of the detector of anger; the active one holds for every turn."""

    list_display = ("number", "show_state", "angry", "calm", "log_loss_before", "log_loss_after", "fitted_at")
    list_filter = ("active",)
    fields = (
        ("number", "show_state"),
        ("angry", "calm"),
        ("slope", "intercept"),
        ("log_loss_before", "log_loss_after"),
        "show_effect",
        ("detector", "fitted_by", "fitted_at"),
    )
    readonly_fields = ("show_state", "show_effect")
    transitions = (
        Transition(
            name="activate",
            label="Activate",
            permission=CALIBRATE,
            service=lambda actor, obj: anger_calibration_activate(actor=actor, calibration=obj),
            description="Scores of anger are recalibrated like this from the next turn on.",
            shown=lambda request, obj: not obj.active,
            variant=ActionVariant.PRIMARY,
        ),
        Transition(
            name="deactivate",
            label="Switch off",
            permission=CALIBRATE,
            service=lambda actor, obj: anger_calibration_deactivate(actor=actor, calibration=obj),
            description="Scores of anger are as shipped again from the next turn on.",
            shown=lambda request, obj: obj.active,
        ),
    )

    def next_step(self, request: HttpRequest) -> str:
        return (
            f"There is none: scores of anger are as shipped. With {MIN_LABELS} labels, {MIN_OF_EACH} of each "
            "kind, one can be fitted with the add button."
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(CALIBRATE))

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Say how many labels there are, and fit on POST."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            try:
                calibration: Model = anger_recalibrate(actor=actor_of(request))
            except DomainError as refusal:
                messages.error(request, refusal.message)
            else:
                messages.success(request, "Fitted. Look at its effect, then activate it.")
                return HttpResponseRedirect(
                    reverse("admin:escalation_angercalibration_change", args=(calibration.pk,))
                )
        counts = {kind: AngerLabel.objects.filter(is_angry=kind).count() for kind in (True, False)}
        context = {
            **self.admin_site.each_context(request),
            "title": "Fit a recalibration of anger",
            "opts": self.opts,
            "angry": counts[True],
            "calm": counts[False],
            "enough": sum(counts.values()) >= MIN_LABELS and min(counts.values()) >= MIN_OF_EACH,
            "least": MIN_LABELS,
            "of_each": MIN_OF_EACH,
            "back_url": reverse("admin:escalation_angercalibration_changelist"),
        }
        return TemplateResponse(request, "admin/runtime/fit_anger.html", context)

    @display(description="State", ordering="active", label=STATE_BADGES)
    def show_state(self, calibration: AngerCalibration) -> str:
        """Say whether it holds."""
        return "active" if calibration.active else "not active"

    @admin.display(description="Effect")
    def show_effect(self, calibration: AngerCalibration) -> str:
        """Show what becomes of five scores."""
        curve = Curve(calibration.slope, calibration.intercept)
        return "; ".join(f"{score:.1f} becomes {curve(score):.2f}" for score in (0.1, 0.3, 0.5, 0.7, 0.9))
