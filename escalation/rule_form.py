"""The form of a rule, which reads as its sentence: when, and where, then what. Services decide and save.

Every trigger's settings are there; those of the chosen one count. A script shows them alone and says the
sentence while it is written; without it the form works the same.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import UnfoldAdminRadioSelectWidget, UnfoldAdminTextInputWidget

from core.errors import DomainError
from escalation import contracts
from escalation.choices import offered_choices
from escalation.forms import read_setting, setting_field, shown_setting
from escalation.models import Rule
from escalation.rule_fields import (
    FIELDS_OF,
    OUTCOME_LABELS,
    OUTCOMES,
    condition_fields,
    conditions_read,
    conditions_shown,
)
from escalation.selectors import rule_as_edited, sentence_of
from escalation.triggers import TRIGGERS
from escalation.versions import FIELDS, fields_validate

STALE = (
    "Somebody else has changed this rule since you opened it. It says now: “{sentence}” Your entries are "
    "still below; save again to put them in its place."
)


def settings_by_trigger() -> dict[str, list[str]]:
    """Return each setting that some trigger has, with the triggers that have it."""
    found: dict[str, list[str]] = {}
    for trigger, known in TRIGGERS.items():
        for name in known.properties:
            found.setdefault(name, []).append(trigger)
    return found


class RuleForm(forms.ModelForm):
    """A rule. ``seen_version`` is the version that the person edits: a newer one refuses the save once.

    ``refusal`` is what a service has refused already; ``fields_of_rule`` are what it is to be given.
    """

    seen_version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    outcome = forms.ChoiceField(label="then", choices=OUTCOME_LABELS, widget=UnfoldAdminRadioSelectWidget)
    note = forms.CharField(
        label="Why this change",
        max_length=200,
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text="For those who read the history. May stay empty.",
    )

    refusal: DomainError | None = None

    class Meta:
        model = Rule
        fields = ("name", "trigger")
        labels = {"trigger": "When"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rule = self.instance
        conditions = rule.conditions if rule.pk else {}
        self.fields.update(condition_fields(offered_choices(), conditions))
        for name, triggers in settings_by_trigger().items():
            field = setting_field(name)
            field.required = False
            field.widget.attrs["data-triggers"] = " ".join(triggers)
            self.fields[name] = field
        self.initial = {**self._initial(), **conditions_shown(conditions), **self.initial}
        self.fields_of_rule: dict[str, Any] = {}

    def _initial(self) -> dict[str, Any]:
        rule, shown = self.instance, {"seen_version": self.instance.version, "outcome": "soft"}
        if rule.pk:
            asked = (rule.kind, rule.clarify_first)
            shown["outcome"] = next(name for name, meant in OUTCOMES.items() if meant == asked)
        for name, triggers in settings_by_trigger().items():
            trigger = rule.trigger if rule.trigger in triggers else triggers[0]
            default = TRIGGERS[trigger].defaults.get(name)
            held = rule.parameters.get(name, default) if rule.trigger == trigger else default
            shown[name] = shown_setting(name, held)
        return shown

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if self.refusal is not None:
            raise ValidationError(self.refusal.message, code=self.refusal.code)
        conditions = conditions_read(cleaned, self.add_error)
        if not self.errors:
            self._read(cleaned, conditions)
        if self.instance.pk and cleaned.get("seen_version") != self.instance.version:
            typed: Any = self.data
            typed = typed.copy()
            typed["seen_version"] = str(self.instance.version)
            self.data = typed
            there = Rule.objects.get(pk=self.instance.pk)
            raise ValidationError(
                STALE.format(sentence=sentence_of(rule_as_edited(there))), code="stale_rule"
            )
        return cleaned

    def _read(self, cleaned: dict[str, Any], conditions: dict[str, Any]) -> None:
        """Put together what the services are given, or say beside which field it cannot be meant."""
        kind, clarify_first = OUTCOMES[cleaned["outcome"]]
        trigger = cleaned["trigger"]
        wanted = {
            "name": cleaned["name"],
            "kind": kind,
            "trigger": trigger,
            "clarify_first": clarify_first,
            "parameters": self._settings(trigger, cleaned),
            "conditions": conditions,
        }
        if self.errors:
            return
        try:
            self.fields_of_rule = fields_validate(wanted)
        except DomainError as refusal:
            named = refusal.extra.get("field", "")
            field = next((name for name in FIELDS_OF.get(named, (named,)) if name in self.fields), None)
            field = "outcome" if refusal.code in ("bad_kind", "hard_asks_nothing") else field
            self.add_error(field, ValidationError(refusal.message, code=refusal.code))

    def _settings(self, trigger: str, cleaned: dict[str, Any]) -> dict[str, Any]:
        """Return the settings of the chosen trigger; what was left empty has its default."""
        settings = {}
        for name in TRIGGERS[trigger].properties:
            if cleaned.get(name) is None:
                continue
            try:
                settings[name] = read_setting(name, cleaned[name])
            except ValidationError as error:
                self.add_error(name, error)
        return settings

    def as_rule(self) -> contracts.Rule | None:
        """Return the rule that the form means, or None where it cannot be meant."""
        if not self.fields_of_rule:
            return None
        said = {name: self.fields_of_rule[name] for name in FIELDS}
        return contracts.Rule(id=self.instance.pk or 0, version=self.instance.version, **said)
