"""Forms of the escalation pages: a trigger's settings as plain fields. They check shapes; services decide."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
)

from core.errors import DomainError
from escalation.models import Rule
from escalation.triggers import TRIGGERS, kind_validate, parameters_validate
from tickets.selectors import category_names

RATIOS = {
    "minimum_confidence": "Escalate below this confidence, even where the release's own threshold is lower.",
    "ambiguous_below_margin": "Two intents closer than this are asked about (0.10 = ten points).",
    "minimum_score": "A section must score at least this to be given as an answer.",
}
CATEGORY = "category_id"
LINES = {
    "extra_phrases": "Further phrases that count as asking for a person, one per line.",
    "minimum_confidence_by_intent": "Stricter thresholds, one per line: intent = 0.8",
}


class RuleForm(forms.ModelForm):
    """A rule; the settings of its trigger appear once the trigger is chosen (saved).

    ``seen_version`` is the version that the person edits: a newer one in the database refuses the save.
    """

    seen_version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = Rule
        fields = ("name", "trigger", "kind", "clarify_first", "priority")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["seen_version"] = self.instance.version
        for name in setting_names(self.instance if self.instance.pk else None):
            self.initial.setdefault(name, _shown(name, self.instance.parameters.get(name)))

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        trigger = cleaned.get("trigger") or self.instance.trigger
        if self.instance.pk and cleaned.get("seen_version") != self.instance.version:
            raise ValidationError(
                "Somebody else has changed this rule since you opened it. Open it anew; your text is below.",
                code="stale_rule",
            )
        if not self.errors:
            try:
                kind_validate(trigger, cleaned["kind"], cleaned["clarify_first"])
                cleaned["parameters"] = parameters_validate(trigger, self._parameters(cleaned))
            except DomainError as refusal:
                raise ValidationError(refusal.message, code=refusal.code) from refusal
        return cleaned

    def _parameters(self, cleaned: dict[str, Any]) -> dict[str, Any]:
        names = setting_names(self.instance if self.instance.pk else None)
        return {name: _read(name, cleaned.get(name)) for name in names if cleaned.get(name) is not None}


def setting_names(rule: Rule | None) -> tuple[str, ...]:
    """Return the settings that the rule's trigger has."""
    return tuple(TRIGGERS[rule.trigger].properties) if rule is not None else ()


def setting_field(name: str) -> forms.Field:
    """Return the form field of one setting."""
    if name in RATIOS:
        widget = UnfoldAdminDecimalFieldWidget(attrs={"step": "0.01", "min": 0, "max": 1})
        return forms.FloatField(min_value=0, max_value=1, help_text=RATIOS[name], widget=widget)
    if name == CATEGORY:
        return forms.TypedChoiceField(
            label="Category",
            required=False,
            coerce=int,
            empty_value=None,
            choices=[("", "No category: the rule never fires"), *category_names()],
            help_text="The rule fires for messages whose intent comes from this category of the audit.",
            widget=UnfoldAdminSelectWidget,
        )
    return forms.CharField(
        required=False,
        max_length=5000,
        help_text=LINES[name],
        widget=UnfoldAdminTextareaWidget({"rows": 5}),
    )


def _shown(name: str, value: Any) -> Any:
    if name == "extra_phrases":
        return "\n".join(value or [])
    if name == "minimum_confidence_by_intent":
        return "\n".join(f"{slug} = {minimum}" for slug, minimum in sorted((value or {}).items()))
    return value


def _read(name: str, value: Any) -> Any:
    """Return a setting as the rule keeps it, or raise ValidationError naming the line."""
    if name in RATIOS or name == CATEGORY:
        return value
    lines = [line.strip() for line in value.splitlines() if line.strip()]
    if name == "extra_phrases":
        return lines
    minimums = {}
    for line in lines:
        slug, separator, minimum = (part.strip() for part in line.partition("="))
        try:
            minimums[slug] = float(minimum)
        except ValueError as error:
            raise ValidationError(f"“{line[:60]}” is not of the form: intent = 0.8") from error
        if not (slug and separator):
            raise ValidationError(f"“{line[:60]}” is not of the form: intent = 0.8")
    return minimums
