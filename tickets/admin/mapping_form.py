"""The form in which a person says which column of a CSV file is what.

Offers the file's own columns; what a mapping may say is integrations' business, whose refusals it shows.
"""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from core.admin_transitions import TransitionForm
from core.errors import InvalidInput
from integrations.csv_mapping import DATE_FORMATS, DURATIONS, EPOCH, FIELDS, ISO, UNITS, CsvMapping
from integrations.fields import STATUSES
from tickets.sources import CsvLayout, csv_layout, csv_mapping, propose_mapping, stored_mapping
from tickets.uploads import upload_path

LABELS = {
    "external_id": "Ticket id (needed)",
    "created_at": "Created (needed)",
    "closed_at": "Closed",
    "updated_at": "Last changed",
    "status": "Status",
    "csat": "CSAT",
    "csat_comment": "Comment on the rating",
    "kind": "Type or category",
    "customer_external_id": "Customer",
    "first_reply_seconds": "Time to first reply",
    "resolution_seconds": "Time to resolution",
}
FIRST = ("external_id", "created_at", "closed_at", "updated_at", "status", "subject")
WORDS = ("status", "csat", "escalated")
MAX_WORDS = 200


class MappingForm(TransitionForm):
    """Which column of the file is what."""

    text_columns = forms.MultipleChoiceField(
        required=False, widget=UnfoldAdminCheckboxSelectMultipleWidget, label="What the customer wrote"
    )
    reply_columns = forms.MultipleChoiceField(
        required=False, widget=UnfoldAdminCheckboxSelectMultipleWidget, label="What the agent answered"
    )
    date_format = forms.ChoiceField(label="Dates are written as")
    other_date_format = forms.CharField(
        required=False, max_length=100, help_text="A pattern such as %d/%m/%Y %H:%M, if none above fits."
    )
    timezone = forms.ChoiceField(help_text="Of dates that name none.")
    default_status = forms.ChoiceField(
        required=False, help_text="Where the file has no status, or the cell is empty."
    )
    html = forms.BooleanField(required=False, label="The texts are HTML")
    extra_columns = forms.MultipleChoiceField(
        required=False, widget=UnfoldAdminCheckboxSelectMultipleWidget, label="Other columns to keep"
    )

    def __init__(self, *args: Any, obj: Any, **kwargs: Any) -> None:
        self.layout, self.start = _layout(obj), _start(obj)
        super().__init__(*args, obj=obj, **kwargs)
        columns = [(name, _with_samples(name, self.layout)) for name in self.layout.columns]
        for name in ("text_columns", "reply_columns", "extra_columns"):
            self._choices(name, columns)
        self._choices("date_format", [(ISO, "ISO, such as 2026-03-04 15:30"), (EPOCH, "seconds since 1970")])
        self._choices("date_format", [(name, name) for name in DATE_FORMATS], more=True)
        self._choices("timezone", [(name, name) for name in sorted(available_timezones())])
        self._choices("default_status", [("", "–"), *((name, name) for name in sorted(STATUSES))])
        plain = [("", "–"), *((name, name) for name in self.layout.columns)]
        for name in (*FIRST, *(field for field in FIELDS if field not in FIRST)):
            label = LABELS.get(name, name.replace("_", " ").capitalize())
            self._add(f"column_{name}", forms.ChoiceField(required=False, choices=plain, label=label))
            if name in DURATIONS:
                units = [(unit, unit) for unit in UNITS]
                self._add(f"unit_{name}", forms.ChoiceField(required=False, choices=units, label="in"))
            if name in WORDS:
                self._add(f"words_{name}", _words_field(name))
        self.initial = {**_initial(self.start), **self.initial}
        order = [f"column_{name}" for name in FIRST]
        self.order_fields([*order, "words_status", "default_status", "date_format", "other_date_format"])

    def clean(self) -> dict[str, Any]:
        """Return ``mapping`` alone, as an import keeps it."""
        given: dict[str, Any] = super().clean() or {}
        if self.errors:
            return given
        try:
            mapping = csv_mapping(self._mapping(given))
        except InvalidInput as refusal:
            raise ValidationError(refusal.message, code=refusal.code) from refusal
        return {"mapping": stored_mapping(mapping)}

    def _mapping(self, given: dict[str, Any]) -> dict[str, Any]:
        columns = {name: given[f"column_{name}"] for name in FIELDS if given.get(f"column_{name}")}
        values = dict(self.start.values) | {name: _words(given.get(f"words_{name}", "")) for name in WORDS}
        formats = [given["other_date_format"] or given["date_format"]]
        kept = [name for name in self.start.date_formats if name not in formats]
        return {
            "columns": columns,
            "text_columns": given["text_columns"],
            "reply_columns": given["reply_columns"],
            "extra_columns": given["extra_columns"],
            "date_formats": [*formats, *kept],
            "timezone": given["timezone"],
            "delimiter": self.start.delimiter,
            "values": {name: words for name, words in values.items() if words and name in columns},
            "default_status": given["default_status"],
            "units": {
                name: given[f"unit_{name}"] for name in DURATIONS if name in columns and given[f"unit_{name}"]
            },
            "tag_separator": self.start.tag_separator,
            "html": given["html"],
        }

    def _choices(self, name: str, choices: list[tuple[str, str]], *, more: bool = False) -> None:
        field: Any = self.fields[name]
        field.choices = [*field.choices, *choices] if more else choices

    def _add(self, name: str, field: forms.Field) -> None:
        field.widget.attrs.setdefault("class", self.fields["timezone"].widget.attrs["class"])
        self.fields[name] = field


