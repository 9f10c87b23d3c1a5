"""Who may reach which address: every URL pattern × method × role, as in the committed permission_matrix.csv.

After a wanted change: ``WRITE_MATRIX=1 make test TESTS=tests/test_permission_matrix.py``, then read the diff.
Verdicts: ``yes`` (the view ran), ``login`` (sent to sign in), and the refusals 401, 403, 404, 405.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterator
from http.cookies import SimpleCookie
from pathlib import Path

import pytest
from django.contrib import admin
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from core.actors import Actor
from core.admin_transitions import TransitionMixin
from core.api_keys import api_key_create
from core.models import ApiKey, Job, User
from supportadmin.roles import GROUPS, roles_sync

MATRIX = Path(__file__).parent / "permission_matrix.csv"
ANONYMOUS, ROOT = "anonymous", "superuser"
PEOPLE = [*GROUPS, ROOT]
KEYS = {f"key:{scope}": scope for scope in ApiKey.Scope.values}
ROLES = [ANONYMOUS, *PEOPLE, *KEYS]
REFUSALS = (401, 403, 404, 405)
PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>[^()]*\)")


def patterns(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Walk every pattern below the resolver, with its whole route."""
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield route, pattern
        else:
            yield from patterns(pattern, route)


def addresses(route: str) -> list[str]:
    """Return addresses to call for a route: one for each button of an admin page, else one."""
    owner = re.match(r"admin/(\w+)/(\w+)/", route)
    model_admin = _admin_of(*owner.groups()) if owner else None
    values = {"app_label": "core", "url": "nowhere/", "slug": "none", "pk": "1", "id": "1", "object_id": "1"}
    if model_admin is not None:
        first = model_admin.model._base_manager.order_by("pk").values_list("pk", flat=True).first()
        values["object_id"] = values["id"] = str(first or "1")
    names = ["none"]
    if "/move/" in route and isinstance(model_admin, TransitionMixin):
        names = [transition.name for transition in model_admin.transitions]
    return [_filled(route, {**values, "name": name}) for name in names]


def _admin_of(app_label: str, model_name: str) -> admin.ModelAdmin | None:
    for model, model_admin in admin.site._registry.items():
        if (model._meta.app_label, model._meta.model_name) == (app_label, model_name):
            return model_admin
    return None


def _filled(route: str, values: dict[str, str]) -> str:
    plain = PARAMETER.sub(lambda found: values.get(found[1] or found[2], "1"), route)
    return "/" + plain.replace("^", "").replace("$", "").replace("\\", "")


def row_name(route: str, address: str) -> str:
    """Name a row by its route, with the button's name where there is one."""
    route = re.sub(r"\^?\(\?P(<\w+>)[^()]*\)|\$", r"\1", route)
    return (
        re.sub(r"<slug:name>", address.rstrip("/").rsplit("/", 1)[-1], route) if "/move/" in route else route
    )


@pytest.fixture
def clients(db: None) -> dict[str, Client]:
    """Return one signed-in client a role, over a workspace with a row of each of core's models."""
    roles_sync()
    made = {ANONYMOUS: Client(raise_request_exception=False)}
    for name in PEOPLE:
        user = User.objects.create_user(
            name.replace(" ", "-").lower(), is_staff=True, is_superuser=name == ROOT
        )
        if name in GROUPS:
            user.groups.set(user.groups.model.objects.filter(name=name))
        made[name] = Client(raise_request_exception=False)
        made[name].force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    for name, scope in KEYS.items():
        _, clear = api_key_create(actor=Actor.system("tests"), name=name, scopes=[scope])
        made[name] = Client(headers={"authorization": f"Api-Key {clear}"}, raise_request_exception=False)
    Job.objects.create(task="tests.none", state=Job.State.FAILED)
    return made


def verdict(client: Client, method: str, address: str) -> str:
    """Call the address, take back what it wrote, and say what came of it."""
    cookies = SimpleCookie(client.cookies.output(header="", sep=";"))
    with transaction.atomic():
        answer = client.generic(method, address)
        transaction.set_rollback(True)
    client.cookies = cookies
    assert answer.status_code < 500 or answer.status_code == 503, f"{method} {address}: {answer.status_code}"
    if answer.status_code in REFUSALS:
        return str(answer.status_code)
    to_login = answer.status_code == 302 and "/admin/login/" in answer["Location"]
    return "login" if to_login else "yes"


@pytest.mark.row("8.1", "R1", "R2")
@pytest.mark.timeout(600)
def test_every_address_opens_to_exactly_the_roles_in_the_committed_matrix(clients: dict[str, Client]) -> None:
    found = []
    for route, _ in patterns(get_resolver()):
        methods = (
            ("GET", "POST", "PUT", "PATCH", "DELETE") if route.startswith("api/v1/") else ("GET", "POST")
        )
        for address in addresses(route):
            for method in methods:
                verdicts = [verdict(clients[role], method, address) for role in ROLES]
                found.append([method, row_name(route, address), *verdicts])
    found.sort(key=lambda row: (row[1], row[0]))
    table = [["method", "route", *ROLES], *found]
    if os.environ.get("WRITE_MATRIX"):
        with MATRIX.open("w", newline="") as stream:
            csv.writer(stream).writerows(table)
    with MATRIX.open(newline="") as stream:
        committed = list(csv.reader(stream))
    changed = [row for row in table if row not in committed] + [
        ["GONE", *row] for row in committed if row not in table
    ]
    assert changed == []


@pytest.mark.row("8.1")
def test_the_committed_matrix_keeps_what_must_never_change() -> None:
    with MATRIX.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        if row["route"].startswith("api/v1/"):
            assert row[ANONYMOUS] in ("401", "405"), row
            assert all(row[role] == row[ANONYMOUS] for role in PEOPLE), row  # a session does not open the API
        elif row["route"].startswith("admin/core/"):
            assert row[ANONYMOUS] == "login", row
            assert row["Tagger"] in ("403", "404") or row["route"].endswith("<path:object_id>/"), row
        if "/activity/" in row["route"] and ("/add/" in row["route"] or "/delete/" in row["route"]):
            assert row[ROOT] == "403", row
        if "publish" in row["route"] and "policy" not in row["route"]:
            assert row["Tagger"] == "403", row
