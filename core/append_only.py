"""Tables whose rows the database itself refuses to change or delete, whoever asks.

A migration that rebuilds such a table on SQLite drops its triggers: call ``install`` again in that migration.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class AppendOnly:
    """The guard of one table; ``table`` and ``refusal`` are ours, never user input."""

    table: str
    refusal: str

    def install(self, database: Any) -> None:
        """Put the guard up; doing so again changes nothing."""
        _run(database, self._install_sqlite() if database.vendor == "sqlite" else self._install_postgres())

    def remove(self, database: Any) -> None:
        """Take the guard down."""
        if database.vendor == "sqlite":
            _run(
                database, [f"DROP TRIGGER IF EXISTS {self.table}_no_{verb}" for verb in ("update", "delete")]
            )
        else:
            _run(database, [f"DROP TRIGGER IF EXISTS {self.table}_append_only ON {self.table}"])

    def _install_sqlite(self) -> list[str]:
        return [
            f"CREATE TRIGGER IF NOT EXISTS {self.table}_no_{verb} BEFORE {verb} ON {self.table} "
            f"BEGIN SELECT RAISE(ABORT, '{self.refusal}'); END"
            for verb in ("update", "delete")
        ]

    def _install_postgres(self) -> list[str]:
        return [
            f"CREATE OR REPLACE FUNCTION {self.table}_refuse() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{self.refusal}' USING ERRCODE = 'integrity_constraint_violation'; "
            "END $$",
            f"DROP TRIGGER IF EXISTS {self.table}_append_only ON {self.table}",
            f"CREATE TRIGGER {self.table}_append_only BEFORE UPDATE OR DELETE ON {self.table} "
            f"FOR EACH ROW EXECUTE FUNCTION {self.table}_refuse()",
        ]


def _run(database: Any, statements: Iterable[str]) -> None:
    with database.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