def _layout(batch: Any) -> CsvLayout:
    try:
        return csv_layout(upload_path(batch.stored_name))
    except InvalidInput:
        return CsvLayout((), {}, "")


def _start(batch: Any) -> CsvMapping:
    """Return the mapping that the form starts from: the draft's, the proposed one, or none."""
    try:
        return (
            csv_mapping(batch.mapping) if batch.mapping else propose_mapping(upload_path(batch.stored_name))
        )
    except InvalidInput:
        return CsvMapping(columns={"external_id": "-", "created_at": "-"}, default_status="closed")


def _initial(mapping: CsvMapping) -> dict[str, Any]:
    first = mapping.date_formats[0]
    known = first in (ISO, EPOCH) or first in DATE_FORMATS
    return {
        **{f"column_{name}": column for name, column in mapping.columns.items()},
        **{f"unit_{name}": mapping.units.get(name, "seconds") for name in DURATIONS},
        **{
            f"words_{name}": "\n".join(
                f"{word} = {ours}" for word, ours in mapping.values.get(name, {}).items()
            )
            for name in WORDS
        },
        "text_columns": list(mapping.text_columns),
        "reply_columns": list(mapping.reply_columns),
        "extra_columns": list(mapping.extra_columns),
        "date_format": first if known else ISO,
        "other_date_format": "" if known else first,
        "timezone": mapping.timezone,
        "default_status": mapping.default_status,
        "html": mapping.html,
    }


def _words_field(name: str) -> forms.CharField:
    ours = {"status": ", ".join(sorted(STATUSES)), "csat": "1 to 5", "escalated": "yes, no"}[name]
    return forms.CharField(
        required=False,
        max_length=20_000,
        widget=forms.Textarea({"rows": 4, "spellcheck": "false"}),
        label=f"Words of the {name} column",
        help_text=f"One per line, as “word of the file = ours”. Ours are: {ours}.",
    )


def _words(text: str) -> dict[str, str]:
    """Return the lines "word = ours" as a mapping; raises ValidationError for a line without a sign."""
    words = {}
    for line in text.splitlines()[:MAX_WORDS]:
        if not line.strip():
            continue
        word, sign, ours = line.rpartition("=")
        if not sign:
            raise ValidationError(f"Write “word = ours”: “{line.strip()[:60]}”.", code="bad_mapping")
        words[word.strip()] = ours.strip()
    return words


def _with_samples(name: str, layout: CsvLayout) -> str:
    samples = layout.samples.get(name, ())
    return f"{name} (such as {samples[0][:40]})" if samples else name
