"""The forms of a flow: begin one from a starter or a file, edit one as JSON. Services save."""

from __future__ import annotations

from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from core.api import strict_json
from core.errors import DomainError, InvalidInput
from runtime.flows.definition import flow_dumps, flow_loads, flow_read
from runtime.flows.selectors import intent_choices, newest_definition
from runtime.flows.services import MAX_NOTE, MAX_TITLE
from runtime.flows.starters import EMPTY, STARTERS
from runtime.models import ResolutionFlow

MAX_FILE = 300_000


class _Refusable(forms.ModelForm):
    """A form that says again what a service has refused; ``chosen`` is the definition that it stands for."""

    refusal: DomainError | None = None
    chosen: Any = None

    def clean(self) -> dict[str, Any] | None:
        if self.refusal is not None:
            raise forms.ValidationError(self.refusal.message, code=self.refusal.code)
        return super().clean()


class FlowAddForm(_Refusable):
    """A new flow for an intent."""

    intent = forms.ChoiceField(widget=UnfoldAdminSelectWidget, help_text="An active intent.")
    title = forms.CharField(max_length=MAX_TITLE, widget=UnfoldAdminTextInputWidget)
    starter = forms.ChoiceField(
        label="Begin with",
        required=False,
        widget=UnfoldAdminSelectWidget,
        help_text="Every word and step can be changed afterwards.",
    )
    file = forms.FileField(
        label="Or from a file",
        required=False,
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": "application/json,.json"}),
        help_text="A flow that was downloaded as JSON, here or in another workspace.",
    )

    class Meta:
        model = ResolutionFlow
        fields = ("intent", "title")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", "Choose an intent …"), *intent_choices()]
        self.fields["intent"].choices = choices  # type: ignore[attr-defined]
        self.fields["starter"].choices = [  # type: ignore[attr-defined]
            ("", "An empty flow"),
            *((starter.intent, starter.title) for starter in STARTERS.values()),
        ]

    def clean_file(self) -> Any:
        """Read the file, so that what is wrong with it stands beside it."""
        upload = self.cleaned_data["file"]
        if upload is None:
            return None
        if upload.size > MAX_FILE:
            raise forms.ValidationError("The file is larger than any flow.", code="too_long")
        try:
            content = strict_json.loads(upload.read())
            definition = content.get("definition", content) if isinstance(content, dict) else content
            flow_read(definition)
        except strict_json.BadJson as fault:
            raise forms.ValidationError(str(fault), code="bad_file") from fault
        except InvalidInput as fault:
            raise forms.ValidationError(fault.message, code="bad_file") from fault
        self.chosen = definition
        return upload

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if self.chosen is None:
            starter = STARTERS.get(self.cleaned_data.get("starter", ""))
            self.chosen = starter.definition if starter else EMPTY
        return cleaned


class FlowForm(_Refusable):
    """A flow as JSON, with the version that the edit began with."""

    title = forms.CharField(max_length=MAX_TITLE, widget=UnfoldAdminTextInputWidget)
    note = forms.CharField(
        max_length=MAX_NOTE,
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text="What you changed, for those who look at the versions.",
    )
    definition = forms.CharField(
        label="Definition as JSON",
        strip=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 24, "spellcheck": "false", "data-flow": ""}),
    )
    base_number = forms.IntegerField(min_value=0, max_value=10**9, widget=forms.HiddenInput)

    class Meta:
        model = ResolutionFlow
        fields = ("title",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        flow = self.instance
        if flow.pk is not None:
            self.initial.setdefault("definition", flow_dumps(newest_definition(flow)))
            self.initial["base_number"] = flow.latest_number

    def clean_definition(self) -> str:
        """Read the definition; what was typed stays in the field."""
        text: str = self.cleaned_data["definition"]
        try:
            _, self.chosen = flow_loads(text)
        except InvalidInput as fault:
            raise forms.ValidationError(fault.message, code=fault.code) from fault
        return text
