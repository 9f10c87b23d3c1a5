"""System checks: settings that would lose jobs or data are refused before anything starts."""

from __future__ import annotations

import os
import sqlite3
from typing import Any

from celery import current_app
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

Version = tuple[int, int, int]
# https://www.sqlite.org/wal.html#walresetbug: two writers at once can, very rarely, corrupt a WAL database.
WAL_RESET_SINCE: Version = (3, 7, 0)
WAL_RESET_FIXED: Version = (3, 51, 3)
WAL_RESET_BACKPORTS: tuple[Version, ...] = ((3, 44, 6), (3, 50, 7))


def has_wal_reset_bug(version: Version) -> bool:
    """Whether this SQLite can lose data when two processes write at once."""
    backported = any(version[:2] == fixed[:2] and version >= fixed for fixed in WAL_RESET_BACKPORTS)
    return WAL_RESET_SINCE <= version < WAL_RESET_FIXED and not backported


@register(Tags.database, deploy=True)
def check_sqlite_version_for_deployment(**kwargs: Any) -> list[CheckMessage]:
    """Warn, on `check --deploy`, of an SQLite with the WAL-reset bug."""
    return [] if settings.PRODUCTION else _sqlite_messages(Warning, "core.W001")


@register()
def check_sqlite_version(**kwargs: Any) -> list[CheckMessage]:
    """Refuse such an SQLite in production, unless the operator has accepted it."""
    accepted = os.environ.get("SQLITE_WAL_RESET_ACCEPTED") == "1"
    return _sqlite_messages(Error, "core.E001") if settings.PRODUCTION and not accepted else []


@register()
def check_task_limits(**kwargs: Any) -> list[CheckMessage]:
    """Refuse time limits under which a broker would hand out a job that is still being worked on."""
    limits: dict[str, Any] = {
        "CELERY_TASK_SOFT_TIME_LIMIT": settings.CELERY_TASK_SOFT_TIME_LIMIT,
        "CELERY_TASK_TIME_LIMIT": settings.CELERY_TASK_TIME_LIMIT,
    }
    visibility = settings.CELERY_BROKER_TRANSPORT_OPTIONS.get("visibility_timeout")
    if visibility is not None:
        limits["the broker's visibility_timeout"] = visibility
    seconds = list(limits.values())
    if seconds != sorted(set(seconds)):
        order = " < ".join(limits)
        return [Error(f"Time limits must rise: {order}; they are {seconds}.", id="core.E002")]
    return []


@register()
def check_tasks(**kwargs: Any) -> list[CheckMessage]:
    """Refuse a task whose message could be lost with its worker, or a serializer that can execute code."""
    messages: list[CheckMessage] = [
        Error(f"{name} must acknowledge late (acks_late=True).", id="core.E003")
        for name, task in sorted(current_app.tasks.items())
        if not name.startswith("celery.") and not task.acks_late
    ]
    if settings.CELERY_TASK_SERIALIZER != "json" or settings.CELERY_ACCEPT_CONTENT != ["json"]:
        messages.append(Error("Celery must speak JSON and nothing else.", id="core.E004"))
    return messages


def _sqlite_messages(level: type[Error] | type[Warning], id: str) -> list[CheckMessage]:
    engine = settings.DATABASES["default"]["ENGINE"]
    if "sqlite3" not in engine or not has_wal_reset_bug(sqlite3.sqlite_version_info):
        return []
    return [
        level(
            f"SQLite {sqlite3.sqlite_version} can, very rarely, corrupt a database that two processes write.",
            hint="Set DATABASE_URL to PostgreSQL, use SQLite 3.51.3 or newer, or accept the risk with "
            "SQLITE_WAL_RESET_ACCEPTED=1. See https://www.sqlite.org/wal.html#walresetbug.",
            id=id,
        )
    ]
