"""The pages of destinations and deliveries: who may, what is shown, and what is never shown."""

from __future__ import annotations

import json
import logging
from html import unescape
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from core.models import Activity
from runtime.actions.configuring import connection_test
from runtime.delivery import configuring
from runtime.models import ActionLedger, Connection, HandoffDelivery, HandoffDestination
from supportadmin.demo.push import destination_install
from supportadmin.roles import roles_sync
from tests.integrations.stand_ins import help_desks, server, systems
from tests.runtime.delivery.conftest import SYSTEM, hand_over, later, work

LIST, ADD = "/admin/runtime/handoffdestination/", "/admin/runtime/handoffdestination/add/"
DELIVERIES = "/admin/runtime/handoffdelivery/"


@pytest.fixture(autouse=True)
def roles(db: None) -> None:
    roles_sync()


@pytest.fixture
def admin(make_user, sign_in):
    return sign_in(make_user("ada", roles=("Admin",)))


@pytest.fixture
def lead(make_user, sign_in):
    return sign_in(make_user("lea", roles=("Support lead",)))


def form(connection: Connection, **changes: Any) -> dict[str, Any]:
    given = {"name": "Zendesk, Billing", "kind": "zendesk", "connection": str(connection.pk), "enabled": "on"}
    return given | {"events": ["queued"], "priority": "high", "group_id": "77", "tags": "vip"} | changes


def connect(client: Any, url: str) -> Connection:
    given = {"name": "Zendesk", "system": "zendesk", "url": url, "secret": help_desks.ZENDESK_TOKEN}
    given |= {"account": help_desks.ZENDESK_ACCOUNT, "enabled": "on", "calls_per_minute": "60"}
    answer = client.post("/admin/runtime/connection/add/", given)
    assert answer.status_code == 302, answer.content
    return Connection.objects.get()


@pytest.mark.row("4.16", "R46")
def test_from_the_token_to_the_ticket_nothing_shows_the_token(admin, lead, rules, zendesk, caplog):
    caplog.set_level(logging.DEBUG)
    stand_in, desk = zendesk
    connection = connect(admin, stand_in.url)
    answer = admin.post(ADD, form(connection))
    assert answer.status_code == 302, answer.content
    destination = HandoffDestination.objects.get()
    assert destination.settings == {"priority": "high", "group_id": "77", "tags": ["vip"]}
    stand_in.faults.extend([server.ERROR_BEFORE, server.GARBAGE_AFTER])
    handoff = hand_over()
    work()
    admin.post(f"/admin/runtime/connection/{connection.pk}/move/test/", {"_seen": ""})
    connection.refresh_from_db()
    assert connection.check_result == "Works: signed in as Helper."
    delivery = HandoffDelivery.objects.get()
    assert (delivery.state, len(desk.tickets)) == ("sent", 1)
    pages = [
        f"/admin/runtime/handoff/{handoff.pk}/change/",
        f"{DELIVERIES}{delivery.pk}/change/",
        DELIVERIES,
        f"{LIST}{destination.pk}/change/",
        f"{LIST}{destination.pk}/history/",
        LIST,
        f"/admin/runtime/connection/{connection.pk}/change/",
        f"/admin/runtime/actionledger/{ActionLedger.objects.get().pk}/change/",
        "/admin/runtime/actionledger/",
        "/admin/",
    ]
    for client in (admin, lead):
        for page in pages:
            shown = client.get(page)
            assert shown.status_code == 200, page
            assert help_desks.ZENDESK_TOKEN not in shown.content.decode(), page
    with database.cursor() as cursor:
        for table in database.introspection.table_names():
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - names from the database itself
            assert help_desks.ZENDESK_TOKEN not in str(cursor.fetchall()), table
    assert help_desks.ZENDESK_TOKEN not in caplog.text
    shown = lead.get(pages[0]).content.decode()
    assert f'href="{stand_in.url}/agent/tickets/1"' in shown


@pytest.mark.row("4.16")
def test_the_test_page_shows_exactly_what_is_then_sent_and_sends_it_once(admin, zendesk, make_destination):
    stand_in, desk = zendesk
    destination = make_destination("zendesk", stand_in.url)
    page = f"{LIST}{destination.pk}/move/test/"
    shown = admin.get(page)
    body = json.dumps(configuring.test_payload(destination)["body"], indent=2, ensure_ascii=False)
    assert body in unescape(shown.content.decode())
    assert stand_in.requests == []
    seen = {"_seen": shown.context["seen"]}
    assert admin.post(page, seen).status_code == 302
    assert stand_in.requests[0].json == json.loads(body)
    again = admin.post(page, seen)  # the button pressed twice
    assert (again.status_code, len(desk.tickets)) == (409, 1)
    assert "Works: Zendesk ticket 1." in admin.get(f"{LIST}{destination.pk}/change/").content.decode()


