"""Which outside systems there are, what can be done in each, and how a connection to one is checked."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from core.errors import InvalidInput
from integrations import (
    freshdesk_write,
    handoff_slack,
    handoff_webhook,
    linear,
    signed_webhook,
    slack,
    stripe_read,
    zendesk_write,
)
from integrations.handoff_notice import HandoffOperation
from integrations.http_transport import Origin, is_loopback, split_url
from integrations.outgoing import Access, Operation, Performable


@dataclass(frozen=True, slots=True)
class System:
    """One outside system.

    ``base_url`` is empty where the connection's own address is used; ``secret_label`` says what the secret
    is; ``check_secret`` raises InvalidInput; ``test(access, deadline)`` asks a harmless question and returns
    what it has shown, or raises Unavailable. ``host``: where the address is the customer's own, the domain
    that it must be under.
    """

    name: str
    label: str
    base_url: str
    secret_label: str
    check_secret: Callable[[str, Access], None]
    test: Callable[[Access, float], str]
    test_describes: str
    host: str = ""


def _any(secret: str, access: Access) -> None:
    if not secret.isascii() or any(sign.isspace() for sign in secret):
        raise InvalidInput(
            "The secret must be one word of plain letters, digits and signs.", code="bad_secret"
        )


def _stripe(secret: str, access: Access) -> None:
    _any(secret, access)
    if not secret.startswith(stripe_read.KEY_PREFIXES):
        message = "A restricted key of Stripe begins with rk_. Give it leave to read, and nothing else."
        raise InvalidInput(message, code="bad_secret")


def _zendesk(secret: str, access: Access) -> None:
    _any(secret, access)
    if not freshdesk_write.EMAIL.fullmatch(access.user):
        message = "Enter the e-mail address of the Zendesk account that the token is used with."
        raise InvalidInput(message, code="missing_account")


SYSTEMS: Mapping[str, System] = {
    system.name: system
    for system in (
        System(
            linear.SYSTEM,
            "Linear",
            linear.BASE_URL,
            "API key (Settings → Security & access → Personal API keys)",
            _any,
            lambda access, deadline: f"signed in as {linear.viewer_name(access, deadline=deadline)}",
            "Linear is asked who the key belongs to. Nothing is created.",
        ),
        System(
            stripe_read.SYSTEM,
            "Stripe (read only)",
            stripe_read.BASE_URL,
            "Restricted key with leave to read customers, invoices, charges, subscriptions and disputes",
            _stripe,
            lambda access, deadline: stripe_read.account_reads(access, deadline=deadline),
            "Stripe is asked for one customer. Nothing can be written: only GET leaves this product.",
        ),
        System(
            slack.SYSTEM,
            "Slack (bot token)",
            slack.BASE_URL,
            "Bot token xoxb-… with chat:write; with channels:history unclear posts are looked up",
            _any,
            lambda access, deadline: f"signed in as {slack.team_name(access, deadline=deadline)}",
            "Slack is asked whom the token belongs to (auth.test). Nothing is posted.",
        ),
        System(
            slack.WEBHOOK_SYSTEM,
            "Slack (incoming webhook)",
            slack.WEBHOOK_BASE_URL,
            "Address of the incoming webhook: whoever has it may post",
            lambda secret, access: slack.check_webhook_address(access),
            lambda access, deadline: _webhook_looks_right(access),
            "An incoming webhook answers no questions: only the form of its address is checked.",
        ),
        System(
            signed_webhook.SYSTEM,
            "Webhook (signed)",
            "",
            "Signing secret whsec_… (Standard Webhooks); two, separated by a space, while you replace one",
            lambda secret, access: signed_webhook.check_secret(secret),
            lambda access, deadline: signed_webhook.ping(access, key=str(uuid.uuid4()), deadline=deadline),
            "A signed message of type support.ping goes to the address.",
        ),
        System(
            zendesk_write.SYSTEM,
            "Zendesk",
            "",
            "API token (Admin Center → Apps and integrations → APIs), used with the account below",
            _zendesk,
            lambda access, deadline: f"signed in as {zendesk_write.account_name(access, deadline=deadline)}",
            "Zendesk is asked whom the token belongs to. Nothing is created.",
            zendesk_write.HOST,
        ),
        System(
            freshdesk_write.SYSTEM,
            "Freshdesk",
            "",
            "API key (Profile settings) of an agent who may create tickets",
            _any,
            lambda access, deadline: f"signed in as {freshdesk_write.agent_name(access, deadline=deadline)}",
            "Freshdesk is asked whom the key belongs to. Nothing is created.",
            freshdesk_write.HOST,
        ),
    )
}
_ALL: tuple[Operation, ...] = (
    *linear.OPERATIONS,
    *stripe_read.OPERATIONS,
    *slack.OPERATIONS,
    *signed_webhook.OPERATIONS,
)
OPERATIONS: Mapping[str, Operation] = {operation.name: operation for operation in _ALL}
_TELLING: tuple[HandoffOperation, ...] = (
    *zendesk_write.OPERATIONS,
    *freshdesk_write.OPERATIONS,
    *handoff_slack.OPERATIONS,
    *handoff_webhook.OPERATIONS,
)
# How each system is told of handoffs, by the system's name.
HANDOFF_OPERATIONS: Mapping[str, HandoffOperation] = {operation.system: operation for operation in _TELLING}
# Whatever the ledger of calls may hold, by the operation's name.
PERFORMABLE: Mapping[str, Performable] = {
    **OPERATIONS,
    **{operation.name: operation for operation in _TELLING},
}


def check_base_url(system: str, url: str, *, allow_loopback: bool) -> None:
    """Raise InvalidInput unless the address is the system's own, or this machine's where that is allowed.

    A webhook may be anywhere public. The key of a known system goes to that system and to nobody else.
    """
    known = SYSTEMS[system]
    Origin.of(url, allow_loopback=allow_loopback, name=known.label)
    if known.base_url and url != known.base_url and not is_loopback(split_url(url).hostname or ""):
        raise InvalidInput(f"{known.label} is asked at {known.base_url} only.", code="bad_address")
    parts = split_url(url)
    host = (parts.hostname or "").lower().rstrip(".")
    more = parts.path not in ("", "/") or parts.query or parts.port
    if known.host and not is_loopback(host) and (more or not host.endswith(f".{known.host}")):
        message = f"The address is https://….{known.host}, a host and nothing more."
        raise InvalidInput(message, code="bad_address")


def _webhook_looks_right(access: Access) -> str:
    slack.check_webhook_address(access)
    return "the address looks right; it was not asked"
