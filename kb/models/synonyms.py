"""Words that mean the same to the search."""

from __future__ import annotations

from django.db import models

from nlp.synonyms import MAX_PHRASE


class SearchSynonyms(models.Model):
    """A word or phrase and others that mean the same to customers: any of them finds the others too."""

    phrase = models.CharField("word or phrase", max_length=MAX_PHRASE, unique=True)
    same_as = models.CharField(
        "means the same as", max_length=500, help_text="Words or phrases with commas between: bill, receipt."
    )

    class Meta:
        verbose_name = "search synonyms"
        verbose_name_plural = "search synonyms"
        ordering = ["phrase"]

    def __str__(self) -> str:
        return f"{self.phrase} = {self.same_as}"

    @property
    def line(self) -> list[str]:
        """All phrases of the line."""
        return [self.phrase, *(part.strip() for part in self.same_as.split(",") if part.strip())]
