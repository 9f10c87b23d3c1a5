"""Test phrases, the versions' answers to them, and the gate before a release."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.actors import Actor
from core.errors import Conflict, DomainError, InvalidInput, NotAllowed
from core.models import Activity, User
from intents.gate import Answer
from intents.judgements import active_cases, version_answers, version_gate
from intents.models import CaseRun, EvaluationCase, Example, HeldOutRun, Intent, ModelVersion, Release
from intents.services import (
    NewCase,
    case_add,
    case_from_example,
    case_must_pass,
    case_restore,
    case_retire,
    cases_add,
    example_add,
    example_restore,
    example_retire,
    judging_run,
    release_activate,
)

RIGHT = "how do I get a copy of all my data"
OFF_TOPIC = "what is the capital of France"


@pytest.fixture
def data_export(support_intents: dict[str, Intent]) -> Intent:
    return support_intents["data_export"]


def new(text: str, intent: Intent | None, *, must_pass: bool = False) -> NewCase:
    return NewCase(text, intent, "ticket", "T-900", must_pass)


@pytest.mark.row("3.15")
def test_a_test_phrase_is_kept_with_its_meaning_and_its_source(actor: Actor, data_export: Intent) -> None:
    case = case_add(actor=actor, case=new(f"  {RIGHT}\n", data_export, must_pass=True))
    case.refresh_from_db()
    assert (case.text, case.intent, case.must_pass, case.source_ref) == (RIGHT, data_export, True, "T-900")
    assert active_cases() == [(case.pk, RIGHT, "data_export", True)]
    assert Activity.objects.filter(verb="test_phrase.added").count() == 1


@pytest.mark.row("3.15")
def test_no_text_is_both_learnt_from_and_tested_with(actor: Actor, data_export: Intent) -> None:
    example = Example.objects.filter(intent=data_export).first()
    assert example is not None
    with pytest.raises(InvalidInput) as refused:
        case_add(actor=actor, case=new(example.text.upper(), data_export))
    assert refused.value.code == "is_example"
    assert EvaluationCase.objects.count() == 0
    case_add(actor=actor, case=new(RIGHT, data_export))
    with pytest.raises(InvalidInput) as refused:
        example_add(actor=actor, intent=data_export, text=f"{RIGHT}?", origin="ticket", source_ref="T-1")
    assert refused.value.code == "is_test_phrase"
    assert not Example.objects.filter(text__startswith=RIGHT).exists()


def test_neither_a_retired_example_nor_a_retired_test_phrase_comes_back_as_both(
    actor: Actor, data_export: Intent
) -> None:
    example = example_add(actor=actor, intent=data_export, text=RIGHT, origin="ticket", source_ref="T-1")
    example_retire(actor=actor, example=example)
    case = case_add(actor=actor, case=new(RIGHT, data_export))
    with pytest.raises(Conflict) as refused:
        example_restore(actor=actor, example=example)
    assert refused.value.code == "is_test_phrase"
    case_retire(actor=actor, case=case)
    example_restore(actor=actor, example=example)
    with pytest.raises(Conflict) as refused:
        case_restore(actor=actor, case=case)
    assert refused.value.code == "is_example"
    assert EvaluationCase.objects.get().state == "retired"


@pytest.mark.row("3.15")
def test_an_example_is_tested_with_only_where_eight_real_ones_stay(actor: Actor, data_export: Intent) -> None:
    while Example.objects.active().filter(intent=data_export).count() > 8:
        spare = Example.objects.active().filter(intent=data_export).first()
        assert spare is not None
        case_from_example(actor=actor, example=spare)
        spare.refresh_from_db()
        assert spare.state == "retired"
        assert EvaluationCase.objects.filter(text=spare.text, intent=data_export).exists()
    last = Example.objects.active().filter(intent=data_export).first()
    assert last is not None
    before = EvaluationCase.objects.count()
    with pytest.raises(Conflict) as refused:
        case_from_example(actor=actor, example=last)
    assert refused.value.code == "too_few_examples"
    last.refresh_from_db()
    assert (last.state, EvaluationCase.objects.count()) == ("active", before)


@pytest.mark.parametrize(
    ("text", "origin", "source", "code"),
    [
        ("", "ticket", "T-1", "empty"),
        ("x" * 2_001, "ticket", "T-1", "too_long"),
        ("hello there", "ticket", " ", "no_source"),
        ("hello there", "dream", "T-1", "bad_origin"),
        ("hello there", "ticket", "s" * 201, "bad_source"),
    ],
)
def test_a_bad_phrase_is_refused_with_its_reason_and_writes_nothing(
    db: None, actor: Actor, text: str, origin: str, source: str, code: str
) -> None:
    added, refused = cases_add(actor=actor, cases=[NewCase(text, None, origin, source)])
    assert (added, [row.code for row in refused]) == ((), [code])
    assert EvaluationCase.objects.count() == Activity.objects.count() == 0


def test_adding_the_same_phrases_again_adds_nothing(actor: Actor, data_export: Intent) -> None:
    cases = [new(RIGHT, data_export), new(OFF_TOPIC, None), new(RIGHT.upper(), data_export)]
    added, refused = cases_add(actor=actor, cases=cases)
    assert ([case.text for case in added], [row.code for row in refused]) == (
        [RIGHT, OFF_TOPIC],
        ["duplicate"],
    )
    again, refused = cases_add(actor=actor, cases=cases)
    assert (again, len(refused), EvaluationCase.objects.count()) == ((), 3, 2)


@pytest.mark.row("3.15")
def test_a_training_answers_its_own_examples_held_out_and_every_test_phrase(
    make_version: Callable[..., ModelVersion], actor: Actor, data_export: Intent
) -> None:
    version = make_version()
    assert len(HeldOutRun.objects.get(version=version).rows) == version.metrics["n_evaluated"]
    cases_add(actor=actor, cases=[new(RIGHT, data_export), new(OFF_TOPIC, None)])
    assert judging_run(version_id=version.pk) == 2
    answers = {a.text: a for a in version_answers(version, active_cases())}
    assert (answers[RIGHT].predicted, answers[RIGHT].passes) == ("data_export", True)
    assert (answers[OFF_TOPIC].expected, answers[OFF_TOPIC].is_fallback) == ("", True)
    held_out = [a for a in answers.values() if a.key.startswith("example:")]
    right = sum(a.is_right for a in held_out)
    assert right / len(held_out) == pytest.approx(version.metrics["accuracy"])


def test_asking_twice_writes_one_run_and_a_new_phrase_asks_anew(
    make_version: Callable[..., ModelVersion], actor: Actor, data_export: Intent
) -> None:
    version = make_version()
    case_add(actor=actor, case=new(RIGHT, data_export))
    before = CaseRun.objects.count()
    judging_run(version_id=version.pk)
    judging_run(version_id=version.pk)
    assert CaseRun.objects.count() == before + 1
    case_add(actor=actor, case=new(OFF_TOPIC, None))
    assert [c.code for c in version_gate(version).blockers] == ["test_phrases_answered"]
    judging_run(version_id=version.pk)
    assert version_gate(version).is_open


@pytest.mark.row("3.15")
def test_a_release_is_refused_while_a_phrase_that_must_pass_fails(
    make_version: Callable[..., ModelVersion], actor: Actor, support_intents: dict[str, Intent]
) -> None:
    version = make_version()
    case = case_add(actor=actor, case=new(RIGHT, support_intents["bug_report"], must_pass=True))
    judging_run(version_id=version.pk)
    with pytest.raises(Conflict) as refused:
        release_activate(actor=actor, version=version)
    assert (refused.value.code, refused.value.extra) == ("gate_closed", {"checks": ["must_pass"]})
    assert Release.objects.count() == 0
    case_must_pass(actor=actor, case=case, must_pass=False)
    release = release_activate(actor=actor, version=version)
    assert release.gate["is_open"] is True
    assert release.override_reason == ""


@pytest.mark.row("3.15")
def test_a_release_is_refused_where_an_intent_loses_more_than_two_points_against_the_live_one(
    make_version: Callable[..., ModelVersion], actor: Actor
) -> None:
    live, worse = make_version(), make_version(0.2)
    release_activate(actor=actor, version=live)
    rows = HeldOutRun.objects.get(version=live).rows
    broken = next(n for n, row in enumerate(rows) if row[1] == row[2])
    rows[broken][2] = next(row[1] for row in rows if row[1] != rows[broken][1])
    HeldOutRun.objects.create(version=worse, rows=rows)
    with pytest.raises(Conflict) as refused:
        release_activate(actor=actor, version=worse)
    assert refused.value.extra == {"checks": ["recall_drop"]}
    assert rows[broken][1] in refused.value.message
    assert Release.objects.live().get().model_version == live


@pytest.mark.row("3.15")
def test_only_who_may_override_releases_against_a_check_and_the_reason_is_kept(
    make_version: Callable[..., ModelVersion],
    actor: Actor,
    support_intents: dict[str, Intent],
    make_user: Callable[..., User],
) -> None:
    version = make_version()
    case_add(actor=actor, case=new(RIGHT, support_intents["bug_report"], must_pass=True))
    judging_run(version_id=version.pk)
    releaser = Actor.of_user(make_user("rae", "intents.release_model"))
    lead = Actor.of_user(make_user("lee", "intents.release_model", "intents.override_gate"))
    reason = "The phrase is labelled wrongly; it is being mended."
    with pytest.raises(NotAllowed):
        release_activate(actor=releaser, version=version, override_reason=reason)
    for empty in ("", "   "):
        with pytest.raises(DomainError):
            release_activate(actor=lead, version=version, override_reason=empty)
    assert Release.objects.count() == 0
    release = release_activate(actor=lead, version=version, override_reason=reason)
    release.refresh_from_db()
    assert (release.override_reason, release.gate["is_open"]) == (reason, False)
    stood_in_the_way = [c["code"] for c in release.gate["checks"] if c["blocks"] and not c["is_met"]]
    assert stood_in_the_way == ["must_pass"]


def test_an_answer_that_is_right_but_too_uncertain_does_not_pass() -> None:
    answer = Answer("case:1", "text", "billing", "billing", 0.2, True)
    assert (answer.is_right, answer.passes) == (True, False)
