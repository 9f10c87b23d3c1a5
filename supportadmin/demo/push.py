"""A destination for the demo's handoffs: it waits, switched off, for whoever connects the demo's Slack."""

from __future__ import annotations

from core.actors import Actor
from integrations.handoff_notice import ACCEPTED, QUEUED, RESOLVED
from runtime.delivery.configuring import destination_save
from runtime.models import Connection, HandoffDestination

NAME = "Slack, handoffs"
CHANNEL = "C0123ABCD"  # until theirs is entered


def destination_install(*, admin: Actor) -> None:
    """Make it where there is a Slack connection and none of that name yet."""
    connection = Connection.objects.filter(system=Connection.System.SLACK).order_by("pk").first()
    if connection is None or HandoffDestination.objects.filter(name=NAME).exists():
        return
    destination = HandoffDestination(
        name=NAME,
        kind=HandoffDestination.Kind.SLACK,
        connection=connection,
        settings={} if connection.settings.get("channel") else {"channel": CHANNEL},
        events=[QUEUED, ACCEPTED, RESOLVED],
        enabled=False,
    )
    destination_save(actor=admin, destination=destination)
