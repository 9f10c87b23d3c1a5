"""Stand-ins of the outside systems, and actions configured on them through the services."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from core.actors import Actor
from integrations import outgoing
from runtime.actions import calling, reconciling, services
from runtime.actions.configuring import action_save, connection_save
from runtime.models import Action, Connection
from tests.integrations.stand_ins import systems
from tests.integrations.stand_ins.server import StandIn, running
from tests.integrations.stand_ins.systems import LinearBook, Receiver, Slack, Stripe, linear_answer

SYSTEM = Actor.system("test")
SECRETS = {
    "linear": systems.LINEAR_KEY,
    "slack": systems.SLACK_TOKEN,
    "stripe": systems.STRIPE_KEY,
    "webhook": systems.WEBHOOK_SECRET,
}
SETTINGS: dict[str, dict[str, Any]] = {
    "linear_create_issue": {"team_id": systems.TEAM_ID, "priority": "2"},
    "slack_post_message": {"channel": systems.CHANNEL},
    "webhook_send": {"event_type": "support.bug_reported"},
}


@pytest.fixture(autouse=True)
def quick(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this machine be asked, and everything wait less."""
    settings.ALLOW_LOOPBACK_ACTIONS = True
    monkeypatch.setattr(outgoing, "READ_SECONDS", 0.6)
    monkeypatch.setattr(calling, "PAUSES_SECONDS", (0.01,))
    monkeypatch.setattr(calling, "LEAST_SECONDS", 0.05)
    monkeypatch.setattr(services, "WAIT_SECONDS", 0.3)
    monkeypatch.setattr(reconciling, "ARRIVAL_SECONDS", 0)


@pytest.fixture
def book() -> LinearBook:
    return LinearBook(api_key=systems.LINEAR_KEY)


@pytest.fixture
def linear(book: LinearBook) -> Iterator[StandIn]:
    with running(linear_answer(book)) as found:
        found.slow_seconds = 1.0
        yield found


@pytest.fixture
def slack() -> Iterator[tuple[StandIn, Slack]]:
    channel = Slack()
    with running(channel.answer) as found:
        found.slow_seconds = 1.0
        yield found, channel


@pytest.fixture
def stripe() -> Iterator[StandIn]:
    with running(Stripe().answer) as found:
        found.slow_seconds = 1.0
        yield found
    assert found.methods <= {"GET"}, "something was written to Stripe"


@pytest.fixture
def receiver() -> Iterator[tuple[StandIn, Receiver]]:
    hook = Receiver()
    with running(hook.answer) as found:
        found.slow_seconds = 1.0
        yield found, hook


@pytest.fixture
def make_connection(db: None) -> Callable[..., Connection]:
    def make(system: str, url: str, *, secret: str = "", name: str = "", **fields: Any) -> Connection:
        connection = Connection(system=system, url=url, name=name or f"Our {system}", **fields)
        return connection_save(actor=SYSTEM, connection=connection, secret=secret or SECRETS[system])

    return make


@pytest.fixture
def make_action(make_connection: Callable[..., Connection]) -> Callable[..., Action]:
    """Configure an operation on a stand-in; its slug is the operation's name."""

    def make(operation: str, url: str, *, slug: str = "", parameters: Any = None, **settings: Any) -> Action:
        system = {"webhook_send": "webhook"}.get(operation, operation.partition("_")[0])
        connection = Connection.objects.filter(system=system).first() or make_connection(system, url)
        action = Action(
            slug=slug or operation,
            label=operation,
            connection=connection,
            operation=operation,
            settings=SETTINGS.get(operation, {}) | settings,
        )
        return action_save(actor=SYSTEM, action=action, parameters=parameters)

    return make
