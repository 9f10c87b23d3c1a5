"""The database's own guard of the activity log: UPDATE and DELETE are refused whoever sends them.

The one door is ``lifted()``, which erasure of personal data uses. A migration that rebuilds the table on
SQLite drops its triggers: call ``install`` again in that migration.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction

from core.models import Activity

TABLE = "core_activity"
REFUSAL = "The activity log is append-only."
SQLITE_INSTALL = tuple(
    f"CREATE TRIGGER IF NOT EXISTS {TABLE}_no_{verb} BEFORE {verb} ON {TABLE} "
    f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
    for verb in ("update", "delete")
)
SQLITE_REMOVE = tuple(f"DROP TRIGGER IF EXISTS {TABLE}_no_{verb}" for verb in ("update", "delete"))
POSTGRES_INSTALL = (
    f"CREATE OR REPLACE FUNCTION {TABLE}_refuse() RETURNS trigger LANGUAGE plpgsql AS "
    f"$$ BEGIN RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'integrity_constraint_violation'; END $$",
    f"DROP TRIGGER IF EXISTS {TABLE}_append_only ON {TABLE}",
    f"CREATE TRIGGER {TABLE}_append_only BEFORE UPDATE OR DELETE ON {TABLE} "
    f"FOR EACH ROW EXECUTE FUNCTION {TABLE}_refuse()",
)
POSTGRES_REMOVE = (f"DROP TRIGGER IF EXISTS {TABLE}_append_only ON {TABLE}",)
INSTALL = {"sqlite": SQLITE_INSTALL, "postgresql": POSTGRES_INSTALL}
REMOVE = {"sqlite": SQLITE_REMOVE, "postgresql": POSTGRES_REMOVE}


def install(database: Any) -> None:
    """Put the guard up; doing so again changes nothing."""
    _run(database, INSTALL[database.vendor])


def remove(database: Any) -> None:
    """Take the guard down."""
    _run(database, REMOVE[database.vendor])


@contextmanager
def lifted() -> Iterator[None]:
    """Take the guard down for one transaction, in which nobody else can write the log."""
    with transaction.atomic():
        remove(connection)
        yield
        install(connection)


def erase(rows: Any) -> int:
    """Blank what the given rows (a queryset of Activity) say about their target; return how many."""
    with lifted():
        return Activity._base_manager.filter(pk__in=rows.order_by().values("pk")).update(
            target_label="(erased)", before={}, after={}
        )


def _run(database: Any, statements: tuple[str, ...]) -> None:
    with database.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
