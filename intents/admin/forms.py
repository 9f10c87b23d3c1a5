"""Forms of the intents' admin pages. They check shapes; the services decide."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.db.models import Model, Q, QuerySet
from unfold.forms import ActionForm
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from core.admin_transitions import TransitionForm
from intents.models import Example, Intent
from intents.services import NewExample, example_problem, limit_state
from intents.services.limits import REASON_LENGTH
from intents.workflow import ENOUGH_LIVE_INTERACTIONS, MAX_BULK_EXAMPLES, MAX_EXAMPLE_LENGTH

MAX_PASTE = 500_000


class IntentForm(forms.ModelForm):
    """An intent's fields and a box for pasting phrasings."""

    phrasings = forms.CharField(
        required=False,
        max_length=MAX_PASTE,
        widget=UnfoldAdminTextareaWidget({"rows": 8}),
        label="Add phrasings",
        help_text=(
            f"One customer's phrasing per line, at most {MAX_BULK_EXAMPLES}. "
            "A line pasted from a spreadsheet may end with a tab and its own ticket."
        ),
    )
    origin = forms.ChoiceField(
        required=False,
        choices=Example.Origin.choices,
        initial=Example.Origin.TICKET,
        widget=UnfoldAdminSelectWidget,
        help_text="Only the words of real customers (ticket, review) count to the eight.",
    )
    source_ref = forms.CharField(
        required=False,
        max_length=200,
        widget=UnfoldAdminTextInputWidget,
        label="Source",
        help_text="The ticket, message or review of the lines that name none themselves.",
    )

    class Meta:
        model = Intent
        fields = ("slug", "label", "description", "category", "resolution", "resolution_reason", "owner")
        widgets = {"description": UnfoldAdminTextareaWidget({"rows": 3})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "category" in self.fields:
            field = cast("forms.ModelChoiceField", self.fields["category"])
            chosen = Q(pk=self.instance.category_id)  # even if it has been merged away since
            field.queryset = cast("QuerySet[Model]", field.queryset).filter(Q(retired_at=None) | chosen)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        rows = self.new_examples()
        if len(rows) > MAX_BULK_EXAMPLES:
            self.add_error("phrasings", f"Paste at most {MAX_BULK_EXAMPLES} lines at a time.")
        if cleaned.get("origin") != Example.Origin.SYNTHETIC and any(not row.source_ref for row in rows):
            self.add_error("source_ref", "Name the ticket or review that these words come from.")
        return cleaned

    def new_examples(self) -> list[NewExample]:
        """Return the pasted lines as rows to add."""
        cleaned = self.cleaned_data
        source = cleaned.get("source_ref", "").strip()
        origin = cleaned.get("origin") or Example.Origin.TICKET
        rows = []
        for line in cleaned.get("phrasings", "").splitlines():
            text, _, own_source = line.strip().partition("\t")
            if text:
                rows.append(NewExample(text, origin, own_source.strip() or source))
        return rows


class ExampleForm(forms.ModelForm):
    """One new phrasing."""

    class Meta:
        model = Example
        fields = ("intent", "text", "origin", "source_ref")
        widgets = {"text": UnfoldAdminTextareaWidget({"rows": 3, "maxlength": MAX_EXAMPLE_LENGTH})}

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.errors:
            row = NewExample(cleaned["text"], cleaned["origin"], cleaned["source_ref"])
            problem = example_problem(intent=cleaned["intent"], row=row)
            if problem:
                self.add_error(None, problem[1])
        return cleaned

    def _post_clean(self) -> None:
        """Build no row here: the service does."""


class MoveForm(TransitionForm):
    """Where an example goes."""

    to = forms.ModelChoiceField(
        queryset=Intent.objects.exclude(state=Intent.State.ARCHIVED), label="Move to intent"
    )


class TestWithForm(TransitionForm):
    """Whether the phrase that is tested with must always pass."""

    must_pass = forms.BooleanField(
        required=False, label="Must pass: a version that answers it wrongly cannot go live"
    )


class ActivateForm(TransitionForm):
    """Why an intent is activated beyond the limit; asked only where the limit is reached."""

    override_reason = forms.CharField(
        required=False,
        max_length=REASON_LENGTH,
        label="Reason to go beyond the limit",
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="For support leads; it is kept with the figures of this moment.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        state = limit_state()
        if not state.is_reached:
            del self.fields["override_reason"]
        else:
            self.fields["override_reason"].help_text = (
                f"{state.active_intents} intents are active, and there have been {state.live_interactions} "
                f"of {ENOUGH_LIVE_INTERACTIONS} live interactions. A support lead may go beyond; the reason "
                "is kept with these figures."
            )


class ExampleActionForm(ActionForm):
    """The bar of bulk actions, with the intent to move to."""

    to = forms.ModelChoiceField(
        queryset=Intent.objects.exclude(state=Intent.State.ARCHIVED),
        required=False,
        label="Move to intent",
        empty_label="Move to …",
        widget=UnfoldAdminSelectWidget({"aria-label": "Intent to move to"}),
    )
