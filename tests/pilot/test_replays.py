"""Replays of closed tickets: read only, in order of time, the same each time, nothing that was trained on."""

from __future__ import annotations

import json
from datetime import date, timedelta
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core import jobs
from core.actors import Actor
from core.errors import Conflict, InvalidInput, NotAllowed, NotFound
from core.models import Job
from escalation.models import Rule
from escalation.services import rule_disable
from intents.models import DatasetSnapshot, Example, Intent, ModelVersion
from pilot.models import ReplayResult, ReplayRun
from pilot.replay import reading, running
from pilot.replay.running import (
    Asked,
    replay_here,
    replay_resume,
    replay_start,
    replay_stop,
    replay_work,
)
from pilot.replay.summary import flips_between, shares_of, summary_of
from tests.pilot.closed_tickets import MONDAY, closed_ticket, version_made
from tests.runtime.conftest import ENGINES, SYSTEM
from tickets.models import Category

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rules"), pytest.mark.row("5.15")]
HOUR = timedelta(hours=1)


@pytest.fixture
def version(db) -> ModelVersion:
    return version_made()


@pytest.fixture(autouse=True)
def made_up_classifier(monkeypatch) -> None:
    monkeypatch.setattr(reading, "classifier_held", lambda version: ENGINES.classify)


def replay(**asked) -> ReplayRun:
    return replay_here(actor=SYSTEM, asked=Asked(**asked), engines=ENGINES)


def row_counts() -> dict[str, int]:
    return {model._meta.label: model._base_manager.count() for model in apps.get_models()}


def test_each_ticket_gets_what_the_agent_would_have_done_in_order_of_time(version) -> None:
    closed_ticket(2, "unsure about this", at=MONDAY + HOUR, outcome="escalated")
    closed_ticket(1, "How do I export?", at=MONDAY)
    closed_ticket(3, "I'll sue you", at=MONDAY + 3 * HOUR, outcome="escalated")
    run = replay()
    rows = list(run.results.order_by("number"))
    assert [(r.number, r.ticket.external_id, r.decision, r.reason, r.needed, r.newer) for r in rows] == [
        (1, "1", "answer", "answered", False, False),
        (2, "2", "clarify", "low_confidence", True, False),
        (3, "3", "escalate", "legal", True, True),
    ]
    assert (rows[0].intent, rows[0].confidence, rows[0].article_id, rows[0].anchor) == (
        "data_export",
        0.93,
        12,
        "steps",
    )
    assert (run.state, run.tickets, run.seen, run.newer) == ("done", 3, 0, 1)
    shares = shares_of(run.summary, "unseen")
    assert [str(shares[name]) for name in ("answer", "escalate", "escalation_agrees", "over", "under")] == [
        "33 % (1 of 3)",
        "33 % (1 of 3)",
        "67 % (2 of 3)",
        "0 % (0 of 1)",
        "50 % (1 of 2)",
    ]
    assert run.summary["newer"]["escalate"] == [1, 1]


def test_nothing_is_written_but_the_replay_itself(version) -> None:
    for number in range(30):
        closed_ticket(
            number, ("How do I export?", "I'll sue you", "unsure")[number % 3], at=MONDAY + number * HOUR
        )
    before = row_counts()
    with CaptureQueriesContext(
        connection,
    ) as queries:
        replay()
    changed = {name: n - before[name] for name, n in row_counts().items() if n != before[name]}
    assert changed == {"pilot.ReplayRun": 1, "pilot.ReplayResult": 30, "core.Activity": 2}
    written = {
        query["sql"].split('"')[1]
        for query in queries.captured_queries
        if query["sql"].lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE"))
    }
    assert written == {"pilot_replayrun", "pilot_replayresult", "core_activity"}


