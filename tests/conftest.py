"""Fixtures that every package's tests share, and the guards around all of them."""

from __future__ import annotations

import ipaddress
import os
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.cache import cache
from django.core.management.base import CommandError
from django.db import OperationalError, connection
from django.test import Client, TransactionTestCase
from django.utils import timezone
from playwright.sync_api import Error as PlaywrightError
from rest_framework.test import APIClient

from core import activity_guard
from core.actors import Actor
from core.api_keys import api_key_create
from core.models import User
from pilot import evidence_guard as pilot_guard
from tickets import evidence_guard

LONG = (
    "tests/supportadmin/*",
    "tests/test_permission_matrix.py",
    "tests/tickets/test_command.py",
    "*/test_*browser.py",
)
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM = next((path for name in CHROMIUM_NAMES if (path := shutil.which(name))), None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest; skip browser tests, and say why, where there is no Chromium.

    A run ends when its last file does, so a process that gets a long one last keeps the others waiting.
    """
    items.sort(key=lambda item: not any(item.path.match(pattern) for pattern in LONG))
    if CHROMIUM is None:
        skip = pytest.mark.skip(
            reason=f"BROWSER TEST NOT RUN: no Chromium ({', '.join(CHROMIUM_NAMES)}) in PATH"
        )
        for item in items:
            if item.get_closest_marker("browser"):
                item.add_marker(skip)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[Any]:
    """Say what the browser showed when its test failed."""
    report = yield
    page = getattr(item, "funcargs", {}).get("page")
    if report.failed and page is not None and not page.is_closed():
        try:
            shown = page.locator("body").inner_text(timeout=5_000)
        except PlaywrightError as error:
            shown = f"(not readable: {error.message})"
        report.sections.append(("Page", f"{page.url}\n{shown[:2000]}"))
    return report


@pytest.fixture(scope="session", autouse=True)
def only_loopback() -> Iterator[None]:
    """Refuse every connection that would leave this machine."""
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def guarded(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(self: socket.socket, address: Any) -> Any:
            if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_loopback(address[0]):
                raise AssertionError(f"A test tried to reach {address[0]}; nothing may leave this machine.")
            return original(self, address)

        return call

    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", guarded(connect))
    patch.setattr(socket.socket, "connect_ex", guarded(connect_ex))
    yield
    patch.undo()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Let SQLite's flush between tests empty append-only tables; their guards have tests of their own."""
    with django_db_blocker.unblock():
        if connection.vendor == "sqlite":
            for guard in (activity_guard.GUARD, *evidence_guard.GUARDS, *pilot_guard.GUARDS):
                guard.remove(connection)


@pytest.fixture(scope="session", autouse=True)
def emptied_once_more_after_a_deadlock() -> Iterator[None]:
    """Empty the tables again where a browser's last request still reads them on PostgreSQL."""
    cases: Any = TransactionTestCase
    empty = cases._fixture_teardown

    def patient(self: Any) -> None:
        for pause in (0.5, 2.0):
            try:
                empty(self)
            except CommandError as error:
                if not isinstance(error.__cause__, OperationalError):
                    raise
                time.sleep(pause)
            else:
                return
        empty(self)

    patch = pytest.MonkeyPatch()
    patch.setattr(TransactionTestCase, "_fixture_teardown", patient)
    yield
    patch.undo()


@pytest.fixture(autouse=True)
def empty_cache() -> None:
    """Forget throttle counts and locks between tests."""
    cache.clear()


@pytest.fixture
def make_user(db: None) -> Callable[..., User]:
    """Make a member of staff with permissions ("app.codename"), roles (group names), or a superuser."""

    def make(
        username: str = "kim", *permissions: str, roles: tuple[str, ...] = (), superuser: bool = False
    ) -> User:
        user = User.objects.create_user(username, is_staff=True, is_superuser=superuser)
        user.groups.set([Group.objects.get(name=role) for role in roles])
        for permission in permissions:
            app_label, codename = permission.split(".")
            user.user_permissions.add(
                Permission.objects.get(content_type__app_label=app_label, codename=codename)
            )
        return user

    return make


@pytest.fixture
def sign_in() -> Callable[[User], Client]:
    """Return a browser in which the user is signed in."""

    def enter(user: User) -> Client:
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return enter


@pytest.fixture
def api(db: None) -> Callable[..., APIClient]:
    """Return an API client whose key has the given scopes."""

    def make(*scopes: str, name: str = "", requests_per_minute: int = 3000) -> APIClient:
        key, clear = api_key_create(
            actor=Actor.system("tests"),
            name=name or f"key {'+'.join(scopes)}",
            scopes=scopes,
            expires_at=timezone.now() + timedelta(days=1),
            requests_per_minute=requests_per_minute,
        )
        client = APIClient(headers={"authorization": f"Api-Key {clear}"})
        client.key, client.clear = key, clear  # type: ignore[attr-defined]
        return client

    return make


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Have Playwright use the system's Chromium."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright keeps an event loop in the test's thread
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": ["--no-sandbox"]}
