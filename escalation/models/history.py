"""Evidence: rows that are written once, then only read."""

from __future__ import annotations

from typing import Any, NoReturn

from django.db import models


class Immutable(models.Model):
    """Evidence: written once, then only read."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise TypeError("History is not rewritten.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("History is not deleted.")
