"""Readers of turns: what was only drafted, left to people or replayed from a ticket counts as no service."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from core.proportions import Share
from escalation.attempts import EarlierTurn
from kb import news
from kb.contracts import TurnNews
from runtime import learning
from runtime.learning import turns_collect, votes_collect
from runtime.live_interactions import live_interactions
from runtime.measures.contracts import Scope
from runtime.measures.selectors import escalation_rate, proxies
from runtime.models import Conversation, Feedback, SampledTurn, Trace, Turn
from runtime.replay.turns import turn_cases, turns_since
from runtime.selectors import earlier_turns, past_turns, transcript_of
from runtime.summary import runtime_summary
from runtime.verdicts.claiming import offer_of
from runtime.verdicts.drawing import verdicts_draw
from tests.runtime.measured import SYSTEM, conversation, turn
from tickets.models import ImportBatch, Ticket

pytestmark = [pytest.mark.django_db, pytest.mark.row("5.2")]
NOW = timezone.now()
AT = NOW - timedelta(hours=1)
KINDS: dict[str, dict[str, Any]] = {
    "live": {},
    "assist": {"mode": "assist", "delivered": False},
    "shadow": {"mode": "shadow", "delivered": False},
    "outside": {"mode": "shadow", "delivered": False, "decision": "not_in_pilot", "reply": ""},
    "replayed": {"mode": "live", "delivered": True},
}


@pytest.fixture
def ticket(db: None) -> Ticket:
    window = {"window_start": AT, "window_end": NOW}
    batch = ImportBatch.objects.create(source="csv", state="failed", file_name="t.csv", **window)
    times = {"created_at": AT, "updated_at": AT, "closed_at": AT}
    fields = {"source": "csv", "external_id": "1", "status": "closed", "first_batch": batch, **times}
    return Ticket.objects.create(**fields, last_batch=batch)


@pytest.fixture
def turns(ticket: Ticket) -> dict[str, Turn]:
    """One turn of each kind, each in its own conversation, with a trace and a thumb."""
    found = {}
    for kind, fields in KINDS.items():
        into = conversation(AT, ticket=ticket if kind == "replayed" else None)
        decision = fields.get("decision", "answer")
        more = {name: value for name, value in fields.items() if name != "decision"}
        made = turn(AT, decision, into=into, text=f"A question, {kind}", **more)
        facts = {"text": made.text, "channel": "web", "at": AT.isoformat()}
        Trace.objects.create(turn=made, facts=facts, steps=[], total_ms={"outside": 0.1}.get(kind, 20.0))
        Feedback.objects.create(turn=made, rating="up")
        found[kind] = made
    return found


def kinds(turns: dict[str, Turn], rows: Any) -> set[str]:
    found = set(rows.values_list("pk", flat=True))
    return {kind for kind, made in turns.items() if made.pk in found}


def test_the_rule_is_written_once(turns):
    assert kinds(turns, Turn.objects.served()) == {"live", "assist"}
    assert kinds(turns, Turn.objects.drafted()) == {"shadow"}
    assert kinds(turns, Turn.objects.left_to_people()) == {"outside"}
    assert kinds(turns, Turn.objects.of_customers()) == {"live", "assist", "shadow", "outside"}
    served = set(Conversation.objects.served().values_list("pk", flat=True))
    assert served == {turns["live"].conversation_id, turns["assist"].conversation_id}
    on_served = Feedback.objects.on_served().values_list("turn_id", flat=True)
    assert set(on_served) == {turns["live"].pk, turns["assist"].pk}


def test_a_conversation_that_went_from_shadow_to_live_was_served(turns):
    turn(NOW, into=turns["shadow"].conversation)
    assert Conversation.objects.served().filter(pk=turns["shadow"].conversation_id).exists()


def test_the_escalation_rate_is_of_customers_who_were_served(turns):
    turn(AT, "escalate")
    rate = escalation_rate(Scope(weeks=2))
    assert rate.total == Share(1, 3)
    assert escalation_rate(Scope(weeks=2, intent="billing_inquiry")).total == Share(1, 3)


def test_thumbs_on_what_people_wrote_are_no_sign_of_under_escalation(turns):
    Feedback.objects.filter(turn=turns["shadow"]).update(rating="down", csat=1, reopened=True)
    _, under = proxies(Scope(weeks=2))
    assert [proxy.share for proxy in under] == [Share(0, 0), Share(0, 0), Share(0, 2)]


def test_only_what_a_customer_got_is_drawn_to_be_judged(turns):
    verdicts_draw(actor=SYSTEM)
    assert kinds(turns, Turn.objects.filter(pk__in=SampledTurn.objects.values("turn"))) == {"live"}


def test_a_judge_is_not_shown_a_draft_as_what_the_agent_said(turns):
    last = turn(NOW, into=turns["shadow"].conversation)
    verdicts_draw(actor=SYSTEM, until=timezone.now() + timedelta(minutes=1))
    lines = offer_of(SampledTurn.objects.get(turn=last).pk).lines
    assert [(line.role, line.text) for line in lines] == [("customer", "A question, shadow")]


def test_live_interactions_are_live(turns):
    assert live_interactions(100) == 1


def test_a_back_test_has_the_turns_that_served(turns):
    assert kinds(turns, turns_since(3)) == {"live", "assist"}
    cases, left_out = turn_cases(days=3, limit=10)
    assert ({case.id for case in cases}, left_out) == (
        {turns["live"].pk, turns["assist"].pk},
        0,
    )


def test_the_dashboard_counts_service_and_shows_drafts_beside_it(turns):
    summary = runtime_summary(since=NOW - timedelta(days=1))
    assert summary.decisions == {"answer": 2}
    assert (summary.drafted, summary.left_to_people) == (1, 1)
    assert (summary.thumbs_up, summary.thumbs_down) == (2, 0)
    assert summary.p95_ms == 20.0


def test_drafts_tell_of_gaps_and_what_was_replayed_or_left_alone_does_not(turns, monkeypatch):
    Turn.objects.update(reason="no_answer")
    Turn.objects.filter(pk=turns["outside"].pk).update(reason="out_of_pilot")
    told: list[TurnNews] = []

    def take(*, turns: list[TurnNews], **rest: Any) -> int:
        told.extend(turns)
        news._advance(news.TURNS, rest["after"], rest["up_to"])
        return len(turns)

    monkeypatch.setattr(learning.news, "turns_take", take)
    monkeypatch.setattr(learning, "SETTLE_SECONDS", 0)
    assert turns_collect(actor=SYSTEM) == {"turns": 5, "signals": 3}
    assert [(one.text, one.kind) for one in told] == [
        ("A question, live", "unanswered"),
        ("A question, assist", "unanswered"),
        ("A question, shadow", "unanswered"),
    ]


def test_thumbs_count_where_the_agents_words_were_read(turns):
    assert votes_collect(actor=SYSTEM) == {"votes": 2, "thumbs_down": 0}


def test_what_was_only_drafted_was_not_said_and_not_tried(turns):
    shadow, live = turns["shadow"], turns["live"]
    assert [line["role"] for line in transcript_of([shadow])] == ["customer"]
    assert [line["role"] for line in transcript_of([live])] == ["customer", "agent"]
    (past,) = past_turns(shadow.conversation, before=2)
    assert (past.text, past.reply, past.reason) == ("A question, shadow", "", "only_drafted")
    assert past_turns(live.conversation, before=2)[0].reply == "Under Billing."
    assert earlier_turns(shadow.conversation) == ()
    assert earlier_turns(live.conversation) == (
        EarlierTurn("A question, live", "billing_inquiry", "answer", "answered", False),
    )


def test_the_log_and_the_api_say_in_which_mode_each_turn_was(bot, make_bot, turns):
    reader = make_bot("reader", "read")
    lines = reader.http.get("/api/v1/events", headers={"accept": "application/json"}).json()
    said = {line["text"]: (line["mode"], line["delivered"], line["decision"]) for line in lines}
    assert said == {
        "A question, live": ("live", True, "answer"),
        "A question, assist": ("assist", False, "answer"),
        "A question, shadow": ("shadow", False, "answer"),
        "A question, outside": ("shadow", False, "not_in_pilot"),
        "A question, replayed": ("live", True, "answer"),
    }
    pilots = {line["text"]: (line["pilot_id"], line["ticket_id"]) for line in lines}
    assert pilots["A question, live"] == (None, None)
    assert pilots["A question, replayed"] == (None, turns["replayed"].conversation.ticket_id)
    body = reader.get(f"/api/v1/conversations/{turns['shadow'].conversation_id}").json()
    assert [(one["mode"], one["delivered"]) for one in body["turns"]] == [("shadow", False)]
    assert [line["role"] for line in body["transcript"]] == ["customer"]
    assert datetime.fromisoformat(body["created_at"]).astimezone(UTC) == AT
