"""Uploads of phrasings: what was read from a file, until it is taken in or dropped."""

from __future__ import annotations

from django.db import models


class PhrasingImport(models.Model):
    """One uploaded file. ``rows`` are [text, label, where, origin, source_ref], forgotten once it is done."""

    class Source(models.TextChoices):
        CSV = "csv", "CSV (text, label)"
        RASA = "rasa", "Rasa (nlu.yml)"
        DIALOGFLOW = "dialogflow", "Dialogflow ES or CX (zip)"

    class State(models.TextChoices):
        READY = "ready", "To be looked at"
        DONE = "done", "Taken in"
        DROPPED = "dropped", "Dropped"

    file_name = models.CharField("file", max_length=200)
    source = models.CharField("format", max_length=10, choices=Source, default=Source.CSV)
    state = models.CharField(max_length=7, choices=State, default=State.READY)
    rows = models.JSONField(default=list, editable=False)
    problems = models.JSONField(default=list, editable=False)
    ignored = models.JSONField(default=dict, editable=False)
    result = models.JSONField(default=dict, editable=False)
    created_by = models.ForeignKey("core.User", on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = "phrasing import"

    def __str__(self) -> str:
        return self.file_name
