"""Pilots, and turns of theirs with the made-up classifier and knowledge base of the runtime's tests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.utils import timezone

from core.actors import Actor
from escalation.services import defaults_install
from pilot.drafts.collecting import drafts_collect
from pilot.models import Draft, Pilot
from runtime.contracts import Customer, TurnRequest
from runtime.models import Turn
from runtime.services import turn_take
from tests.runtime.conftest import ENGINES, actions_set_up  # noqa: F401 - a fixture

SYSTEM = Actor.system("test")


@pytest.fixture
def rules(db: None) -> None:
    defaults_install(actor=SYSTEM)


@pytest.fixture
def make_pilot(db: None) -> Callable[..., Pilot]:
    """Make a pilot on the channel "email" that runs in shadow mode, or with other fields."""

    def make(name: str = "E-mail first", **fields: Any) -> Pilot:
        now = timezone.now()
        usual: dict[str, Any] = {"state": "running", "started_at": now, "locked_at": now, "channel": "email"}
        return Pilot.objects.create(name=name, **(usual | fields))

    return make


@pytest.fixture
def make_draft(rules: None) -> Callable[..., Draft]:
    """Take a customer's message in the running pilot's scope and return its draft.

    The words are stage directions for the made-up engines ("How do I export?" is answered, "unsure" is not
    understood, "I'll sue you" escalates; see tests/runtime/conftest.py).
    """

    def make(
        text: str = "How do I export my data?",
        *,
        conversation_id: Any = None,
        channel: str = "email",
        at: datetime | None = None,
        **customer: Any,
    ) -> Draft:
        request = TurnRequest(
            text,
            conversation_id=conversation_id,
            channel=channel,
            customer=Customer(**customer, verified=bool(customer)),
        )
        result = turn_take(actor=SYSTEM, request=request, engines=ENGINES)
        if at is not None:
            Turn.objects.filter(pk=result.turn_id).update(created_at=at)
        drafts_collect()
        return Draft.objects.get(turn_id=result.turn_id)

    return make
