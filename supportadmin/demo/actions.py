"""The demo company's connections and actions, made through the services as people make them."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from core.actors import Actor
from runtime.actions.configuring import action_save, connection_save
from runtime.models import Action, Connection
from supportadmin.demo.content import read_actions

STAND_IN_SECRET = "stand-in"  # noqa: S105  # nosec B105 - scripts/stand_in_linear.py takes any


def actions_install(*, admin: Actor, lead: Actor) -> int:
    """Make what is not there yet; return how many actions there are.

    Connections wait, disabled, for a secret; where this machine may be asked, Linear is the local stand-in.
    """
    content = read_actions()
    for row in content["connections"]:
        if not Connection.objects.filter(name=row["name"]).exists():
            _connection(admin, row)
    for row in content["actions"]:
        if not Action.objects.filter(slug=row["slug"]).exists():
            connection = Connection.objects.get(name=row["connection"])
            action = Action(
                slug=row["slug"],
                label=row["label"],
                description=row["description"],
                operation=row["slug"],
                connection=connection,
                settings=row["settings"],
            )
            action_save(actor=lead, action=action)
    return len(content["actions"])


def _connection(admin: Actor, row: dict[str, Any]) -> None:
    connection = Connection(name=row["name"], system=row["system"], settings=row["settings"], enabled=False)
    secret = None
    if settings.ALLOW_LOOPBACK_ACTIONS and "stand_in" in row:
        connection.url, connection.enabled, secret = row["stand_in"], True, STAND_IN_SECRET
    connection_save(actor=admin, connection=connection, secret=secret)
