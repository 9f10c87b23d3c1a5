"""Forms of the imports' admin pages. They check shapes; the services decide."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from unfold.widgets import UnfoldAdminFileFieldWidget

from core.errors import InvalidInput
from tickets.models import ImportBatch
from tickets.uploads import HEAD_BYTES, check_content
from tickets.workflow import MAX_UPLOAD_BYTES


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
