"""Which help desks can be asked, and with whose credentials: the environment's, which no row ever holds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.conf import settings

from core.errors import InvalidInput
from integrations.freshdesk_api import FreshdeskPull
from integrations.http_json import HelpDeskClient
from integrations.zendesk_api import ZendeskPull
from tickets.models import ImportBatch, Source
from tickets.services.pulling import Pull

VARIABLES: dict[str, tuple[str, ...]] = {
    Source.ZENDESK: ("ZENDESK_EMAIL", "ZENDESK_TOKEN"),
    Source.FRESHDESK: ("FRESHDESK_API_KEY",),
}
_READERS: dict[str, Callable[..., Pull]] = {
    Source.ZENDESK: ZendeskPull,
    Source.FRESHDESK: FreshdeskPull,
}


def missing_variables(source: str) -> tuple[str, ...]:
    """Return the environment's variables that a pull from this help desk needs and does not find."""
    return tuple(name for name in VARIABLES.get(source, ()) if not settings.HELP_DESK_CREDENTIALS.get(name))


def help_desk_client(source: str, address: str) -> HelpDeskClient:
    """Return who asks the help desk at ``address``; InvalidInput where that cannot be."""
    if source not in VARIABLES:
        raise InvalidInput(f"There is no API to pull from for {source}.", code="unknown_source")
    missing = missing_variables(source)
    if missing:
        raise InvalidInput(
            f"Set {' and '.join(missing)} in the environment of the server first; see docs/operator.md.",
            code="no_credentials",
        )
    found = settings.HELP_DESK_CREDENTIALS
    if source == Source.ZENDESK:
        user, secret = f"{found['ZENDESK_EMAIL']}/token", found["ZENDESK_TOKEN"]
    else:
        user, secret = found["FRESHDESK_API_KEY"], "X"  # Freshdesk takes the key as the user
    return HelpDeskClient(address, user, secret, allow_loopback=settings.ALLOW_LOOPBACK_HELP_DESK)


def open_pull(batch: ImportBatch) -> Pull:
    """Return the stream of tickets of a batch, from its cursor on."""
    client = help_desk_client(batch.source, batch.address)
    start: datetime = batch.window_start
    return _READERS[batch.source](client, start=start, cursor=batch.cursor)
