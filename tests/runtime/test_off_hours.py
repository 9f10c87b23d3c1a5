"""Teams, languages and off hours in a turn: what is stored, said and asked for, and what never blocks it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from core.models import Activity
from escalation.defaults import PLAIN_MESSAGE
from escalation.models import HandoffRoute, Team
from escalation.teams.hours import Span
from escalation.teams.services import route_save, team_save
from runtime.contact import email_find, email_masked
from runtime.contracts import Customer, TurnRequest
from runtime.models import Conversation, Handoff
from runtime.services import contact_note, handoff_accept, handoff_return, turn_preview, turn_take
from tests.runtime.conftest import ENGINES, SYSTEM

ALWAYS = dict.fromkeys(range(7), (Span(0, 1440),))
ASKS = "If you would like the answer by e-mail"


def team(name: str, members=(), weekly=ALWAYS, **fields) -> Team:
    return team_save(actor=SYSTEM, team=Team(name=name, **fields), members=members, weekly=weekly)


def hand_over(text="I want a human", engines=ENGINES, **more) -> Handoff:
    result = turn_take(actor=SYSTEM, request=TurnRequest(text, **more), engines=engines)
    return Handoff.objects.select_related("turn", "conversation").get(pk=result.handoff_id)


@pytest.fixture
def closed(rules, make_user) -> Team:
    """A team that opens on one day of the next weeks, and not today."""
    day = timezone.localdate() + timedelta(days=9)
    return team_save(
        actor=SYSTEM,
        team=Team(name="Support", is_default=True),
        members=[make_user("ada")],
        weekly={},
        exceptions={day: ((Span(540, 600),), "")},
    )


@pytest.mark.row("4.18")
@pytest.mark.django_db
def test_the_assigned_team_is_in_the_packet_and_on_the_handoff(rules, make_user) -> None:
    ada = make_user("ada")
    support = team("Support", [ada], is_default=True)
    german = team("Deutsch", [ada])
    route_save(actor=SYSTEM, route=HandoffRoute(locale="de", team=german))
    first = hand_over(customer=Customer(locale="de-AT"))
    assert (first.team_id, first.off_hours, first.conversation.locale) == (german.pk, False, "de-AT")
    assert first.packet["assigned_team"] == {
        "id": german.pk,
        "name": "Deutsch",
        "available": True,
        "opens_at": None,
    }
    assert first.packet["customer"]["locale"] == "de-AT"
    assert first.complete
    assert first.turn.reply.startswith("Ich verbinde Sie mit")
    assert hand_over().team_id == support.pk


@pytest.mark.row("4.18")
@pytest.mark.django_db
def test_an_intent_that_is_only_guessed_routes_nothing(rules, make_user) -> None:
    team("Support", [make_user("ada")], is_default=True)
    exports = team("Exports")
    route_save(actor=SYSTEM, route=HandoffRoute(intent="data_export", team=exports))
    assert hand_over("I want a human").team_id == exports.pk
    assert hand_over("unsure, I want a human").team_id != exports.pk


@pytest.mark.row("4.18")
@pytest.mark.django_db
def test_off_hours_the_reply_says_when_the_team_opens_and_no_wait(closed) -> None:
    handoff = hand_over()
    assert handoff.off_hours
    assert handoff.turn.wait_estimate_seconds is None
    assert "Our team is not here right now" in handoff.turn.reply
    assert "at 09:00 (UTC time)" in handoff.turn.reply
    assert ASKS in handoff.turn.reply
    assert handoff.contact_asked_at is not None
    assert handoff.packet["assigned_team"]["available"] is False
    preview = turn_preview(request=TurnRequest("I want a human"), engines=ENGINES)
    assert ASKS in preview.result.reply


@pytest.mark.row("4.18")
@pytest.mark.django_db
def test_an_address_is_asked_for_once_in_a_conversation(closed) -> None:
    handoff = hand_over()
    handoff_return(actor=SYSTEM, handoff=handoff)
    again = hand_over(conversation_id=handoff.conversation_id)
    assert ASKS not in again.turn.reply
    assert again.contact_asked_at is None


@pytest.mark.row("4.18")
@pytest.mark.django_db
def test_who_has_just_written_an_address_is_not_asked_for_it(closed) -> None:
    handoff = hand_over("I want a human, write to jo@Example.com please")
    assert handoff.contact_email == "jo@example.com"
    assert handoff.contact_asked_at is None
    assert ASKS not in handoff.turn.reply
    assert handoff.turn.reply.endswith("we have noted j•••@example.com and will also write to you there.")


@pytest.mark.row("4.18")
@pytest.mark.django_db
def test_the_customers_next_message_may_hold_the_address_and_it_is_confirmed(closed) -> None:
    handoff = hand_over(customer=Customer(locale="fr"))
    before = Activity.objects.count()
    assert contact_note(handoff, "Merci, à demain") is None
    assert Activity.objects.count() == before
    assert contact_note(handoff, "C'est jo.doe@example.com.") == (
        "Merci, nous avons noté j•••@example.com et vous y écrirons aussi."
    )
    handoff.refresh_from_db()
    assert handoff.contact_email == "jo.doe@example.com"
    assert Activity.objects.get(verb="handoff.contact_noted").after == {"contact": "j•••@example.com"}
    assert contact_note(handoff, "or rather bo@example.com") is None
    handoff.refresh_from_db()
    assert handoff.contact_email == "jo.doe@example.com"


@pytest.mark.row("4.18")
@pytest.mark.django_db
def test_an_address_is_kept_only_from_those_who_were_asked_and_still_wait(closed) -> None:
    handoff = hand_over()
    stale = Handoff.objects.get(pk=handoff.pk)
    handoff_accept(actor=SYSTEM, handoff=handoff)
    assert contact_note(handoff, "jo@example.com") is None
    assert contact_note(stale, "jo@example.com") is None
    Team.objects.update(is_default=False)
    assert contact_note(hand_over(), "jo@example.com") is None
    assert not Handoff.objects.exclude(contact_email="").exists()


@pytest.mark.row("4.18")
@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("jo@example.com", "jo@example.com"),
        ("My mail: Jo.Doe+x@Mail.Example.CO.UK, thanks", "Jo.Doe+x@mail.example.co.uk"),
        ("jo (at) example [dot] com", "jo@example.com"),
        ("<b>'jo@example.com'</b>", "jo@example.com"),
        ("two: a..b@example.com or jo@example.com", "jo@example.com"),
        ("meet me @ noon", None),
        ("jo@localhost", None),
        ("", None),
        (f"{'a' * 64}@{'b' * 63}.{'c' * 63}.{'d' * 63}.{'e' * 63}.com", None),
    ],
)
def test_an_address_is_found_in_what_customers_write(text: str, address: str | None) -> None:
    assert email_find(text) == address
    if address:
        assert address.partition("@")[0] not in email_masked(address)[1:]


@pytest.mark.row("4.16", "4.18")
@pytest.mark.django_db
@pytest.mark.parametrize("broken", ["assign_team", "wait_seconds", "handoff_message"])
def test_whatever_fails_while_handing_over_the_customer_is_handed_over(rules, make_user, broken) -> None:
    def fail(*_, **__):
        raise OSError

    team("Support", [make_user("ada")], is_default=True)
    handoff = hand_over(engines=replace(ENGINES, **{broken: fail}))
    assert handoff.state == "queued"
    if broken == "assign_team":
        assert handoff.team_id is None
        assert handoff.turn.reply.startswith("Of course: I'm connecting you")
    else:
        assert handoff.turn.reply == PLAIN_MESSAGE


@pytest.mark.row("4.11", "7.1")
@pytest.mark.django_db
@pytest.mark.parametrize("locale", ["deutsch!", "x" * 36, "<b>", "d", "de_AT", 5.5])
def test_a_locale_that_is_none_is_refused(bot, locale) -> None:
    response = bot.post("/api/v1/turns", {"text": "I want a human", "customer": {"locale": locale}})
    assert response.status_code == 400
    assert Conversation.objects.count() == 0


@pytest.mark.row("4.11", "7.1")
@pytest.mark.django_db
def test_a_language_told_once_holds_for_the_conversation_whatever_the_keys_scopes(bot) -> None:
    first = bot.turn("How do I export?", customer={"external_id": "c-1", "locale": "de"})
    then = bot.turn("I want a human", first["conversation_id"])
    assert then["reply"].startswith("Ich verbinde Sie mit")
    shown = bot.get(f"/api/v1/conversations/{first['conversation_id']}").json()
    assert shown["customer"]["locale"] == "de"
    assert shown["customer"]["external_id"] == "c-1"


@pytest.mark.row("4.18", "7.1")
@pytest.mark.django_db
def test_handoffs_are_listed_by_team(bot, make_user) -> None:
    ada = make_user("ada")
    support, german = team("Support", [ada], is_default=True), team("Deutsch", [ada])
    route_save(actor=SYSTEM, route=HandoffRoute(locale="de", team=german))
    bot.turn("I want a human")
    taken = bot.turn("I want a human", customer={"locale": "de"})
    found = bot.get("/api/v1/handoffs", team=german.pk).json()["results"]
    assert [(one["id"], one["team_id"], one["team"], one["off_hours"]) for one in found] == [
        (taken["handoff_id"], german.pk, "Deutsch", False)
    ]
    assert len(bot.get("/api/v1/handoffs", team=support.pk).json()["results"]) == 1
    assert bot.get("/api/v1/handoffs", team="x").status_code == 400
    packet = bot.get(f"/api/v1/handoffs/{taken['handoff_id']}").json()
    assert packet["assigned_team"]["id"] == german.pk
