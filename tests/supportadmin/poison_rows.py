"""Rows whose texts are hostile: row n of a table holds payload n."""

from __future__ import annotations

from typing import Any

from django.db import models

from tests.xss import PAYLOADS, fitting

COUNT = len(PAYLOADS)
NUMBERED = ("name", "term", "unwanted", "external_id", "file_name", "source")  # unique


def texts(model: type[models.Model], number: int, *names: str) -> dict[str, str]:
    """Return payload ``number`` for each of these fields, as much as fits."""
    made = {}
    for name in names:
        field = model._meta.get_field(name)
        length = getattr(field, "max_length", None)
        text = fitting(number, length, one_line=isinstance(field, models.CharField))
        made[name] = f"{text[: (length or 10**6) - 4]} {number}" if name in NUMBERED else text
    return made


def many(model: type[models.Model], *names: str, **given: Any) -> list[Any]:
    """Make COUNT rows; a callable among ``given`` gets the row's number."""
    rows = [
        model(
            **texts(model, number, *names),
            **{name: value(number) if callable(value) else value for name, value in given.items()},
        )
        for number in range(COUNT)
    ]
    return model._default_manager.bulk_create(rows)
