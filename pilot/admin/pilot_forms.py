"""A pilot while it is planned: one scope, and what is good enough. Services save."""

from __future__ import annotations

from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from core.errors import DomainError
from pilot.models import Pilot
from pilot.targets import TARGETS, Target
from runtime.placement import CATEGORY, CHANNEL
from tickets.selectors import category_names

CHANNELS_LIST = "channels-seen"  # the id of the page's list of suggestions


def _target_field(target: Target) -> forms.FloatField:
    return forms.FloatField(
        label=f"{target.label}, {target.unit}",
        required=False,
        min_value=0,
        max_value=target.most,
        widget=UnfoldAdminDecimalFieldWidget(attrs={"step": "any"}),
        help_text="At least so much is good." if target.at_least else "At most so much is good.",
    )


class PilotForm(forms.ModelForm):
    """What a person says of a planned pilot; ``refusal`` is what a service has refused before."""

    refusal: DomainError | None = None

    channel = forms.CharField(
        required=False,
        max_length=32,
        widget=UnfoldAdminTextInputWidget(attrs={"list": CHANNELS_LIST, "autocomplete": "off"}),
        help_text="As your bot names it, such as chat or email. The ones that customers use are suggested.",
    )
    category_choice = forms.TypedChoiceField(
        label="Category",
        required=False,
        coerce=int,
        empty_value=None,
        widget=UnfoldAdminSelectWidget,
        help_text="A category of the audit. It is known once the message is understood.",
    )
    target_resolution_rate = _target_field(TARGETS[0])
    target_csat = _target_field(TARGETS[1])
    target_escalation_rate = _target_field(TARGETS[2])
    target_time_to_resolution = _target_field(TARGETS[3])

    class Meta:
        model = Pilot
        fields = ("name", "scope_kind", "channel", "goal", "percent", "review_percent", "double_percent")

        labels = {"percent": "Share in the stage “limited”, %"}
        help_texts = {
            "percent": "So many of a hundred customers get replies at once; it can be changed later."
        }
        widgets = {"goal": UnfoldAdminTextareaWidget(attrs={"rows": 3})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "category_choice" not in self.fields:  # shown to somebody who may not change it
            return
        self.fields["category_choice"].choices = [("", "Choose a category …"), *category_names()]  # type: ignore[attr-defined]
        self.initial["category_choice"] = self.instance.category_id
        for target in TARGETS:
            kept = self.instance.targets.get(target.name)
            if kept is not None:
                self.initial[f"target_{target.name}"] = round(kept * target.factor, 6)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if self.refusal is not None:
            raise forms.ValidationError(self.refusal.message, code=self.refusal.code)
        if cleaned.get("scope_kind") == CHANNEL and not cleaned.get("channel"):
            self.add_error("channel", "Name the channel that the pilot is about.")
        if cleaned.get("scope_kind") == CATEGORY and not cleaned.get("category_choice"):
            self.add_error("category_choice", "Choose the category that the pilot is about.")
        return cleaned

    def fields_for_service(self) -> dict[str, Any]:
        """Return what was said as the services take it."""
        data = self.cleaned_data
        said = {name: data[name] for name in PilotForm.Meta.fields}
        targets = {
            target.name: data[f"target_{target.name}"] / target.factor
            for target in TARGETS
            if data.get(f"target_{target.name}") is not None
        }
        return {**said, "category_id": data["category_choice"], "targets": targets}