def test_a_test_that_does_not_arrive_says_why(admin, zendesk, make_destination):
    stand_in, _ = zendesk
    destination = make_destination("zendesk", stand_in.url, secret="wrong")
    page = f"{LIST}{destination.pk}/move/test/"
    answer = admin.post(page, {"_seen": admin.get(page).context["seen"]})
    assert answer.status_code == 503
    assert "Zendesk refuses the account or its token." in answer.content.decode()


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"events": ["queued", "resolved"]}, "events", "of nothing else"),
        ({"kind": "slack"}, "connection", "Choose a connection to Slack"),
        ({"group_id": "Billing"}, "group_id", "Enter a valid value"),
        ({"events": []}, "events", "required"),
        ({"tags": "a,b"}, None, "Tags are words"),
    ],
)
def test_a_destination_that_is_not_sound_is_refused_at_its_field(changes, field, words, admin, zendesk):
    connection = connect(admin, zendesk[0].url)
    answer = admin.post(ADD, form(connection, **changes))
    assert answer.status_code == 200
    errors = answer.context["adminform"].form.errors
    assert words in str(errors[field or "__all__"])
    assert HandoffDestination.objects.count() == 0


def test_zendesk_needs_the_account_of_its_token_and_knows_a_wrong_one(admin, zendesk, make_destination):
    given = {"name": "Z", "system": "zendesk", "url": "https://acme.zendesk.com", "secret": "token123"}
    answer = admin.post("/admin/runtime/connection/add/", given | {"calls_per_minute": "60"})
    assert "e-mail address" in str(answer.context["adminform"].form.errors["account"])
    row = make_destination("zendesk", zendesk[0].url, secret="wrong").connection
    with pytest.raises(Exception, match="does not know this account and token"):
        connection_test(actor=SYSTEM, connection=row)


def test_freshdesk_is_asked_whom_the_key_belongs_to(freshdesk, make_destination):
    row = make_destination("freshdesk", freshdesk[0].url).connection
    connection_test(actor=SYSTEM, connection=row)
    assert row.check_result == "Works: signed in as Helper."
    assert freshdesk[1].tickets == []


@pytest.mark.row("4.16")
def test_a_lead_sees_what_failed_and_has_it_sent_again(lead, zendesk, make_destination):
    stand_in, desk = zendesk
    desk.groups = ()
    make_destination("zendesk", stand_in.url)
    handoff = hand_over()
    work()
    delivery = HandoffDelivery.objects.get()
    shown = lead.get(f"/admin/runtime/handoff/{handoff.pk}/change/").content.decode()
    assert "Group: is invalid" in shown
    assert f"{DELIVERIES}{delivery.pk}/change/" in shown
    assert "1 message has not reached another system" in lead.get("/admin/").content.decode()
    desk.groups = (77,)
    page = f"{DELIVERIES}{delivery.pk}/move/retry/"
    assert "ai_handoff" in lead.get(page).content.decode()  # what will be sent
    assert lead.post(page, {"_seen": ""}).status_code == 302
    work()
    assert HandoffDelivery.objects.get().state == "sent"
    assert "has not reached" not in lead.get("/admin/").content.decode()


def test_many_are_sent_again_at_once_and_each_says_what_became_of_it(lead, zendesk, make_destination):
    stand_in, desk = zendesk
    desk.groups = ()
    make_destination("zendesk", stand_in.url)
    for _ in range(3):
        hand_over()
    work()
    desk.groups = (77,)
    ids = list(HandoffDelivery.objects.order_by("pk").values_list("pk", flat=True))
    HandoffDelivery.objects.filter(pk=ids[0]).update(state="waiting", due_at=None)
    answer = lead.post(DELIVERIES, {"action": "send_again", "_selected_action": ids}, follow=True)
    told = [str(message) for message in answer.context["messages"]]
    assert told[1:] == [f"Delivery {pk} is being sent." for pk in ids[1:]]
    assert told[0] == f"Delivery {ids[0]} has not failed; there is nothing to send again."
    work()
    assert len(desk.tickets) == 2


def test_an_unknown_outcome_is_settled_on_its_page(lead, slack, make_destination):
    stand_in, channel = slack
    channel.may_read = False
    make_destination("slack", stand_in.url)
    stand_in.faults.append(server.RESET_AFTER)
    hand_over()
    work()
    delivery = HandoffDelivery.objects.get()
    page = lead.get(f"{DELIVERIES}{delivery.pk}/change/").content.decode()
    for words in ("Look now", "It is there", "It is not there"):
        assert words in page
    settled = lead.post(f"{DELIVERIES}{delivery.pk}/move/done/", {"_seen": "", "note": "I see it"})
    assert settled.status_code == 302
    assert HandoffDelivery.objects.get().state == "sent"


