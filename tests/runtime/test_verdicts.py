"""Samples of turns are drawn once, judged by people, taken back, and told in figures."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core import jobs
from core.actors import Actor
from core.errors import Conflict, DomainError, InvalidInput, NotAllowed, NotFound
from core.jobs import enqueue
from core.models import Activity, User
from runtime.models import SampledTurn, Turn, Verdict, VerdictDraw, VerdictStratum
from runtime.verdicts import workflow
from runtime.verdicts.claiming import turns_release, turns_take
from runtime.verdicts.drawing import DRAW_TASK, verdicts_draw, verdicts_draw_when_due
from runtime.verdicts.judging import Judged, verdict_record, verdict_undo
from runtime.verdicts.policy import verdict_policy, verdict_policy_save
from runtime.verdicts.selectors import judged_sample, verdict_agreement
from supportadmin.roles import roles_sync
from tests.runtime.measured import SYSTEM, turn

pytestmark = [pytest.mark.django_db, pytest.mark.row("4.15")]
PAGE = "/admin/runtime/sampledturn/"


@pytest.fixture
def people(make_user: Callable[..., User]) -> dict[str, Actor]:
    roles_sync()
    roles = {"rae": "Reviewer", "tom": "Tagger", "lea": "Support lead", "kim": "KB owner"}
    return {name: Actor.of_user(make_user(name, roles=(role,))) for name, role in roles.items()}


@pytest.fixture
def turns() -> list[Turn]:
    """Ten escalations and twenty answers of the last days."""
    now = timezone.now()
    made = [turn(now - timedelta(hours=n), "escalate", matched_text="agent <b>") for n in range(1, 11)]
    return made + [turn(now - timedelta(hours=n)) for n in range(1, 21)]


def judge(actor: Actor, sampled: SampledTurn, answer: str = "right", **more: Any) -> Judged:
    reason = next(iter(workflow.REASONS[answer])) if answer in workflow.REASONS else ""
    fields = {"key": uuid.uuid4(), "reason": reason, "seconds": 4.0, **more}
    return verdict_record(actor=actor, sampled_id=sampled.pk, answer=answer, **fields)


def drawn(**policy: Any) -> VerdictDraw:
    verdict_policy_save(actor=SYSTEM, **{"double_percent": 0, **policy})
    return verdicts_draw(actor=SYSTEM)


def of(escalated: bool) -> SampledTurn:
    found = SampledTurn.objects.filter(stratum__escalated=escalated).order_by("position").first()
    assert found is not None
    return found


def test_a_sample_is_drawn_by_strata_with_the_population_kept(turns: list[Turn]) -> None:
    drawn(escalated_size=4, other_size=5)
    assert list(VerdictStratum.objects.values_list("name", "escalated", "population", "drawn")) == [
        ("answer", False, 20, 5),
        ("escalate:low_confidence", True, 10, 4),
    ]
    assert SampledTurn.objects.count() == 9
    assert Activity.objects.filter(verb="verdicts.drawn").get().after == {"turns": 9, "seed": "1"}


def test_no_turn_is_ever_drawn_twice_and_a_sample_needs_new_turns(turns: list[Turn]) -> None:
    first = drawn()
    with pytest.raises(Conflict) as refusal:
        verdicts_draw(actor=SYSTEM)
    assert (refusal.value.code, VerdictDraw.objects.count()) == ("nothing_to_draw", 1)
    turn(timezone.now())
    second = verdicts_draw(actor=SYSTEM, until=timezone.now() + timedelta(seconds=5))
    assert second.window_start == first.window_end
    assert SampledTurn.objects.count() == 31


def test_turns_that_no_customer_saw_are_no_part_of_it() -> None:
    turn(timezone.now(), delivered=False)
    turn(timezone.now(), "not_in_pilot")
    with pytest.raises(Conflict):
        verdicts_draw(actor=SYSTEM, until=timezone.now() + timedelta(seconds=5))
    assert not VerdictDraw.objects.exists()


def test_the_schedule_draws_once_a_week(turns: list[Turn]) -> None:
    job = enqueue(DRAW_TASK)
    jobs.run(job.pk)
    job.refresh_from_db()
    assert job.result == {"drawn": True}
    turn(timezone.now())
    assert verdicts_draw_when_due(actor=SYSTEM) is False
    VerdictDraw.objects.update(window_end=timezone.now() - timedelta(days=7, minutes=1))
    SampledTurn.objects.all().delete()
    assert verdicts_draw_when_due(actor=SYSTEM) is True


@pytest.mark.parametrize("name", ["rae", "tom", "kim"])
def test_only_a_lead_draws_and_sets_the_policy(
    name: str, people: dict[str, Actor], turns: list[Turn]
) -> None:
    with pytest.raises(NotAllowed):
        verdicts_draw(actor=people[name])
    with pytest.raises(NotAllowed):
        verdict_policy_save(actor=people[name], seed="2")
    assert (VerdictDraw.objects.count(), verdict_policy().seed) == (0, "1")
    verdicts_draw(actor=people["lea"])


def test_a_verdict_is_kept_once_with_reason_and_note(people: dict[str, Actor], turns: list[Turn]) -> None:
    drawn()
    key, sampled = uuid.uuid4(), of(escalated=True)
    first = judge(people["rae"], sampled, "over", key=key, note="  The FAQ says it. ")
    again = judge(people["rae"], sampled, "over", key=key)
    assert (first.is_new, again.is_new, Verdict.objects.count()) == (True, False, 1)
    verdict = Verdict.objects.get()
    assert (verdict.answer, verdict.reason, verdict.note, verdict.role, verdict.person_name) == (
        "over",
        "could_answer",
        "The FAQ says it.",
        "first",
        "rae",
    )
    sampled.refresh_from_db()
    assert sampled.missing == 0
    assert Activity.objects.filter(verb="turn.judged").count() == 1


@pytest.mark.parametrize(
    ("escalated", "answer", "more", "code"),
    [
        (False, "over", {}, "does_not_fit"),
        (True, "under", {}, "does_not_fit"),
        (True, "over", {"reason": ""}, "reason_missing"),
        (True, "over", {"reason": "upset"}, "reason_missing"),
        (True, "over", {"reason": "other"}, "note_missing"),
        (True, "right", {"reason": "upset"}, "reason_without_fault"),
        (True, "perhaps", {}, "bad_answer"),
        (True, "right", {"note": "x" * 1_001}, "note_too_long"),
    ],
)
def test_a_verdict_that_says_nothing_is_refused(
    escalated: bool,
    answer: str,
    more: dict[str, Any],
    code: str,
    people: dict[str, Actor],
    turns: list[Turn],
) -> None:
    drawn()
    with pytest.raises(InvalidInput) as refusal:
        judge(people["rae"], of(escalated), answer, **more)
    assert (refusal.value.code, Verdict.objects.count()) == (code, 0)


def test_a_turn_that_one_person_judges_is_done_and_another_comes_too_late(
    people: dict[str, Actor], turns: list[Turn]
) -> None:
    drawn()
    sampled = of(escalated=True)
    judge(people["rae"], sampled)
    for name, code in (("rae", "already_judged"), ("tom", "judged_meanwhile")):
        with pytest.raises(Conflict) as refusal:
            judge(people[name], sampled)
        assert refusal.value.code == code
    with pytest.raises(NotFound):
        verdict_record(actor=people["rae"], key=uuid.uuid4(), sampled_id=10**9, answer="right", seconds=1)
    assert Verdict.objects.count() == 1


@pytest.mark.parametrize("actor", ["kim", None])
def test_who_may_not_judge_writes_nothing(
    actor: str | None, people: dict[str, Actor], turns: list[Turn]
) -> None:
    drawn()
    with pytest.raises(NotAllowed):
        judge(people[actor] if actor else SYSTEM, of(escalated=True))
    assert not Verdict.objects.exists()


def test_two_people_never_hold_the_same_turn(people: dict[str, Actor], turns: list[Turn]) -> None:
    drawn()
    mine = {offer.sampled_id for offer in turns_take(actor=people["rae"], want=10)}
    others = {offer.sampled_id for offer in turns_take(actor=people["tom"], want=10)}
    assert (len(mine), len(others), mine & others) == (10, 10, set())
    with pytest.raises(Conflict) as refusal:
        judge(people["tom"], SampledTurn.objects.get(pk=min(mine)))
    assert refusal.value.code == "claimed"
    assert turns_release(actor=people["rae"], held=mine) == 10
    assert judge(people["tom"], SampledTurn.objects.get(pk=min(mine))).is_new


def test_what_is_offered_is_the_conversation_up_to_the_turn_with_decision_and_rule(
    people: dict[str, Actor],
) -> None:
    first = turn(timezone.now(), "clarify", trigger="low_confidence", text="Help!", reply="With what?")
    second = turn(timezone.now(), "escalate", into=first.conversation, rule_id=7, rule_version=2)
    turn(timezone.now(), into=first.conversation, text="Later words")
    verdicts_draw(actor=SYSTEM, until=timezone.now() + timedelta(seconds=5))
    offers = {offer.turn_id: offer for offer in turns_take(actor=people["rae"], want=10)}
    shown = offers[second.pk]
    assert [(line.role, line.text) for line in shown.lines] == [
        ("customer", "Help!"),
        ("agent", "With what?"),
    ]
    assert (shown.text, shown.escalated, shown.rule) == (
        "Where is my invoice?",
        True,
        "soft rule 7, version 2",
    )
    assert shown.reason_label == "The intent is not certain enough"


def test_taking_turns_costs_the_same_however_many(people: dict[str, Actor], turns: list[Turn]) -> None:
    drawn()
    with CaptureQueriesContext(connection) as few:
        turns_take(actor=people["rae"], want=2)
    with CaptureQueriesContext(connection) as many:
        turns_take(actor=people["tom"], want=10)
    assert len(few) == len(many)


def test_a_tenth_goes_to_a_second_person_and_the_agreement_is_told(
    people: dict[str, Actor], turns: list[Turn]
) -> None:
    drawn(double_percent=100)
    for sampled in SampledTurn.objects.order_by("position"):
        wrong = "over" if sampled.stratum.escalated else "under"
        judge(people["rae"], sampled, "right" if sampled.position % 3 else wrong)
        judge(people["tom"], sampled, "right" if sampled.position % 3 else wrong)
    assert set(SampledTurn.objects.values_list("missing", flat=True)) == {0}
    assert Verdict.objects.filter(role="second").count() == 30
    found = verdict_agreement(timezone.now() - timedelta(days=1))
    assert (found.n, found.agreed, found.kappa) == (30, 30, 1.0)


def test_an_undone_verdict_stays_as_a_row_and_the_turn_comes_back(
    people: dict[str, Actor], turns: list[Turn]
) -> None:
    drawn()
    sampled = of(escalated=True)
    verdict = judge(people["rae"], sampled).verdict
    with pytest.raises(NotAllowed):
        verdict_undo(actor=people["tom"], key=verdict.key)
    assert verdict_undo(actor=people["rae"], key=verdict.key).is_new
    assert not verdict_undo(actor=people["rae"], key=verdict.key).is_new
    verdict.refresh_from_db()
    sampled.refresh_from_db()
    assert (verdict.undone_at is not None, sampled.missing, sampled.claimed_by_id) == (
        True,
        1,
        people["rae"].id,
    )
    assert judge(people["rae"], sampled, "over").is_new
    assert Verdict.objects.count() == 2


def test_only_verdicts_that_stand_count_in_the_rate(people: dict[str, Actor], turns: list[Turn]) -> None:
    drawn()
    for number, sampled in enumerate(SampledTurn.objects.filter(stratum__escalated=True)):
        done = judge(people["rae"], sampled, "over" if number < 4 else "right")
        if number < 2:
            verdict_undo(actor=people["rae"], key=done.verdict.key)
    _, judged = judged_sample(timezone.now() - timedelta(days=60))
    assert sorted(one.answer for one in judged) == ["over"] * 2 + ["right"] * 6


def test_the_page_takes_judges_and_takes_back(
    people: dict[str, Actor], turns: list[Turn], sign_in: Callable[[User], Client]
) -> None:
    client = sign_in(User.objects.get(username="rae"))
    assert "No sample yet" in client.get(PAGE).content.decode()
    drawn()
    assert "verdicts-data" in client.get(PAGE).content.decode()
    taken = client.post(f"{PAGE}take/", {"want": "3", "held": ""}).json()
    item = taken["items"][0]
    assert taken["progress"] == {"today": 0, "left": 30}
    key = str(uuid.uuid4())
    sent = {"key": key, "sampled": item["id"], "answer": "cannot_tell", "seconds": "2.5"}
    assert client.post(f"{PAGE}judge/", sent).json() == {
        "key": key,
        "is_new": True,
        "progress": {"today": 1, "left": 29},
    }
    assert client.post(f"{PAGE}undo/", {"key": key}).json()["item"]["id"] == item["id"]
    assert client.post(f"{PAGE}judge/", {**sent, "answer": "no"}).status_code == 400
    refused = client.post(f"{PAGE}judge/", {**sent, "key": str(uuid.uuid4()), "answer": "over", "reason": ""})
    assert refused.status_code == 400
    assert client.post(f"{PAGE}draw/").status_code == 302
    assert VerdictDraw.objects.count() == 1, "a reviewer draws none"


def test_others_look_at_nothing_and_send_nothing(
    people: dict[str, Actor], turns: list[Turn], sign_in: Callable[[User], Client]
) -> None:
    drawn()
    client = sign_in(User.objects.get(username="kim"))
    assert client.get(PAGE).status_code == 403
    for call in ("take", "judge", "undo", "release"):
        assert client.post(f"{PAGE}{call}/").status_code == 403
    assert not Verdict.objects.exists()


def test_judges_see_their_own_verdicts_and_a_lead_all_of_them_as_csv_too(
    people: dict[str, Actor], turns: list[Turn], sign_in: Callable[[User], Client]
) -> None:
    Turn.objects.update(text="=cmd|' /C calc'!A0")
    drawn()
    judge(people["rae"], of(escalated=True), "over", note="+1")
    address = "/admin/runtime/verdict/"
    for name, rows in (("tom", 0), ("rae", 1), ("lea", 1)):
        client = sign_in(User.objects.get(username=name))
        assert client.get(address).status_code == 200
        lines = client.get(f"{address}export/").content.decode().splitlines()
        assert len(lines) == 1 + rows
    assert ",'=cmd|" in lines[1]
    assert ",'+1," in lines[1]


def test_the_lists_queries_do_not_grow(
    people: dict[str, Actor], turns: list[Turn], sign_in: Callable[[User], Client]
) -> None:
    drawn()
    client = sign_in(User.objects.get(username="lea"))
    counts = []
    for until in (3, 30):
        for sampled in SampledTurn.objects.waiting().order_by("position")[: until - Verdict.objects.count()]:
            judge(people["rae"], sampled)
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/admin/runtime/verdict/").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_the_policy_is_one_row_that_a_lead_changes(
    people: dict[str, Actor], sign_in: Callable[[User], Client]
) -> None:
    client = sign_in(User.objects.get(username="lea"))
    assert client.get("/admin/runtime/verdictpolicy/").status_code == 302
    sent = {"escalated_size": 10, "other_size": 20, "double_percent": 50, "seed": "7"}
    assert client.post("/admin/runtime/verdictpolicy/1/change/", sent).status_code == 302
    policy = verdict_policy()
    assert (policy.escalated_size, policy.double_percent, policy.seed) == (10, 50, "7")
    with pytest.raises(DomainError):
        verdict_policy_save(actor=people["lea"], double_percent=101)
    with pytest.raises(InvalidInput):
        verdict_policy_save(actor=people["lea"], pk=2)
