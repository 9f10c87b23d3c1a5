"""In shadow nothing reaches anybody, whichever way a message came in and whatever the agent makes of it.

Every way out is guarded at once: the socket, our transport, the clients of Stripe and Slack, e-mail, the
ledger, handoffs and their deliveries, and the jobs that would send. The flows, actions, triggers and
destinations are real and switched on; live, each of these messages would go out, and a test shows that too.
"""

from __future__ import annotations

import smtplib
import socket
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core import jobs
from core.actors import Actor
from core.models import Job
from core.sealing import seal
from escalation.teams.contracts import AssignedTeam
from integrations import http_transport
from integrations.systems import OPERATIONS
from runtime import api, placement, tasks
from runtime.actions.services import action_run
from runtime.contracts import Customer, TurnRequest
from runtime.delivery.configuring import destination_save
from runtime.flows.services import flow_create
from runtime.inbound.configuring import source_save
from runtime.inbound.handling import event_handle
from runtime.models import (
    Action,
    ActionLedger,
    Connection,
    Conversation,
    Handoff,
    HandoffDelivery,
    HandoffDestination,
    HandoffMessage,
    InboundEvent,
    InboundSource,
    InboundThread,
    Turn,
)
from runtime.placement import Placement, Scope
from runtime.services import turn_take
from supportadmin import chat
from tests.integrations.signed import SECRETS, headers, raw, zendesk
from tests.integrations.stand_ins import systems
from tests.runtime.conftest import ENGINES, SYSTEM
from tests.runtime.flows import DONE, definition

pytestmark = [pytest.mark.row("5.2", "R59"), pytest.mark.django_db]
SENDING = ("runtime.tasks.deliver_handoff", "runtime.tasks.retry_action", "runtime.tasks.reconcile_actions")
SHADOW = Scope(7, "channel", "email", "shadow")
ASSIST = Scope(7, "channel", "email", "assist")
FULL = Scope(7, "channel", "email", "full")
HALTED = Scope(7, "channel", "email", "full", halted=True)
ELSEWHERE = Scope(7, "channel", "chat", "full")
# By what the made-up engines make of them, and by the real rules: see tests/runtime/conftest.py.
MESSAGES = {
    "an answer": "How do I export my data?",
    "a question back": "ambiguous",
    "out of scope": "excluded",
    "low confidence": "unsure",
    "no answer": "nothing",
    "a wish for a person": "I want to talk to a human being now.",
    "legal": "My lawyer will sue you over this.",
    "anger": "I am furious.",
    "a billing dispute": "You charged me 9,000 dollars twice, I dispute this charge.",
    "people only": "restricted matter",
    "an unknown intent": "unknown intent",
    "a broken model": "explode",
    "a broken index": "index broken",
    "a broken detector": "senseless",
    "two wishes": "How do I export my data? And I want to talk to a human.",
}


VALUES = {"email": "a@b.example", "customer_id": "cus_1", "invoice_number": "INV-1"}


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Write down every try to get out, and let none succeed."""
    tried: list[str] = []

    def caught(name: str) -> Callable[..., Any]:
        def call(*_: Any, **__: Any) -> Any:
            tried.append(name)
            raise OSError(f"no way out: {name}")

        return call

    monkeypatch.setattr(socket.socket, "connect", caught("socket"))
    monkeypatch.setattr(socket.socket, "connect_ex", caught("socket"))
    monkeypatch.setattr(socket, "create_connection", caught("socket"))
    monkeypatch.setattr(socket, "getaddrinfo", caught("name"))
    monkeypatch.setattr(http_transport, "_exchanged", caught("transport"))
    monkeypatch.setattr(smtplib.SMTP, "connect", caught("e-mail"))
    return tried


@pytest.fixture
def world(rules: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Switch on everything that could send: actions of every operation, flows, destinations, webhooks."""
    settings.ALLOW_LOOPBACK_ACTIONS = True
    settings.PUBLIC_URL = "https://desk.example"
    engines = replace(ENGINES, run_action=action_run)
    monkeypatch.setattr(api, "turn_take", partial(turn_take, engines=engines))
    monkeypatch.setattr(chat, "turn_take", partial(turn_take, engines=engines))
    monkeypatch.setattr(tasks, "event_handle", partial(event_handle, engines=engines))
    secrets = {
        "linear": systems.LINEAR_KEY,
        "slack": systems.SLACK_TOKEN,
        "stripe": systems.STRIPE_KEY,
        "webhook": systems.WEBHOOK_SECRET,
        "slack_webhook": "https://hooks.slack.com/services/T0/B0/x",
    }
    for name, operation in OPERATIONS.items():
        connection = Connection.objects.filter(system=operation.system).first()
        if connection is None:
            connection = Connection.objects.create(
                name=operation.system,
                system=operation.system,
                url="http://127.0.0.1:9",
                secret_sealed=seal(secrets[operation.system]),
                settings={"team_id": systems.TEAM_ID, "channel": systems.CHANNEL},
            )
        action = Action.objects.create(
            slug=name,
            label=operation.label,
            operation=name,
            effect=operation.effect,
            connection=connection,
            settings={"team_id": systems.TEAM_ID, "channel": systems.CHANNEL, "event_type": "support.bug"},
        )
        for one in operation.parameters:
            action.parameters.create(name=one.name, required=one.required, max_length=one.max_length)
    destination = HandoffDestination(
        name="Hook",
        kind="webhook",
        connection=Connection.objects.get(system="webhook"),
        events=["queued", "accepted", "resolved", "returned"],
        enabled=True,
    )
    destination_save(actor=SYSTEM, destination=destination)
    source_save(
        actor=SYSTEM,
        source=InboundSource(system="zendesk", name="Zendesk"),
        secret=SECRETS["zendesk"],
    )


