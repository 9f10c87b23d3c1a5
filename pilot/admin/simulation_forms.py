"""The form of a scenario: one text, and the version that its editing began with. Services save."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from core.errors import DomainError, InvalidInput
from pilot.models import Scenario, Suite
from pilot.simulations.exchange.exporting import script_dump
from pilot.simulations.reading import script_loads, script_of
from pilot.simulations.script import Script

MAX_BODY = 120_000
EXAMPLE = """\
name: A customer asks how to export
steps:
  - say: How do I export my data?
    expect:
      decision: answer
"""


class ScenarioForm(forms.ModelForm):
    """One scenario as YAML, with the version that the edit began with."""

    refusal: DomainError | None = None
    script: Script

    text = forms.CharField(
        label="Scenario",
        strip=False,
        max_length=MAX_BODY,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 22, "spellcheck": "false", "class": "sm-text"}),
        help_text="YAML or JSON: what the customer says, and what must come of it.",
    )
    base_version = forms.IntegerField(min_value=0, max_value=10**9, required=False, widget=forms.HiddenInput)

    class Meta:
        model = Scenario
        fields = ("suite", "enabled")
        widgets = {"suite": UnfoldAdminSelectWidget}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is not None:
            self.initial.setdefault("text", written(self.instance))
            self.initial["base_version"] = self.instance.version
        else:
            self.initial.setdefault("text", EXAMPLE)
        if "suite" in self.fields:
            self.fields["suite"].queryset = Suite.objects.filter(is_archived=False)  # type: ignore[attr-defined]

    def clean_text(self) -> str:
        """Read the scenario; what was typed stays in the field."""
        text: str = self.cleaned_data["text"]
        try:
            self.script = script_loads(text)
        except InvalidInput as fault:
            raise forms.ValidationError(fault.message, code=fault.code) from fault
        return text

    def clean(self) -> dict[str, Any] | None:
        if self.refusal is not None:
            raise forms.ValidationError(self.refusal.message, code=self.refusal.code)
        return super().clean()


def written(scenario: Scenario) -> str:
    """Return a stored scenario as YAML; one that cannot be read any more as it is stored."""
    try:
        return script_dump(script_of(scenario.definition))
    except InvalidInput:
        return json.dumps(scenario.definition, indent=2, ensure_ascii=False)