def test_the_same_replay_twice_has_the_same_digest_and_another_rule_set_another(version) -> None:
    for number in range(12):
        closed_ticket(
            number, ("How do I export?", "A human being please")[number % 2], at=MONDAY + number * HOUR
        )
    first, second = replay(), replay()
    assert first.digest == second.digest
    assert len(first.digest) == 64
    rule_disable(actor=SYSTEM, rule=Rule.objects.get(trigger="human_request"))
    third = replay()
    assert third.digest != first.digest
    flips = flips_between(list(first.results.all()), list(third.results.all()))
    assert {(f.before.decision, f.after.decision) for f in flips} == {("escalate", "answer")}
    assert len(flips) == 6
    assert {f.better for f in flips} == {True}


def test_what_the_model_has_learned_from_is_named_and_kept_out_of_every_share(db) -> None:
    intent = Intent.objects.create(slug="data_export", label="Data export", state="active")
    example = Example.objects.create(
        intent=intent, text="Words of ticket one", text_hash="1" * 64, origin="ticket", source_ref="csv:1"
    )
    version_made(
        rows=[[example.pk, example.text, "data_export"], [0, "how do I EXPORT my data", "data_export"]]
    )
    closed_ticket(1, "Quite other words, but the ticket that an example is from", at=MONDAY + HOUR)
    closed_ticket(2, "How do I export my data?", at=MONDAY + 2 * HOUR)
    closed_ticket(3, "Something that no example says", at=MONDAY)
    closed_ticket(4, "Something else that no example says", at=MONDAY + 3 * HOUR)
    run = replay()
    assert [(r.ticket.external_id, r.seen, r.newer) for r in run.results.order_by("number")] == [
        ("3", False, False),
        ("1", True, False),
        ("2", True, True),
        ("4", False, True),
    ]
    assert (run.tickets, run.seen, run.newer) == (4, 2, 1)
    assert (run.summary["unseen"]["answer"], run.summary["newer"]["answer"]) == ([2, 2], [1, 1])


def test_agreement_with_the_category_is_counted_where_it_is_mapped(version) -> None:
    exports, invoices = Category.objects.create(name="Exports"), Category.objects.create(name="Invoices")
    Intent.objects.create(slug="data_export", label="Data export", state="active", category=exports)
    Intent.objects.create(slug="billing_inquiry", label="Billing", state="active", category=invoices)
    closed_ticket(1, category=exports)
    closed_ticket(2, "Where is my invoice?", category=invoices)
    closed_ticket(3, "Of no category")
    run = replay()
    assert run.summary["unseen"]["intent_right"] == [1, 2]
    assert list(run.results.order_by("number").values_list("expected", flat=True)) == [
        ["data_export"],
        ["billing_inquiry"],
        [],
    ]


def test_a_scope_takes_its_newest_tickets(version) -> None:
    for number in range(6):
        closed_ticket(number, at=MONDAY + timedelta(days=number), channel="email" if number != 4 else "chat")
    run = replay(channel="email", until=date(2026, 3, 6), limit=2)
    assert [r.ticket.external_id for r in run.results.order_by("number")] == ["2", "3"]


def test_a_stopped_replay_goes_on_where_it_was(version, monkeypatch) -> None:
    for number in range(60):
        closed_ticket(number, at=MONDAY + number * HOUR)
    whole = replay()
    run = replay_start(actor=SYSTEM, asked=Asked())
    portions = []

    class Stops:
        def stop_if_cancelled(self) -> None:
            if len(portions) == 2:
                raise jobs.Cancelled

        def __call__(self, done, total, message="") -> None:
            portions.append((done, total))

    with pytest.raises(jobs.Cancelled):
        replay_work(run_id=run.pk, progress=Stops(), engines=ENGINES)
    assert portions == [(0, 60), (25, 60)]
    assert run.results.count() == 50
    replay_stop(actor=SYSTEM, run=run)
    assert Job.objects.get(pk=run.job_id).state == "failed"
    assert replay_work(run_id=run.pk, engines=ENGINES).state == "stopped"
    replay_resume(actor=SYSTEM, run=run)
    done = replay_work(run_id=run.pk, engines=ENGINES)
    assert (done.state, done.tickets, done.digest) == ("done", 60, whole.digest)


