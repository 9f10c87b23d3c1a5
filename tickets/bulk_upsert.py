"""Insert many rows, or overwrite those of the same key, with one prepared statement.

``bulk_create(update_conflicts=True)`` does the same but builds its SQL while the transaction is open, which
takes most of its time. Here the parameters are made beforehand, so the database is locked for a moment only.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection, connections, models

Parameters = tuple[Any, ...]
PLAIN = frozenset({str, int, bool, type(None)})  # what every database takes as it is
NEVER_PLAIN: frozenset[type] = frozenset()


class Upsert:
    """The statement for one model: ``key`` are the fields of a unique constraint, ``keep`` stays as it is.

    Fields that the database counts up itself are left to it. ``auto_now`` and signals play no part.
    """

    def __init__(
        self, model: type[models.Model], *, key: Collection[str], keep: Collection[str] = ()
    ) -> None:
        self._fields = [f for f in model._meta.concrete_fields if not isinstance(f, models.AutoField)]
        self._prepared_fields = [
            (f, NEVER_PLAIN if isinstance(f, models.JSONField) else PLAIN) for f in self._fields
        ]
        key_columns = [str(f.column) for f in self._fields if f.name in key]
        rest = [str(f.column) for f in self._fields if f.name not in {*key, *keep}]
        quote = connection.ops.quote_name
        columns = ", ".join(quote(str(f.column)) for f in self._fields)
        # the names are those of the model, quoted; values are parameters
        self._sql = (
            f"INSERT INTO {quote(model._meta.db_table)} ({columns}) "  # noqa: S608  # nosec B608
            f"VALUES ({', '.join(['%s'] * len(self._fields))}) "
            f"ON CONFLICT ({', '.join(map(quote, key_columns))}) DO UPDATE SET "
            + ", ".join(f"{quote(column)} = excluded.{quote(column)}" for column in rest)
        )

    def parameters(self, row: models.Model) -> Parameters:
        """Return the row as the database takes it, in the order of the model's fields."""
        database = connections[DEFAULT_DB_ALIAS]
        values = []
        for field, plain in self._prepared_fields:
            value = getattr(row, field.attname)
            values.append(value if type(value) in plain else field.get_db_prep_save(value, database))
        return tuple(values)

    def execute(self, rows: Iterable[Parameters]) -> None:
        """Write the rows; belongs in a transaction."""
        batch = list(rows)
        if batch:
            with connection.cursor() as cursor:
                cursor.executemany(self._sql, batch)