@pytest.fixture
def scopes(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def run(*scopes: Scope) -> None:
        monkeypatch.setattr("runtime.services.placing.running_scopes", lambda: scopes)
        monkeypatch.setattr("runtime.inbound.messages.running_scopes", lambda: scopes)

    return run


def flow_of(operation: str) -> None:
    """Put a flow live that performs the operation with the customer's first words."""
    known = OPERATIONS[operation]
    arguments = {one.name: VALUES.get(one.name, "words") for one in known.parameters}
    steps = ({"id": "do", "kind": "act", "action": operation, "arguments": arguments}, DONE)
    flow = flow_create(actor=SYSTEM, intent="data_export", title=operation, definition=definition(*steps))
    flow.active_version, flow.state = flow.versions.get(), "active"
    flow.save()  # the intents of these tests are no rows


def by_api(text: str, bot: Any) -> None:
    first = bot.turn(text, channel="email")
    if not Conversation.objects.filter(pk=first["conversation_id"], state="open").exists():
        return
    bot.turn("yes", first["conversation_id"], channel="email")
    bot.turn("my.address@example.com", first["conversation_id"], channel="email")


def by_webhook(text: str, bot: Any) -> None:
    ticket = str(InboundThread.objects.count() + 1)
    for number, words in enumerate((text, "yes", "my.address@example.com")):
        comment = {"ticket_id": ticket, "comment_id": f"{ticket}-{number}", "text": words}
        body = raw(zendesk(**comment, at=f"2026-03-04T11:59:5{number}Z"))
        sent = headers("zendesk", body, at=timezone.now())
        answer = Client().post("/webhooks/zendesk", body, content_type="application/json", headers=sent)
        assert answer.status_code == 200
    jobs.run_due()


def by_service(text: str, bot: Any) -> None:
    conversation: UUID | None = None
    for words in (text, "yes", "my.address@example.com"):
        request = TurnRequest(
            words,
            conversation_id=conversation,
            channel="email",
            customer=Customer("c-1", tier="gold", verified=True),
        )
        engines = replace(ENGINES, run_action=action_run)
        result = turn_take(actor=Actor.system("replay"), request=request, engines=engines)
        conversation = result.conversation_id
        if result.handoff_id is not None:
            return


WAYS: dict[str, Callable[[str, Any], None]] = {
    "api": by_api,
    "webhook": by_webhook,
    "service": by_service,
}


def reached() -> dict[str, int]:
    """Return what would have reached somebody, by way."""
    sending = Job.objects.filter(task__in=SENDING)
    return {
        name: count
        for name, count in {
            "ledger": ActionLedger.objects.count(),
            "handoffs": Handoff.objects.count(),
            "deliveries": HandoffDelivery.objects.count(),
            "messages": HandoffMessage.objects.count(),
            "jobs": sending.count(),
            "e-mails": len(mail.outbox),
            "delivered": Turn.objects.filter(delivered=True).count(),
        }.items()
        if count
    }


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.usefixtures("world")
def test_in_shadow_no_message_reaches_anybody_by_any_way(scopes, bot, calls, way):
    scopes(SHADOW)
    for text in MESSAGES.values():
        WAYS[way](text, bot)
    jobs.run_due()
    assert Turn.objects.count() == 3 * len(MESSAGES)
    decisions = set(Turn.objects.values_list("decision", flat=True))
    assert decisions == {"answer", "clarify", "out_of_scope", "escalate"}
    assert set(Turn.objects.values_list("mode", "delivered", "pilot_id")) == {("shadow", False, 7)}
    assert (calls, reached()) == ([], {})
    assert set(Conversation.objects.values_list("state", flat=True)) == {"open"}


@pytest.mark.parametrize("stage", [SHADOW, ASSIST, HALTED, ELSEWHERE], ids=lambda s: f"{s.stage} {s.halted}")
@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.usefixtures("world")
def test_no_action_of_any_operation_is_done_before_the_agent_is_live(scopes, bot, calls, stage, operation):
    flow_of(operation)
    scopes(stage)
    bot.turn("I want to export", channel="email")
    jobs.run_due()
    turn = Turn.objects.get()
    acted = [] if stage in (HALTED, ELSEWHERE) else [(operation, "dry_run")]
    assert [(one["action"], one["state"]) for one in turn.actions] == acted
    assert (calls, ActionLedger.objects.count(), turn.delivered) == ([], 0, False)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.usefixtures("world")
def test_after_the_kill_switch_nothing_reaches_anybody_whatever_the_stage_was(scopes, bot, calls, way):
    scopes(HALTED)
    for text in MESSAGES.values():
        WAYS[way](text, bot)
    jobs.run_due()
    assert (calls, reached()) == ([], {})
    turns = set(Turn.objects.values_list("decision", "reply"))
    assert turns == (set() if way == "webhook" else {("not_in_pilot", "")})
    if way == "webhook":
        assert set(InboundEvent.objects.values_list("state", flat=True)) == {"ignored"}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.usefixtures("world")
def test_in_assist_no_reply_leaves_without_a_person(scopes, bot, calls, way):
    HandoffDestination.objects.update(enabled=False)  # calling a person is what assist may do
    scopes(ASSIST)
    for text in MESSAGES.values():
        WAYS[way](text, bot)
    assert Turn.objects.count() > len(MESSAGES)
    assert set(Turn.objects.values_list("mode", "delivered")) == {("assist", False)}
    assert (calls, ActionLedger.objects.count(), len(mail.outbox)) == ([], 0, 0)
    called = Turn.objects.filter(decision="escalate").count()
    assert Handoff.objects.count() == called > 0


@pytest.mark.usefixtures("world")
def test_off_hours_nobody_is_asked_for_an_address_in_shadow(scopes, bot, calls, monkeypatch):
    closed = AssignedTeam(id=None, name="Support", available=False)
    engines = replace(ENGINES, run_action=action_run, assign_team=lambda case, *, at: closed)
    monkeypatch.setattr(api, "turn_take", partial(turn_take, engines=engines))
    scopes(SHADOW)
    first = bot.turn("I want to talk to a human being.", channel="email")
    assert (first["decision"], first["handoff_id"], first["delivered"]) == ("escalate", None, False)
    bot.turn("my.address@example.com", first["conversation_id"], channel="email")
    jobs.run_due()
    assert (calls, reached()) == ([], {})


@pytest.mark.usefixtures("world")
def test_our_own_trial_in_the_chat_is_no_customers_and_takes_nothing_from_a_pilot(
    scopes, make_user, sign_in, calls
):
    scopes(SHADOW)
    client = sign_in(make_user("root", superuser=True))
    sent = {"text": "How do I export my data?"}
    answer = client.post(reverse("demo-chat-send"), sent, content_type="application/json")
    assert answer.status_code == 200
    assert Turn.objects.values_list("mode", "pilot_id").get() == ("live", None)
    assert (calls, ActionLedger.objects.count()) == ([], 0)


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("operation", ["linear_create_issue", "slack_post_message", "webhook_send"])
def test_live_the_same_messages_would_go_out(scopes, bot, calls, operation):
    """The guards are awake: what shadow holds back does knock at them."""
    flow_of(operation)
    scopes(FULL)
    bot.turn("I want to export", channel="email")
    bot.turn("I want to talk to a human being now.", channel="email")
    jobs.run_due()
    found = reached()
    assert calls
    assert {"ledger", "handoffs", "deliveries", "delivered"} <= set(found)


@pytest.fixture
def careless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Break the rule once: as if shadow were live."""
    shadow = placement._placed

    def live(scope: Scope, customer: str) -> Placement:
        return replace(shadow(scope, customer), mode="live")

    monkeypatch.setattr(placement, "_placed", live)


@pytest.mark.usefixtures("world", "careless")
def test_if_shadow_delivered_these_tests_would_see_it(scopes, bot, calls):
    flow_of("linear_create_issue")
    scopes(SHADOW)
    bot.turn("I want to export", channel="email")
    bot.turn("I want to talk to a human being now.", channel="email")
    jobs.run_due()
    assert "delivered" in reached()
    assert "handoffs" in reached()
    assert calls
