"""The start-up checks."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from core import checks

SQLITE = {"default": {"ENGINE": "django.db.backends.sqlite3"}}
POSTGRES = {"default": {"ENGINE": "django.db.backends.postgresql"}}


@pytest.mark.row("R24", "M3")
@pytest.mark.parametrize(
    ("version", "bad"),
    [
        ((3, 6, 23), False),
        ((3, 7, 0), True),
        ((3, 40, 1), True),
        ((3, 44, 5), True),
        ((3, 44, 6), False),
        ((3, 45, 0), True),
        ((3, 50, 7), False),
        ((3, 51, 2), True),
        ((3, 51, 3), False),
        ((3, 52, 0), False),
    ],
)
def test_the_versions_of_sqlite_with_the_wal_reset_bug(version: checks.Version, bad: bool) -> None:
    assert checks.has_wal_reset_bug(version) is bad


@pytest.mark.row("R24")
@pytest.mark.parametrize(
    ("production", "accepted", "databases", "ids"),
    [
        (True, "", SQLITE, ["core.E001"]),
        (True, "1", SQLITE, []),
        (True, "", POSTGRES, []),
        (False, "", SQLITE, ["core.W001"]),
        (False, "", POSTGRES, []),
    ],
)
def test_production_refuses_a_risky_sqlite_unless_it_is_accepted(
    monkeypatch: pytest.MonkeyPatch, production: bool, accepted: str, databases: dict, ids: list[str]
) -> None:
    monkeypatch.setattr(checks, "settings", SimpleNamespace(PRODUCTION=production, DATABASES=databases))
    monkeypatch.setattr(checks.sqlite3, "sqlite_version_info", (3, 40, 1))
    monkeypatch.setenv("SQLITE_WAL_RESET_ACCEPTED", accepted)
    found = checks.check_sqlite_version() + checks.check_sqlite_version_for_deployment()
    assert [message.id for message in found] == ids


@pytest.mark.row("R30")
@pytest.mark.parametrize(
    ("soft", "hard", "visibility", "ids"),
    [
        (10, 20, 30, []),
        (10, 20, None, []),
        (20, 10, 30, ["core.E002"]),
        (10, 10, 30, ["core.E002"]),
        (10, 20, 15, ["core.E002"]),
    ],
)
def test_time_limits_must_rise(
    settings, soft: int, hard: int, visibility: int | None, ids: list[str]
) -> None:
    settings.CELERY_TASK_SOFT_TIME_LIMIT, settings.CELERY_TASK_TIME_LIMIT = soft, hard
    settings.CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": visibility} if visibility else {}
    assert [message.id for message in checks.check_task_limits()] == ids


@pytest.mark.row("R30")
def test_a_task_that_acknowledges_early_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert checks.check_tasks() == []
    tasks = {"x.early": SimpleNamespace(acks_late=False), "celery.chord": SimpleNamespace(acks_late=False)}
    monkeypatch.setattr(checks, "current_app", SimpleNamespace(tasks=tasks))
    assert [message.msg for message in checks.check_tasks()] == [
        "x.early must acknowledge late (acks_late=True)."
    ]


@pytest.mark.row("R47")
def test_celery_must_speak_json_only(settings) -> None:
    settings.CELERY_ACCEPT_CONTENT = ["json", "pickle"]
    assert [message.id for message in checks.check_tasks()] == ["core.E004"]
