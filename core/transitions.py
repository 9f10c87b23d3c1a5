"""State changes as one compare-and-set UPDATE, so that of two people who act at once exactly one wins."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.db import models

from core.errors import Conflict, StaleTransition

Table = Mapping[str, Collection[str]]


def move(obj: models.Model, *, to: str, allowed: Table, field: str = "state", **changes: Any) -> None:
    """Move ``obj`` to state ``to`` and write ``changes`` with it, or raise and write nothing.

    ``allowed`` maps each state to the states that may follow it. Raises Conflict when the table has no such
    step, StaleTransition when the row is no longer in the state that ``obj`` was read in.
    """
    current = getattr(obj, field)
    if to not in allowed.get(current, ()):
        raise Conflict(
            f"This {obj._meta.verbose_name} is {current.replace('_', ' ')}; it cannot become "
            f"{to.replace('_', ' ')}.",
            code="transition_not_allowed",
            extra={"from": current, "to": to},
        )
    rows = type(obj)._base_manager.filter(pk=obj.pk, **{field: current}).update(**{field: to}, **changes)
    if rows == 0:
        raise StaleTransition(
            f"Somebody else changed this {obj._meta.verbose_name} in the meantime. Reload it and look again.",
            extra={"expected": current, "to": to},
        )
    for name, value in {field: to, **changes}.items():
        setattr(obj, name, value)
