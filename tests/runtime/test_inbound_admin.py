"""Sources and events in the admin: an address to paste, a secret that is never shown, what came of it."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from core.models import Activity
from runtime.inbound.configuring import source_save
from runtime.models import Conversation, InboundEvent, InboundSource, InboundThread, Turn
from supportadmin.roles import roles_sync
from tests.integrations.signed import SECRETS
from tests.runtime.conftest import SYSTEM
from tests.runtime.measured import turn

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def roles(db: None) -> None:
    roles_sync()


SOURCES = "admin:runtime_inboundsource"
EVENTS = "admin:runtime_inboundevent"


def source(system: str = "zendesk", **fields: Any) -> InboundSource:
    made = InboundSource(**{"system": system, "name": f"Our {system}", **fields})
    return source_save(actor=SYSTEM, source=made, secret=SECRETS[system])


def event(of: InboundSource, number: int = 1, state: str = "ignored", **fields: Any) -> InboundEvent:
    usual = {
        "external_id": f"comment:{number}",
        "name": "comment",
        "kind": "message",
        "state": state,
        "reason": "No pilot runs.",
        "occurred_at": timezone.now(),
    }
    return InboundEvent.objects.create(source=of, **(usual | fields))


def page(client: Any, name: str, *args: Any, **query: str) -> str:
    response = client.get(reverse(name, args=args), query)
    assert response.status_code == 200
    return response.content.decode()


def test_an_administrator_adds_a_source_and_finds_the_address_to_paste(make_user, sign_in, settings):
    settings.PUBLIC_URL = "https://desk.example"
    client = sign_in(make_user("ada", roles=("Admin",)))
    assert "Add Zendesk or Chatwoot" in page(client, f"{SOURCES}_changelist")
    fields = {"name": "Zendesk", "system": "zendesk", "enabled": "on", "events_per_minute": "600"}
    refused = client.post(reverse(f"{SOURCES}_add"), fields | {"secret": "short"})
    assert "more than 16 characters" in refused.content.decode()
    assert "Enter the secret." in client.post(reverse(f"{SOURCES}_add"), fields).content.decode()
    assert InboundSource.objects.count() == 0
    given = client.post(reverse(f"{SOURCES}_add"), fields | {"secret": SECRETS["zendesk"]})
    assert given.status_code == 302
    made = InboundSource.objects.get()
    shown = page(client, f"{SOURCES}_change", made.pk)
    assert "https://desk.example/webhooks/zendesk" in shown
    assert "{{ticket.id}}" in shown
    assert SECRETS["zendesk"] not in shown
    assert Activity.objects.filter(verb="inboundsource.created").count() == 1


def test_a_new_secret_begins_a_rotation_that_can_be_ended_at_once(make_user, sign_in):
    made = source()
    client = sign_in(make_user("ada", roles=("Admin",)))
    fields = {"name": "Zendesk", "enabled": "on", "events_per_minute": "600", "channel": "email"}
    address = reverse(f"{SOURCES}_change", args=(made.pk,))
    client.post(address, fields | {"secret": "zendesk-signing-secret-2"})
    made.refresh_from_db()
    assert (made.channel, made.keeps_previous(), made.secret_hint) == ("email", True, "et-2")
    assert "the one before is taken until" in page(client, f"{SOURCES}_change", made.pk)
    client.post(reverse(f"{SOURCES}_transition", args=(made.pk, "end-rotation")), {"confirm": "yes"})
    made.refresh_from_db()
    assert (made.keeps_previous(), made.previous_sealed) == (False, "")


def test_events_are_counted_by_state_with_a_link_to_each(make_user, sign_in):
    made = source()
    for number, state in enumerate(("ignored", "ignored", "failed", "handled")):
        event(made, number, state)
    client = sign_in(make_user("lena", roles=("Support lead",)))
    shown = page(client, f"{SOURCES}_change", made.pk)
    assert "2 events" in shown
    assert f"source__id__exact={made.pk}&amp;state__exact=failed" in shown
    narrowed = {"source__id__exact": str(made.pk), "state__exact": "failed"}
    listed = client.get(reverse(f"{EVENTS}_changelist"), narrowed).context["cl"].result_list
    assert [(row.state, row.external_id) for row in listed] == [("failed", "comment:2")]


def test_failed_events_are_tried_again_one_by_one_or_together(make_user, sign_in):
    made = source()
    failed = event(made, 1, "failed", content={"text": "hello"})
    settled = event(made, 2, "handled")
    client = sign_in(make_user("lena", roles=("Support lead",)))
    chosen = {"action": "try_again", "_selected_action": [failed.pk, settled.pk]}
    answer = client.post(reverse(f"{EVENTS}_changelist"), chosen, follow=True).content.decode()
    assert f"Event {failed.pk} is being tried again." in answer
    assert "it cannot become received" in answer
    failed.refresh_from_db()
    assert failed.state == "received"
    InboundEvent.objects.filter(pk=failed.pk).update(state="failed")
    client.post(reverse(f"{EVENTS}_transition", args=(failed.pk, "retry")), {"confirm": "yes"})
    failed.refresh_from_db()
    assert failed.state == "received"


def test_who_may_not_may_not(make_user, sign_in):
    made = source()
    failed = event(made, 1, "failed", content={"text": "hello"})
    tagger = sign_in(make_user("tom", roles=("Tagger",)))
    assert tagger.get(reverse(f"{SOURCES}_changelist")).status_code == 403
    assert tagger.get(reverse(f"{EVENTS}_changelist")).status_code == 403
    assert tagger.post(reverse(f"{EVENTS}_transition", args=(failed.pk, "retry"))).status_code == 403
    lead = sign_in(make_user("lena", roles=("Support lead",)))
    assert lead.get(reverse(f"{SOURCES}_add")).status_code == 403
    lead.post(reverse(f"{SOURCES}_change", args=(made.pk,)), {"name": "Changed"})
    made.refresh_from_db()
    assert made.name == "Our zendesk"


@pytest.mark.parametrize("name", [SOURCES, EVENTS])
def test_lists_ask_the_same_number_of_questions_at_3_and_at_30_rows(make_user, sign_in, name):
    client = sign_in(make_user("root", superuser=True))

    def questions() -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            page(client, f"{name}_changelist")
        return len(asked)

    def more(first: int, last: int) -> None:
        for number in range(first, last):
            made = source("slack", name=f"Slack {number}")
            thread = InboundThread.objects.create(
                source=made, external_id="1", conversation=Conversation.objects.create(channel="x")
            )
            event(made, number, thread=thread)

    more(0, 3)
    page(client, f"{name}_changelist")
    few = questions()
    InboundSource.objects.update(system="stripe")  # another three may be added of the first system
    more(3, 18)
    assert questions() == few


@pytest.mark.row("5.2")
def test_conversations_are_found_by_what_the_agent_was_to_them(make_user, sign_in, bot):
    now = timezone.now()
    served = turn(now).conversation
    drafted = turn(now, mode="shadow", delivered=False, pilot_id=7).conversation
    drafted.pilot_id = 7
    drafted.save()
    outside = turn(now, "not_in_pilot", mode="shadow", delivered=False).conversation
    client = sign_in(make_user("root", superuser=True))

    def found(**query: str) -> set[Any]:
        response = client.get(reverse("admin:runtime_conversation_changelist"), query)
        return {row.pk for row in response.context["cl"].result_list}

    assert found(served="yes") == {served.pk}
    assert found(served="no") == {drafted.pk, outside.pk}
    assert found(served="replayed") == set()
    assert found(mode="shadow") == {drafted.pk}
    assert found(mode="live") == {served.pk}
    assert found(mode="not_in_pilot") == {outside.pk}
    assert found(pilot="7") == {drafted.pk}
    assert found(pilot="none") == {served.pk, outside.pk}
    assert found(pilot="x") == {served.pk, drafted.pk, outside.pk}
    assert Turn.objects.count() == 3
