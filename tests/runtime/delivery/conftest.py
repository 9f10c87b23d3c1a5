"""Destinations on stand-ins, handoffs that come about through real turns, and jobs that are done at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from core import jobs
from core.actors import Actor
from core.models import Job
from runtime.actions.configuring import connection_save
from runtime.contracts import Customer, TurnRequest
from runtime.delivery import sending
from runtime.delivery.configuring import destination_save
from runtime.models import ActionLedger, Connection, Handoff, HandoffDelivery, HandoffDestination
from runtime.services import turn_take
from tests.integrations.stand_ins import help_desks, systems
from tests.integrations.stand_ins.help_desks import Freshdesk, Zendesk
from tests.integrations.stand_ins.server import StandIn, running
from tests.integrations.stand_ins.systems import Receiver, Slack
from tests.runtime.actions.conftest import quick  # noqa: F401 - a fixture
from tests.runtime.conftest import ENGINES

SYSTEM = Actor.system("test")
SECRETS = {
    "zendesk": help_desks.ZENDESK_TOKEN,
    "freshdesk": help_desks.FRESHDESK_KEY,
    "slack": systems.SLACK_TOKEN,
    "webhook": systems.WEBHOOK_SECRET,
}
SETTINGS: dict[str, dict[str, Any]] = {
    "zendesk": {"priority": "high", "group_id": "77", "tags": ["billing"]},
    "freshdesk": {"priority": "high", "requester_email": help_desks.TEAM_ADDRESS},
    "slack": {"channel": systems.CHANNEL},
    "webhook": {},
}
ALL = ["queued", "accepted", "resolved", "returned"]


@pytest.fixture(autouse=True)
def known_address(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.PUBLIC_URL = "https://desk.example"
    monkeypatch.setattr(sending, "DELIVER_SECONDS", 1.5)


@pytest.fixture
def zendesk() -> Iterator[tuple[StandIn, Zendesk]]:
    yield from _served(Zendesk())


@pytest.fixture
def freshdesk() -> Iterator[tuple[StandIn, Freshdesk]]:
    yield from _served(Freshdesk())


@pytest.fixture
def slack() -> Iterator[tuple[StandIn, Slack]]:
    yield from _served(Slack())


@pytest.fixture
def receiver() -> Iterator[tuple[StandIn, Receiver]]:
    yield from _served(Receiver())


def _served(system: Any) -> Iterator[Any]:
    with running(system.answer) as found:
        found.slow_seconds = 1.0
        yield found, system


@pytest.fixture
def make_destination(rules: None) -> Callable[..., HandoffDestination]:
    """Make a destination, and its connection, through the services."""

    def make(kind: str, url: str, *, name: str = "", secret: str = "", **fields: Any) -> HandoffDestination:
        connection = Connection(
            system=kind,
            url=url,
            name=name or f"Our {kind}",
            settings={"account": help_desks.ZENDESK_ACCOUNT} if kind == "zendesk" else {},
        )
        connection_save(actor=SYSTEM, connection=connection, secret=secret or SECRETS[kind])
        fields = {"settings": SETTINGS[kind]} | fields
        if kind in ("slack", "webhook"):
            fields = {"events": ALL} | fields
        destination = HandoffDestination(name=name or kind, kind=kind, connection=connection, **fields)
        return destination_save(actor=SYSTEM, destination=destination)

    return make


def hand_over(text: str = "I want a human", **customer: Any) -> Handoff:
    request = TurnRequest(text, customer=Customer(**customer))
    result = turn_take(actor=SYSTEM, request=request, engines=ENGINES)
    return Handoff.objects.get(pk=result.handoff_id)


def work() -> None:
    """Do the jobs that are due, and nothing before its time."""
    jobs.run_due()


def later(**passed: Any) -> None:
    """Let time pass for everything that waits, then work."""
    ago = timedelta(**(passed or {"hours": 30}))
    for model, names in (
        (HandoffDelivery, ("due_at", "tried_since", "created_at")),
        (ActionLedger, ("look_at", "lease_until", "started_at", "created_at")),
        (Connection, ("open_until", "failed_at")),
    ):
        for row in model.objects.all():
            changes = {name: getattr(row, name) - ago for name in names if getattr(row, name)}
            model.objects.filter(pk=row.pk).update(**changes)
    Job.objects.filter(state=Job.State.QUEUED).update(available_at=timezone.now())
    jobs.run_due()


def states() -> list[tuple[str, str]]:
    return list(HandoffDelivery.objects.order_by("pk").values_list("event", "state"))
