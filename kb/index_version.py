"""The number by which every process sees that the index or the product pages have changed."""

from __future__ import annotations

from django.db.models import F

from kb.models import IndexVersion


def bump() -> int:
    """Add one and return the new number; call in the transaction of the change that it announces.

    The row stays locked until that transaction ends, so numbers become visible in their order.
    """
    IndexVersion.objects.get_or_create(pk=1)
    IndexVersion.objects.filter(pk=1).update(number=F("number") + 1)
    return IndexVersion.objects.values_list("number", flat=True).get(pk=1)


def current() -> int:
    """Return the number; 0 before the first change."""
    return IndexVersion.objects.filter(pk=1).values_list("number", flat=True).first() or 0
