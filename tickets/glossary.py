"""The glossary that texts are cleaned with: the terms in use, compiled once per state of the table."""

from __future__ import annotations

from functools import lru_cache

from nlp.glossary import Glossary
from tickets.models import GlossaryTerm


def current_glossary() -> Glossary:
    """Return the terms in use; one query."""
    rows = GlossaryTerm.objects.filter(is_active=True).order_by("pk").values_list("term", "expansion")
    return _compiled(tuple(rows))


@lru_cache(maxsize=4)
def _compiled(rows: tuple[tuple[str, str], ...]) -> Glossary:
    return Glossary(rows)
