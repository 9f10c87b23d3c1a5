"""The way of a pilot: who may move it where, what must hold, and what each move leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from core.actors import Actor
from core.errors import Conflict, DomainError, InvalidInput, NotAllowed
from core.models import Activity
from core.proportions import Share
from pilot import evidence_guard, services
from pilot.figures.selectors import gate_of
from pilot.gate import Condition, Verdict
from pilot.meter import Evidence
from pilot.models import Pilot, Review, StageMove
from pilot.services import (
    pilot_back,
    pilot_change,
    pilot_create,
    pilot_end,
    pilot_forward,
    pilot_halt,
    pilot_resume,
    pilot_share,
    pilot_start,
)
from pilot.services.conditions import first_conditions
from tests.pilot.conftest import SYSTEM

GOOD = {"resolution_rate": 0.6, "csat": 0.85, "escalation_rate": 0.2, "time_to_resolution": 240}
NAMES = ("interactions", "weeks", "resolution_rate", "csat", "corrections", "more_than_chance")


def gate(*missing: str) -> Callable[[Pilot], Verdict]:
    """Return a gate in which everything holds but what is named."""
    conditions = tuple(Condition(name, name not in missing, f"Why {name}.") for name in NAMES)
    return lambda pilot: Verdict(Evidence.CONCLUSIVE, conditions)


OPEN = gate()


@pytest.fixture
def plan(db: None) -> Callable[..., Pilot]:
    def make(name: str = "E-mail first", **fields: Any) -> Pilot:
        return pilot_create(actor=SYSTEM, name=name, **({"channel": "email", "targets": GOOD} | fields))

    return make


@pytest.fixture
def reviewed(make_draft, make_user) -> Callable[..., None]:
    """Review so many new drafts of the running pilot, with the given verdict."""
    person = make_user("rita", "pilot.review_draft")

    def make(count: int, verdict: str = "correct") -> None:
        for _ in range(count):
            Review.objects.create(
                key=uuid4(),
                draft=make_draft(),
                person=person,
                person_name="rita",
                role="first",
                outcome="approved" if verdict == "correct" else "rejected",
                verdict=verdict,
                seconds=4,
            )

    return make


def state() -> list[Any]:
    """Return all that a refused move must not have touched."""
    fields = ("state", "stage", "percent", "baseline", "locked_at", "ended_at", "full_at")
    rows = list(Pilot.objects.order_by("pk").values_list(*fields))
    return [rows, StageMove.objects.count(), Activity.objects.count()]


def refused(act: Callable[[], Any]) -> str:
    """Return the code of the refusal, which must have written nothing."""
    before = state()
    with pytest.raises(DomainError) as refusal:
        act()
    assert state() == before
    return refusal.value.code


@pytest.mark.row("5.1")
def test_a_pilot_has_exactly_one_scope(plan):
    assert refused(lambda: plan(channel=" ")) == "scope_missing"
    assert refused(lambda: plan(scope_kind="category", channel="email")) == "scope_missing"
    assert refused(lambda: plan(scope_kind="category", category_id=4)) == "no_category"
    pilot = plan(channel=" email ")
    assert (pilot.state, pilot.stage, pilot.channel, pilot.category_id) == (
        *("planned", "shadow"),
        *("email", None),
    )
    assert refused(lambda: plan(channel="chat")) == "name_taken"


@pytest.mark.parametrize(
    ("targets", "code"),
    [({"fun": 1.0}, "unknown_metric"), ({"csat": 1.2}, "bad_target"), ({"csat": -0.1}, "bad_target")],
)
def test_a_target_is_a_metric_within_its_range(plan, targets, code):
    assert refused(lambda: plan(targets=targets)) == code


def test_percents_are_percents(plan):
    for field, value in (("percent", 0), ("percent", 100), ("review_percent", 0), ("double_percent", 101)):
        assert refused(lambda f=field, v=value: plan(**{f: v})) == "invalid_field"


@pytest.mark.row("5.4")
def test_targets_and_baseline_are_locked_at_the_start(plan, monkeypatch):
    from pilot import baselines  # noqa: PLC0415
    from tickets.contracts import SignedFigures  # noqa: PLC0415

    now = timezone.now()
    signed = SignedFigures(3, "All tickets", now, now, 900, Share(90, 800), Share(61, 70), 5_430, 880)
    pilot = plan(targets={})
    assert refused(lambda: pilot_start(actor=SYSTEM, pilot=pilot, reason="Go")) == "targets_missing"
    pilot_change(actor=SYSTEM, pilot=pilot, targets=GOOD)
    monkeypatch.setattr(baselines, "signed_figures", lambda category_id: signed)
    move = pilot_start(actor=SYSTEM, pilot=pilot, reason=" The team is ready. ")
    stored = Pilot.objects.get()
    assert (stored.state, stored.stage, stored.targets) == ("running", "shadow", GOOD)
    assert stored.started_at == stored.locked_at is not None
    assert stored.baseline == {
        **{"version": 3, "about": "All tickets", "tickets": 900},
        **{"window_start": now.isoformat(), "window_end": now.isoformat()},
        "escalation_rate": {"part": 90, "whole": 800},
        "csat": {"part": 61, "whole": 70},
        "time_to_resolution": {"minutes": 90.5, "n": 880},
    }
    assert (move.verb, move.reason, move.signed_by) == ("start", "The team is ready.", "test")
    assert move.bundle == {"release": None, "index": 0, "rules": 0}
    assert refused(lambda: pilot_change(actor=SYSTEM, pilot=stored, targets={"csat": 0.1})) == "locked"
    stale = Pilot.objects.get()
    stale.state = "planned"  # as somebody sees it who opened the page before the start
    assert refused(lambda: pilot_change(actor=SYSTEM, pilot=stale, goal="x")) == "stale_transition"


def test_without_a_signed_map_a_pilot_starts_with_an_empty_baseline(plan):
    pilot_start(actor=SYSTEM, pilot=plan(), reason="Go")
    assert Pilot.objects.get().baseline == {}


MOVES: dict[str, Callable[[Pilot], Any]] = {
    "start": lambda p: pilot_start(actor=SYSTEM, pilot=p, reason="r", gate=OPEN),
    "forward": lambda p: pilot_forward(actor=SYSTEM, pilot=p, reason="r", gate=OPEN),
    "share": lambda p: pilot_share(actor=SYSTEM, pilot=p, percent=5, reason="r", gate=OPEN),
    "back": lambda p: pilot_back(actor=SYSTEM, pilot=p, to="shadow", reason="r"),
    "halt": lambda p: pilot_halt(actor=SYSTEM, pilot_id=p.pk),
    "resume": lambda p: pilot_resume(actor=SYSTEM, pilot=p, reason="r"),
    "end": lambda p: pilot_end(actor=SYSTEM, pilot=p, reason="r", opens_to_all=True),
}
STAGES = ("shadow", "assist", "limited", "full")
# (state, move) → (state, stage) after it, by the stage before; anything else is refused with the code.
NEXT = {"shadow": "assist", "assist": "limited", "limited": "full"}


def expected(state: str, stage: str, move: str) -> str | tuple[str, str]:
    """Return the truth: the state and stage that follow, or the code of the refusal."""
    if move == "start":
        return ("running", "shadow") if state == "planned" else "transition_not_allowed"
    if move == "forward":
        if state != "running":
            return "not_running"
        return "last_stage" if stage == "full" else ("running", NEXT[stage])
    if move == "share":
        if state != "running":
            return "not_running"
        return ("running", stage) if stage == "limited" else "no_share"
    if move == "back":
        ok = state in ("running", "halted") and stage != "shadow"
        return (state, "shadow") if ok else "not_an_earlier_stage"
    if move == "halt":
        return ("halted", stage) if state in ("running", "halted") else "not_running"
    if move == "resume":
        return ("running", stage) if state == "halted" else "not_halted"
    return "has_ended" if state == "ended" else ("ended", stage)


@pytest.mark.row("5.11")
@pytest.mark.parametrize("move", MOVES)
@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("state", ["planned", "running", "halted", "ended"])
def test_each_move_in_each_state_and_stage(make_pilot, monkeypatch, state, stage, move):
    monkeypatch.setattr("pilot.services.conditions.first_conditions", lambda pilot: ())
    pilot = make_pilot(state=state, stage=stage, targets=GOOD)
    should = expected(state, stage, move)
    if isinstance(should, str):
        assert refused(lambda: MOVES[move](pilot)) == should
        return
    MOVES[move](pilot)
    stored = Pilot.objects.get()
    assert (stored.state, stored.stage) == should
    if move == "halt" and state == "halted":
        assert StageMove.objects.count() == 0  # nothing to sign: it was stopped already
        return
    signed = StageMove.objects.get()
    assert (signed.from_stage, signed.to_stage, signed.signed_by) == (stage, should[1], "test")
    line = Activity.objects.get()
    assert (line.target_id, line.before["state"], line.after["state"]) == (str(pilot.pk), state, should[0])


@pytest.mark.row("5.11")
@pytest.mark.parametrize("name", ["start", "forward", "share", "back", "halt", "resume", "end"])
def test_each_move_needs_its_permission(make_pilot, make_user, name):
    right = "pilot.halt_pilot" if name == "halt" else "pilot.sign_pilot"
    rights = {"pilot.sign_pilot", "pilot.halt_pilot", "pilot.view_pilot", "pilot.change_pilot"} - {right}
    actor = Actor.of_user(make_user("kim", *rights))
    pilot = make_pilot()
    service = getattr(services, f"pilot_{name}")
    more: dict[str, Any] = {"pilot_id": pilot.pk} if name == "halt" else {"pilot": pilot, "reason": "r"}
    more |= {"share": {"percent": 5}, "back": {"to": "shadow"}}.get(name, {})
    before = state()
    with pytest.raises(NotAllowed):
        service(actor=actor, **more)
    assert state() == before


def test_each_move_but_the_kill_switch_has_a_reason(make_pilot):
    pilot = make_pilot(stage="limited")
    for act in (
        lambda: pilot_forward(actor=SYSTEM, pilot=pilot, reason=" ", gate=OPEN),
        lambda: pilot_back(actor=SYSTEM, pilot=pilot, to="assist", reason=""),
        lambda: pilot_end(actor=SYSTEM, pilot=pilot, reason=""),
    ):
        assert refused(act) == "reason_required"
    assert pilot_halt(actor=SYSTEM, pilot_id=pilot.pk) is True
    assert StageMove.objects.get().reason == "Stopped at once."


@pytest.mark.row("5.11")
def test_out_of_shadow_lead_twenty_reviewed_drafts_none_of_the_last_unsafe(make_pilot, reviewed):
    pilot = make_pilot()

    def forward() -> Any:
        return pilot_forward(actor=SYSTEM, pilot=pilot, reason="r", gate=gate(*NAMES))

    reviewed(1, "unsafe")
    reviewed(18)
    assert refused(forward) == "not_enough_reviews"
    assert [one.holds for one in first_conditions(pilot)] == [False, False]
    reviewed(1, "wrong_fact")  # the twentieth; the unsafe one is still among them
    assert [one.holds for one in first_conditions(pilot)] == [True, False]
    assert refused(forward) == "not_enough_reviews"
    Review.objects.filter(verdict="unsafe").update(undone_at=timezone.now())  # undone: not read any more
    assert [one.holds for one in first_conditions(pilot)] == [False, True]
    Review.objects.filter(verdict="unsafe").update(undone_at=None)
    reviewed(1)  # twenty since
    move = forward()
    assert Pilot.objects.get().stage == "assist"
    assert [one["name"] for one in move.gate["conditions"]] == ["reviewed", "safe"]
    assert move.gate["holds"] is True


TRENDS = ("resolution_rate", "csat", "corrections")
CASES = [tuple(name for bit, name in enumerate(TRENDS) if case & 1 << bit) for case in range(8)]


@pytest.mark.row("5.10")
@pytest.mark.parametrize("missing", CASES)
@pytest.mark.parametrize("stage", ["assist", "limited"])
def test_a_pilot_expands_only_where_all_three_move_in_the_right_direction(make_pilot, stage, missing):
    pilot = make_pilot(stage=stage)

    def forward() -> Any:
        return pilot_forward(actor=SYSTEM, pilot=pilot, reason="r", gate=gate(*missing))

    if missing:
        assert refused(forward) == "gate_closed"
        assert refused(
            lambda: pilot_share(actor=SYSTEM, pilot=pilot, percent=50, reason="r", gate=gate(*missing))
        ) == ("gate_closed" if stage == "limited" else "no_share")
        return
    move = forward()
    assert Pilot.objects.get().stage == NEXT[stage]
    assert [one["name"] for one in move.gate["conditions"]] == list(NAMES)


@pytest.mark.row("5.10")
@pytest.mark.parametrize("missing", ["interactions", "weeks", "more_than_chance"])
def test_too_few_interactions_or_weeks_and_chance_keep_the_gate_closed_too(make_pilot, missing):
    pilot = make_pilot(stage="assist")
    act = lambda: pilot_forward(actor=SYSTEM, pilot=pilot, reason="r", gate=gate(missing))  # noqa: E731
    assert refused(act) == "gate_closed"


@pytest.mark.row("5.10")
def test_the_gate_that_nobody_replaces_is_closed_without_figures(make_pilot, make_draft):
    pilot = make_pilot(stage="assist")
    make_draft()
    assert gate_of(pilot).may_expand is False
    assert refused(lambda: pilot_forward(actor=SYSTEM, pilot=pilot, reason="r")) == "gate_closed"


@pytest.mark.row("5.11")
def test_a_smaller_share_is_always_allowed_and_a_larger_one_is_not(make_pilot):
    pilot = make_pilot(stage="limited", percent=20)
    closed = gate("csat")
    for percent, code in ((20, "same_share"), (0, "bad_share"), (100, "bad_share"), (21, "gate_closed")):
        act = lambda p=percent: pilot_share(actor=SYSTEM, pilot=pilot, percent=p, reason="r", gate=closed)  # noqa: E731
        assert refused(act) == code
    pilot_share(actor=SYSTEM, pilot=pilot, percent=5, reason="Too many complaints", gate=closed)
    assert (Pilot.objects.get().percent, StageMove.objects.get().percent) == (5, 5)
    pilot_share(actor=SYSTEM, pilot=pilot, percent=50, reason="Better", gate=OPEN)
    assert Pilot.objects.get().percent == 50


def test_the_first_share_is_chosen_when_the_stage_begins(make_pilot):
    pilot = make_pilot(stage="assist")
    pilot_forward(actor=SYSTEM, pilot=pilot, reason="r", percent=25, gate=OPEN)
    assert (Pilot.objects.get().stage, Pilot.objects.get().percent) == ("limited", 25)


@pytest.mark.row("5.11")
def test_one_live_pilot_below_full_at_a_time(plan):
    pilot_start(actor=SYSTEM, pilot=plan(), reason="r")
    further = plan("Chat", channel="chat")
    act = lambda: pilot_start(actor=SYSTEM, pilot=further, reason="r", gate=OPEN)  # noqa: E731
    assert refused(act) == "another_pilot_runs"
    Pilot.objects.filter(name="E-mail first").update(state="halted")
    assert refused(act) == "another_pilot_runs"
    with pytest.raises(IntegrityError), transaction.atomic():  # the last guard
        now = timezone.now()
        Pilot.objects.filter(pk=further.pk).update(state="running", started_at=now, locked_at=now)
    rehearsal = plan("Rehearsal", source="replay", targets={})
    pilot_start(actor=SYSTEM, pilot=rehearsal, reason="r")
    assert Pilot.objects.get(pk=rehearsal.pk).state == "running"
    act = lambda: pilot_forward(actor=SYSTEM, pilot=rehearsal, reason="r")  # noqa: E731
    assert refused(act) == "rehearsal_stays_in_shadow"


@pytest.mark.row("5.10", "5.11")
def test_a_further_scope_opens_only_where_the_one_that_runs_allows_it(plan, make_pilot):
    first = make_pilot("First", stage="full")
    further = plan("Chat", channel="chat")
    start = lambda g: pilot_start(actor=SYSTEM, pilot=further, reason="r", gate=g)  # noqa: E731
    assert refused(lambda: start(gate("corrections"))) == "gate_closed"
    Pilot.objects.filter(pk=first.pk).update(state="halted")
    assert refused(lambda: start(OPEN)) == "pilot_halted"
    Pilot.objects.filter(pk=first.pk).update(state="running")
    same = plan("Same", channel="email")
    assert refused(lambda: pilot_start(actor=SYSTEM, pilot=same, reason="r", gate=OPEN)) == "scope_taken"
    move = start(OPEN)
    assert list(move.gate["pilots"]) == [str(first.pk)]
    assert Pilot.objects.get(pk=further.pk).state == "running"


@pytest.mark.row("5.11")
def test_who_has_been_at_full_may_go_back_whatever_else_has_begun(make_pilot):
    pilot = make_pilot(stage="limited")
    pilot_forward(actor=SYSTEM, pilot=pilot, reason="r", gate=OPEN)
    make_pilot("Chat", channel="chat")
    done = pilot_back(actor=SYSTEM, pilot=pilot, to="assist", reason="Complaints")
    assert (done.move.from_stage, done.move.to_stage) == ("full", "assist")
    assert sorted(Pilot.objects.values_list("name", "stage")) == [
        ("Chat", "shadow"),
        ("E-mail first", "assist"),
    ]


@pytest.mark.row("5.11")
def test_the_last_pilot_ends_only_if_it_is_meant_that_the_agent_answers_everybody(make_pilot):
    pilot = make_pilot()
    act = lambda: pilot_end(actor=SYSTEM, pilot=pilot, reason="Enough")  # noqa: E731
    assert refused(act) == "agent_would_answer_all"
    other = make_pilot("Chat", channel="chat", stage="full")
    act()
    assert Pilot.objects.get(pk=pilot.pk).ended_at is not None
    pilot_end(actor=SYSTEM, pilot=other, reason="Enough", opens_to_all=True)
    assert Pilot.objects.filter(state="ended").count() == 2


def test_a_planned_pilot_ends_without_ado(plan):
    pilot_end(actor=SYSTEM, pilot=plan(), reason="Not now")
    assert Pilot.objects.get().state == "ended"


@pytest.mark.row("5.11")
def test_who_comes_second_moves_nothing(make_pilot):
    make_pilot(stage="full")
    mine, theirs, third = (Pilot.objects.get() for _ in range(3))
    pilot_back(actor=SYSTEM, pilot=theirs, to="limited", reason="r")
    assert (
        refused(lambda: pilot_back(actor=SYSTEM, pilot=mine, to="shadow", reason="r")) == "stale_transition"
    )
    pilot_halt(actor=SYSTEM, pilot_id=third.pk)
    theirs.state, third.state, third.stage = "running", "halted", "full"
    act = lambda: pilot_forward(actor=SYSTEM, pilot=theirs, reason="r", gate=OPEN)  # noqa: E731
    assert refused(act) == "stale_transition"  # a move never un-stops
    assert refused(lambda: pilot_resume(actor=SYSTEM, pilot=third, reason="r")) == "stale_transition"
    assert Pilot.objects.get().state == "halted"


@pytest.mark.row("5.11")
def test_the_database_refuses_to_rewrite_a_signed_move(make_pilot):
    pilot_halt(actor=SYSTEM, pilot_id=make_pilot().pk)
    move = StageMove.objects.get()
    for act in (move.save, move.delete):
        with pytest.raises(TypeError):
            act()
    for guard in evidence_guard.GUARDS:
        guard.install(connection)
    try:
        for act in (
            lambda: StageMove.objects.update(reason="another"),
            lambda: StageMove.objects.all()._raw_delete("default"),
        ):
            with pytest.raises(DatabaseError), transaction.atomic():
                act()
    finally:
        for guard in evidence_guard.GUARDS:
            if connection.vendor == "sqlite":
                guard.remove(connection)
    assert StageMove.objects.get().reason == "Stopped at once."


def test_unknown_fields_and_broken_reasons_are_refused(plan, make_pilot):
    with pytest.raises(InvalidInput):
        plan(stage="full")
    pilot = make_pilot()
    assert refused(lambda: pilot_forward(actor=SYSTEM, pilot=pilot, reason="x" * 301)) == "reason_too_long"
    assert isinstance(Conflict("x"), DomainError)
