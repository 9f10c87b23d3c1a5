"""A query whose SQL is written once: for look-ups that every request makes.

Building a queryset and writing its SQL takes several times as long as running it. Here that is done at the
first call; later ones go straight to a cursor, and values are converted as the model's fields do. Nothing is
cached but the SQL: each call sees what the database holds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import QuerySet

Row = tuple[Any, ...]


class _Compiled(NamedTuple):
    sql: str
    constants: Row  # what the queryset itself compares with, behind the parameters of the call
    converters: dict[int, Any]


class CompiledQuery:
    """The first row of a queryset, found by compiled SQL; safe to share between threads.

    ``build`` takes placeholder values and returns a queryset whose filters use them in that order, before
    any constant of its own.
    """

    def __init__(self, build: Callable[..., QuerySet[Any, Any]], *placeholders: Any) -> None:
        self._build = build
        self._placeholders = placeholders
        self._compiled: dict[str, _Compiled] = {}

    def first(self, *values: Any) -> Row | None:
        """Return the first row in the columns of the queryset, or None."""
        compiled = self._compiled.get(connection.vendor) or self._compile()
        with connection.cursor() as cursor:
            cursor.execute(compiled.sql, (*values, *compiled.constants))
            found = cursor.fetchone()
        if found is None:
            return None
        row = list(found)
        for position, (convert_all, expression) in compiled.converters.items():
            for convert in convert_all:
                row[position] = convert(row[position], expression, connection)
        return tuple(row)

    def _compile(self) -> _Compiled:
        compiler = self._build(*self._placeholders).order_by().query.get_compiler(connection=connection)
        sql, found = compiler.as_sql()
        count = len(self._placeholders)
        if tuple(found[:count]) != self._placeholders:
            raise ValueError(f"The parameters of {sql!r} do not begin with {self._placeholders!r}.")
        converters = compiler.get_converters([column[0] for column in compiler.select])
        compiled = _Compiled(sql, tuple(found[count:]), converters)
        self._compiled[connection.vendor] = compiled
        return compiled
