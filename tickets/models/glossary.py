"""Rows of the glossary: shorthand and jargon, and what is written in its place."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Lower

from nlp.glossary import MAX_EXPANSION, MAX_TERM


class GlossaryTerm(models.Model):
    """One term, such as cx, and the words that stand for it."""

    term = models.CharField(max_length=MAX_TERM, help_text="Whole words only; capitals do not matter.")
    expansion = models.CharField(max_length=MAX_EXPANSION, help_text="What is written in its place.")
    is_active = models.BooleanField("in use", default=True)

    class Meta:
        verbose_name = "glossary term"
        ordering = ["term"]
        constraints = [models.UniqueConstraint(Lower("term"), name="one_entry_per_term")]

    def __str__(self) -> str:
        return f"{self.term} → {self.expansion}"