@pytest.mark.row("R1")
@pytest.mark.parametrize(
    ("role", "view", "change", "retry"),
    [
        ("Admin", 200, True, True),
        ("Support lead", 200, False, True),
        ("Tagger", 403, False, False),
        ("KB owner", 403, False, False),
        ("Reviewer", 403, False, False),
    ],
)
def test_admins_configure_and_leads_send_again(
    role, view, change, retry, make_user, sign_in, zendesk, make_destination
):
    stand_in, desk = zendesk
    desk.groups = ()
    destination = make_destination("zendesk", stand_in.url)
    handoff = hand_over()
    work()
    delivery = HandoffDelivery.objects.get()
    requests = len(stand_in.requests)
    client = sign_in(make_user("someone", roles=(role,)))
    assert client.get(LIST).status_code == view
    assert client.get(f"/admin/runtime/handoff/{handoff.pk}/change/").status_code == 200
    assert client.get(f"{DELIVERIES}{delivery.pk}/change/").status_code == 200
    assert client.get(ADD).status_code == (200 if change else 403)
    test = client.post(f"{LIST}{destination.pk}/move/test/", {"_seen": "?"})
    assert test.status_code == (409 if change else 403)
    again = client.post(f"{DELIVERIES}{delivery.pk}/move/retry/", {"_seen": ""})
    assert again.status_code == (302 if retry else 403)
    assert HandoffDelivery.objects.get().state == ("waiting" if retry else "failed")
    assert len(stand_in.requests) == requests
    for page in (f"{LIST}{destination.pk}/delete/", f"{DELIVERIES}{delivery.pk}/delete/"):
        assert client.post(page, {"post": "yes"}).status_code == 403
    assert client.get(f"{DELIVERIES}add/").status_code == 403
    assert Activity.objects.filter(verb="handoffdelivery.retried").count() == retry


@pytest.mark.parametrize("page", [LIST, DELIVERIES])
def test_the_lists_ask_equally_often_for_three_and_thirty_rows(page, admin, receiver, make_destination):
    def fill(first: int, count: int) -> None:
        for number in range(first, first + count):
            make_destination("webhook", receiver[0].url, name=f"hook {number}")
        hand_over()

    def asked() -> int:
        with CaptureQueriesContext(
            database,
        ) as queries:
            assert admin.get(page).status_code == 200
        return len(queries)

    fill(0, 3)
    admin.get(page)
    few = asked()
    fill(3, 27)
    assert asked() == few
    assert HandoffDelivery.objects.count() == 33


def test_empty_lists_say_the_next_step(admin, lead):
    assert "Add a connection to Zendesk" in admin.get(LIST).content.decode()
    assert "An administrator can add" in lead.get(LIST).content.decode()
    assert "Once there is a handoff destination" in lead.get(DELIVERIES).content.decode()


def test_a_destination_that_was_switched_off_by_itself_says_so_until_it_is_on_again(
    admin, receiver, make_destination
):
    stand_in, hook = receiver
    destination = make_destination("webhook", stand_in.url)
    hook.secret = systems.WEBHOOK_SECRET[:-4] + "AAAA"
    hand_over()
    work()
    for _ in range(5):
        later(hours=15)
    assert "switched off by itself" in admin.get(LIST).content.decode()
    assert "1 handoff destination has been switched off" in admin.get("/admin/").content.decode()
    given = {"name": "webhook", "connection": str(destination.connection_id), "enabled": "on"}
    answer = admin.post(f"{LIST}{destination.pk}/change/", given | {"events": ["queued"], "kind": "webhook"})
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    destination.refresh_from_db()
    assert (destination.enabled, destination.disabled_because) == (True, "")


def test_the_demo_has_a_destination_that_waits_for_its_slack_to_be_connected(admin):
    connection = Connection.objects.create(
        name="Slack", system="slack", settings={"channel": "C0SUPPORT1"}, enabled=False
    )
    for _ in range(2):
        destination_install(admin=SYSTEM)
    destination = HandoffDestination.objects.get()
    assert (destination.enabled, destination.connection) == (False, connection)
    assert "C0SUPPORT1" in admin.get(f"{LIST}{destination.pk}/move/test/").content.decode()


def test_a_call_that_tells_of_a_handoff_is_named_in_the_list_of_calls(lead, zendesk, make_destination):
    make_destination("zendesk", zendesk[0].url)
    hand_over()
    work()
    assert "Zendesk: open a ticket" in lead.get("/admin/runtime/actionledger/").content.decode()