def test_a_replay_whose_rules_move_stops_and_says_so(version) -> None:
    closed_ticket(1)
    closed_ticket(2)
    run = replay_start(actor=SYSTEM, asked=Asked())

    def move(done: int, total: int, message: str) -> None:
        rule_disable(actor=SYSTEM, rule=Rule.objects.get(trigger="human_request"))

    with pytest.raises(Conflict) as refused:
        replay_work(run_id=run.pk, show=move, engines=ENGINES)
    assert refused.value.extra == {"moved": ["rule_set"]}
    run.refresh_from_db()
    assert run.state == "stopped"
    assert "rule set" in run.problem
    assert not run.digest


@pytest.mark.parametrize(
    ("asked", "error", "code"),
    [
        (Asked(limit=0), InvalidInput, "bad_limit"),
        (Asked(limit=5001), InvalidInput, "bad_limit"),
        (Asked(since=date(2026, 3, 3), until=date(2026, 3, 2)), InvalidInput, "bad_period"),
        (Asked(channel="fax"), InvalidInput, "no_tickets"),
        (Asked(model_version=99), NotFound, "unknown_version"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_nothing_is_written(version, asked, error, code) -> None:
    closed_ticket(1)
    with pytest.raises(error) as refused:
        replay_start(actor=SYSTEM, asked=asked)
    assert refused.value.code == code
    assert not ReplayRun.objects.exists()
    assert not Job.objects.filter(task=running.TASK).exists()


def test_only_who_may_starts_a_replay(version, make_user) -> None:
    closed_ticket(1)
    with pytest.raises(NotAllowed):
        replay_start(actor=Actor.of_user(make_user("nobody")), asked=Asked())
    assert not ReplayRun.objects.exists()


def test_the_job_makes_the_replay(version, monkeypatch) -> None:
    closed_ticket(1)
    monkeypatch.setattr(running, "bundle_of", lambda version, engines: reading.bundle_of(version, ENGINES))
    run = replay_start(actor=SYSTEM, asked=Asked())
    jobs.run_due()
    run.refresh_from_db()
    assert run.state == "done", Job.objects.get(pk=run.job_id).error


def test_the_command_writes_json_and_says_by_its_status_what_went_wrong(
    version, monkeypatch, tmp_path, capsys
) -> None:
    monkeypatch.setattr(running, "bundle_of", lambda version, engines: reading.bundle_of(version, ENGINES))
    closed_ticket(1)
    file = tmp_path / "out.json"
    call_command("replay_tickets", "--tickets", "10", "--json", str(file))
    content = json.loads(file.read_text())
    assert content["tickets"] == 1
    assert content["results"][0]["decision"] == "answer"
    assert "How do I export" not in file.read_text()  # ids, no customer's words
    assert "1 tickets, 0 of them seen in training" in capsys.readouterr().out
    with pytest.raises(SystemExit) as refused:
        call_command("replay_tickets", "--channel", "fax", "--json", str(file))
    assert refused.value.code == 2
    assert json.loads(file.read_text())["code"] == "no_tickets"
    DatasetSnapshot.objects.update(rows=[[0, "How do I export my data?", "data_export"]])
    with pytest.raises(SystemExit) as seen:
        call_command("replay_tickets")
    assert seen.value.code == 1


def test_flips_leave_out_what_either_model_has_seen() -> None:
    def row(ticket_id: int, **more):
        usual = {
            **{"ticket_id": ticket_id, "decision": "answer", "intent": "a", "is_fallback": False},
            **{"article_id": 1, "seen": False, "expected": ["b"], "needed": None, "newer": False},
        }
        return SimpleNamespace(**(usual | more))

    before = [row(1), row(2), row(3, seen=True), row(4)]
    after = [row(1, intent="b"), row(2), row(3, intent="b"), row(4, intent="b", seen=True), row(5)]
    assert [(flip.ticket_id, flip.better) for flip in flips_between(before, after)] == [(1, True)]
    assert summary_of([])["unseen"]["answer"] == [0, 0]


def test_results_go_with_their_ticket(version) -> None:
    ticket = closed_ticket(1)
    replay()
    ticket.delete()
    assert not ReplayResult.objects.exists()
