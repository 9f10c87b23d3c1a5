"""The admin pages of the runtime."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core.models import Activity
from escalation.models import Rule
from escalation.services import rule_enable, rule_update
from runtime.contracts import TurnRequest
from runtime.models import Conversation, Handoff, Turn
from runtime.services import feedback_record, turn_take
from tests.runtime.conftest import ENGINES, SYSTEM

pytestmark = pytest.mark.django_db
XSS = "<script>alert(1)</script>"


def take(text: str) -> Turn:
    return Turn.objects.get(pk=turn_take(actor=SYSTEM, request=TurnRequest(text), engines=ENGINES).turn_id)


@pytest.fixture
def lead(make_user, sign_in):
    return sign_in(make_user("lead", superuser=True))


def page(client, name: str, *args) -> str:
    response = client.get(reverse(f"admin:runtime_{name}", args=args))
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.row("R19", "4.10")
def test_customers_words_are_shown_as_text_on_every_page(rules, lead) -> None:
    turn = take(f"I want a human {XSS}")
    feedback_record(actor=SYSTEM, turn=turn, comment=XSS)
    for html in (
        page(lead, "turn_changelist"),
        page(lead, "turn_change", turn.pk),
        page(lead, "conversation_changelist"),
        page(lead, "conversation_change", turn.conversation_id),
        page(lead, "handoff_changelist"),
        page(lead, "handoff_change", turn.handoff.pk),
        page(lead, "feedback_changelist"),
        page(lead, "feedback_change", turn.feedback.pk),
    ):
        assert XSS not in html


@pytest.mark.row("4.8", "4.10")
def test_a_decision_leads_to_the_rule_as_it_was_and_to_the_set_as_it_stood(rules, lead) -> None:
    turn = take("I want a human")
    rule = Rule.objects.get(pk=turn.rule_id)
    rule_update(actor=SYSTEM, rule=rule, parameters={"extra_phrases": ["operator"]})
    rule_enable(actor=SYSTEM, rule=rule, is_first_installation=True)
    html = page(lead, "turn_change", turn.pk)
    assert "When the customer asks for a person, then escalate." in html
    assert "operator" not in html
    link = reverse("admin:escalation_rulesetversion_number", args=(turn.rule_set_version,))
    assert f'href="{link}"' in html
    assert (
        "When the customer asks for a person, then escalate." in lead.get(link, follow=True).content.decode()
    )
    assert "When the customer asks for a person, then escalate." in page(
        lead, "handoff_change", turn.handoff.pk
    )


@pytest.mark.row("4.10")
def test_the_inbox_shows_the_transcript_first_and_the_buttons_that_apply(rules, lead) -> None:
    handoff = take("I want a human").handoff
    html = page(lead, "handoff_change", handoff.pk)
    assert html.index("I want a human") < html.index("What the agent understood")
    assert "Data export" in html
    assert "/move/accept/" in html
    assert "/move/resolve/" not in html


@pytest.mark.row("4.16")
def test_a_person_accepts_and_returns_a_handoff_with_a_note(rules, make_user, sign_in) -> None:
    ada = sign_in(make_user("ada", "runtime.view_handoff", "runtime.change_handoff"))
    handoff = take("I want a human").handoff

    def move(name: str, **fields):
        address = reverse("admin:runtime_handoff_transition", args=(handoff.pk, name))
        assert ada.get(address).status_code == 200
        assert ada.post(address, fields).status_code == 302

    move("accept")
    move("return", note="just a question")
    handoff.refresh_from_db()
    assert (handoff.state, handoff.accepted_by, handoff.note) == ("returned", "ada", "just a question")
    assert Conversation.objects.get().state == "open"
    assert Activity.objects.filter(actor_label="ada").count() == 2


@pytest.mark.row("8.1")
def test_who_may_only_look_moves_nothing(rules, make_user, sign_in) -> None:
    reader = sign_in(make_user("reader", "runtime.view_handoff", "runtime.view_turn"))
    turn = take("I want a human")
    address = reverse("admin:runtime_handoff_transition", args=(turn.handoff.pk, "accept"))
    assert reader.post(address).status_code == 403
    assert (
        reader.post(reverse("admin:runtime_turn_change", args=(turn.pk,)), {"text": "x"}).status_code == 403
    )
    assert Handoff.objects.get().state == "queued"


@pytest.mark.row("7.1")
def test_a_turns_page_shows_timings_hits_and_nearest_examples(rules, lead) -> None:
    html = page(lead, "turn_change", take("How do I export?").pk)
    for shown in ("0.70 How do I export my workspace? #steps", "export my data", "Total"):
        assert shown in html
    html = page(lead, "turn_change", take("explode").pk)
    assert "Failed: RuntimeError" in html


@pytest.mark.row("8.7", "R29")
@pytest.mark.parametrize("name", ["turn_changelist", "conversation_changelist", "handoff_changelist"])
def test_list_pages_cost_the_same_at_3_and_30_rows(rules, lead, name) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            page(lead, name)
        return len(queries)

    for _ in range(3):
        take("I want a human")
    few = cost()
    for _ in range(27):
        take("I want a human")
    assert cost() == few <= 10
