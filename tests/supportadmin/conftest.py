"""The demo workspace, built once for all tests of this folder that ask for it."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.core.management import call_command
from django.test import Client, override_settings
from playwright.sync_api import Page

from core.models import User
from kb.admin import audience_tester
from supportadmin.quickstart import quickstart
from tests.supportadmin.poison import People, poison

LONG_JOBS = ("tickets.tasks.run_audit", "tickets.tasks.renew_texts", "escalation.tasks.run_backtest")
ROOT = Path(__file__).resolve().parents[2]
ONE_LIST = 1_000  # every row on one page
OTHERS_SERVERS = ("DATABASE_URL", "CELERY_BROKER_URL", "CACHE_URL")


@pytest.fixture(scope="module")
def demo(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Any]]:
    """Build the demo workspace in the test database; return its credentials."""
    folder: Path = tmp_path_factory.mktemp("demo")
    with django_db_blocker.unblock(), override_settings(DATA_DIR=folder, MODEL_DIR=folder / "models"):
        yield quickstart(url="http://127.0.0.1:8000")
        call_command("flush", verbosity=0, interactive=False)


@pytest.fixture
def client_of(demo: dict[str, Any]) -> Callable[[str], Client]:
    """Return a signed-in client for a demo role, such as kb_owner."""

    def enter(role: str) -> Client:
        client = Client()
        client.force_login(user_of(demo, role), backend="django.contrib.auth.backends.ModelBackend")
        return client

    return enter


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """Return a folder with the demo as `make run` prepares it, made once for all processes of the run."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "prepared"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            folder.mkdir()
            for words in (("migrate", "--verbosity=0"), ("quickstart",)):
                subprocess.run(
                    _manage(*words), env=_environment(folder, 8000), check=True, timeout=170, cwd=ROOT
                )
            _put_off_jobs(folder / "db.sqlite3")
    return folder


def _put_off_jobs(database: Path) -> None:
    """Let the demo's long jobs wait: every copy's worker would do them again."""
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.executemany(
            "UPDATE core_job SET available_at = datetime('now', '+1 day')"
            " WHERE state = 'queued' AND task = ?",
            [(task,) for task in LONG_JOBS],
        )


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, prepared: Path) -> Iterator[dict[str, Any]]:
    """Run the product as `make run` does, in a folder of its own; return the credentials of its demo."""
    folder: Path = tmp_path_factory.mktemp("served")
    shutil.copytree(prepared, folder, dirs_exist_ok=True)
    port = _free_port()
    server = subprocess.Popen(
        _manage("serve"), env=_environment(folder, port), cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None
        assert any(line.startswith("Ready at") for line in server.stdout), "the server ended"
        made = json.loads((folder / "demo-credentials.json").read_text())
        yield {**made, "url": f"http://127.0.0.1:{port}"}
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(timeout=30)


def _environment(folder: Path, port: int) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in OTHERS_SERVERS}
    return kept | {
        "DATA_DIR": str(folder),
        "PORT": str(port),
        "DJANGO_SETTINGS_MODULE": "supportadmin.settings",
    }


def _manage(*words: str) -> list[str]:
    return [sys.executable, str(ROOT / "manage.py"), *words]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def page_of(page: Page, served: dict[str, Any]) -> Callable[[str], Page]:
    """Return a browser page in which a demo role has signed in through the form."""

    def enter(role: str) -> Page:
        row = next(row for row in served["people"] if row["role"] == role)
        page.set_default_timeout(60_000)  # machines that run checks can be slow
        page.context.clear_cookies()
        page.goto(f"{served['url']}/admin/")
        page.fill("#id_username", row["username"])
        page.fill("#id_password", row["password"])
        page.keyboard.press("Enter")
        page.locator(".sa-page").wait_for()
        return page

    return enter


def user_of(demo: dict[str, Any], role: str) -> User:
    """Return the first demo user in ``role``."""
    row = next(row for row in demo["people"] if row["role"] == role)
    return User.objects.get(username=row["username"])


@pytest.fixture(scope="module")
def people(django_db_setup: None, django_db_blocker: Any) -> Iterator[People]:
    """Poison the test database once for the tests of a module; return who writes and who reviews."""
    with django_db_blocker.unblock():
        root, rene = (
            User.objects.create_user(name, is_staff=True, is_superuser=True) for name in ("root", "rene")
        )
        poison(root, rene)
        yield root, rene
        call_command("flush", verbosity=0, interactive=False)


@pytest.fixture
def root(
    people: People, db: None, sign_in: Callable[[User], Client], monkeypatch: pytest.MonkeyPatch
) -> Client:
    """Return a superuser's browser in which every list shows all of its rows at once."""
    monkeypatch.setattr(audience_tester, "PER_PAGE", ONE_LIST)
    for model_admin in admin.site._registry.values():
        monkeypatch.setattr(model_admin, "list_per_page", ONE_LIST, raising=False)
    return sign_in(people[0])
