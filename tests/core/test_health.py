"""The addresses that machines ask how we are."""

from __future__ import annotations

import json
import logging
from datetime import timedelta

import pytest
import structlog
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from core import health, log_format, warmup
from core.models import Heartbeat, Job

pytestmark = pytest.mark.django_db


def test_healthz_answers_without_a_query(django_assert_num_queries) -> None:
    with django_assert_num_queries(0):
        answer = Client().get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.row("8.9", "R37")
@pytest.mark.parametrize(("silence", "status"), [(0, 200), (59, 200), (62, 503), (None, 503)])
def test_readyz_follows_the_workers_heartbeat(silence: int | None, status: int) -> None:
    if silence is not None:
        Heartbeat.objects.create(name="worker", at=timezone.now() - timedelta(seconds=silence))
    answer = Client().get("/readyz")
    assert answer.status_code == status
    assert bool(answer.json()["reasons"]) is (status == 503)
    assert ("Retry-After" in answer) is (status == 503)


@pytest.mark.row("8.9")
def test_readyz_shows_the_queue(db: None) -> None:
    now = timezone.now()
    Heartbeat.objects.create(name="worker", at=now)
    Job.objects.create(task="x", available_at=now - timedelta(seconds=90))
    Job.objects.create(task="x", available_at=now + timedelta(seconds=90))
    Job.objects.create(task="x", state="failed")
    answer = Client().get("/readyz").json()
    assert answer["queue_age_seconds"] in (90, 91)
    assert answer["stopped_jobs"] == 1


@pytest.mark.row("R28")
def test_readyz_is_503_while_the_database_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(now: object) -> None:
        raise OperationalError("server closed the connection")

    monkeypatch.setattr(health, "_details", gone)
    monkeypatch.setattr(health.connection, "close", lambda: None)
    answer = Client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["reasons"] == ["The database does not answer."]


def test_metrics_are_for_a_key_that_may_read(api) -> None:
    answer = api("read").get("/metrics")
    assert answer.status_code == 200
    assert b"django_http_requests_total" in answer.content
    assert Client().get("/metrics").status_code == 401


@pytest.mark.row("R46", "R54")
def test_log_lines_hide_secrets_and_cannot_be_forged() -> None:
    line = render(
        {"event": "sign in\r\n2026 forged", "password": "hunter2", "note": "Api-Key sak_01234567_abcDEF-_9"}
    )
    assert json.loads(line) == {
        "event": "sign in\\r\\n2026 forged",
        "password": "•••",
        "note": "•••",
    }
    assert "\n" not in line


def test_the_console_style_keeps_one_line_too() -> None:
    record = logging.LogRecord("x", logging.WARNING, "f", 1, "a %s\nb", ("sak_01234567_abcdef",), None)
    line = log_format.formatter("console").format(record)
    assert "a •••\\nb" in line
    assert "\n" not in line


def render(fields: dict[str, str]) -> str:
    line = fields
    for step in log_format.LAST[1:]:
        line = step(None, "info", line)
    return str(structlog.processors.JSONRenderer()(None, "info", line))


def test_warm_up_calls_every_engine_once_and_survives_a_cold_one(monkeypatch: pytest.MonkeyPatch) -> None:
    called = []
    monkeypatch.setattr(warmup, "_hooks", [])

    def broken() -> None:
        raise RuntimeError("no model yet")

    def engine() -> None:
        called.append("engine")

    for hook in (broken, engine, engine):
        warmup.register(hook)
    warmup.run()
    assert called == ["engine"]
