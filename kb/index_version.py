"""The number by which every process sees that what a search depends on has changed.

It grows in the very transaction that changes the index, a publication, an audience or a product page.
"""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from django.db.models import F

from core.compiled_query import CompiledQuery
from kb.models import IndexVersion

_current = CompiledQuery(lambda pk: IndexVersion.objects.filter(pk=pk).values_list("epoch", "number"), 0)


class Version(NamedTuple):
    """A number that grows, and the database that it belongs to."""

    epoch: UUID | None
    number: int


def bump() -> int:
    """Add one and return the new number; call in the transaction of the change that it announces.

    The row stays locked until that transaction ends, so numbers become visible in their order.
    """
    IndexVersion.objects.get_or_create(pk=1)
    IndexVersion.objects.filter(pk=1).update(number=F("number") + 1)
    return IndexVersion.objects.values_list("number", flat=True).get(pk=1)


def current() -> Version:
    """Return the version; number 0 before the first change."""
    row = _current.first(1)
    return Version(*row) if row is not None else Version(None, 0)
