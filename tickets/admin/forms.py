"""Forms of the imports' admin pages. They check shapes; the services decide."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from core.errors import InvalidInput
from tickets.help_desks import VARIABLES, help_desk_client
from tickets.models import ImportBatch, Source
from tickets.uploads import HEAD_BYTES, check_content
from tickets.workflow import DEFAULT_WINDOW_DAYS, MAX_UPLOAD_BYTES, MAX_WINDOW_DAYS


class PullForm(forms.Form):
    """Which help desk is asked, and how far back."""

    source = forms.ChoiceField(
        label="Help desk",
        choices=[(name, Source(name).label) for name in VARIABLES],
        widget=UnfoldAdminSelectWidget,
    )
    address = forms.CharField(
        max_length=200,
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "https://acme.zendesk.com"}),
        help_text="The address of your help desk: a host and nothing more.",
    )
    window_days = forms.IntegerField(
        label="Window, days",
        min_value=1,
        max_value=MAX_WINDOW_DAYS,
        initial=DEFAULT_WINDOW_DAYS,
        widget=UnfoldAdminTextInputWidget(attrs={"type": "number"}),
        help_text="Only tickets closed within so many days count.",
    )

    def clean(self) -> dict[str, Any]:
        """Refuse an address that may not be asked, and a help desk without credentials."""
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.errors:
            cleaned["address"] = cleaned["address"].rstrip("/")
            try:
                help_desk_client(cleaned["source"], cleaned["address"])
            except InvalidInput as refusal:
                self.add_error("address", ValidationError(refusal.message, code=refusal.code))
        return cleaned


class UploadForm(forms.ModelForm):
    """A file, where it comes from, and which tickets in it count."""

    file = forms.FileField(
        widget=UnfoldAdminFileFieldWidget,
        help_text=f"An export of closed tickets, at most {MAX_UPLOAD_BYTES // 1_000_000} MB: the help desk's "
        "JSON, or CSV. It is deleted after the import.",
    )

    class Meta:
        model = ImportBatch
        fields = ("source", "window_days", "ends_with_newest")

    def clean_file(self) -> UploadedFile:
        """Refuse what is too large."""
        file: UploadedFile = self.cleaned_data["file"]
        if file.size is None or file.size > MAX_UPLOAD_BYTES:
            raise ValidationError(
                "The file is too large. Use the command import_tickets, or export fewer days at a time.",
                code="too_large",
            )
        return file

    def clean(self) -> dict[str, Any]:
        """Refuse a file that is not an export of the chosen source, by its content."""
        cleaned: dict[str, Any] = super().clean() or {}
        file, source = cleaned.get("file"), cleaned.get("source")
        if file and source:
            file.seek(0)
            try:
                check_content(file.read(HEAD_BYTES), source)
            except InvalidInput as refusal:
                self.add_error("file", ValidationError(refusal.message, code=refusal.code))
        return cleaned
