"""Runs are kept as evidence, the same for the same; a rule is enabled only after one."""

from __future__ import annotations

import pytest

from core import jobs
from core.actors import Actor
from core.errors import Conflict, DomainError, InvalidInput, NotAllowed
from core.models import Activity, Job
from escalation.backtest.candidate import Change
from escalation.backtest.enabling import clearance_of
from escalation.backtest.replaying import Settings
from escalation.backtest.running import backtest_cancel, backtest_run, backtest_start
from escalation.models import BacktestFlip, BacktestRun, Rule
from escalation.selectors import live_rule_set
from escalation.services import defaults_install, rule_create, rule_disable, rule_enable, rule_update
from supportadmin.roles import roles_sync
from tests.escalation.backtest.conftest import case

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("test")
SETTINGS = Settings(minutes=12.0)


@pytest.fixture(autouse=True)
def rules(db: None) -> None:
    roles_sync()
    defaults_install(actor=SYSTEM)


@pytest.fixture
def lead(make_user) -> Actor:
    return Actor.of_user(make_user("lead", roles=("Support lead",)))


@pytest.fixture
def draft() -> Rule:
    """A stricter rule that nobody has enabled."""
    return rule_create(
        actor=SYSTEM,
        name="Surer",
        kind="soft",
        trigger="low_confidence",
        parameters={"minimum_confidence": 0.62},
        clarify_first=0,
        priority=39,
    )


def run_of(rule: Rule, **changes) -> BacktestRun:
    return backtest_run(change=Change("enable", rule.pk), settings=SETTINGS, made_by="lead", **changes)


@pytest.mark.row("4.9")
def test_a_run_says_what_a_draft_would_do_and_which_cases_flip(draft: Rule, source) -> None:
    run = run_of(draft)
    assert (run.rule_version, run.cases, run.flips, source.reads) == (1, 6, 3, [300])
    before, after = run.content["before"], run.content["after"]
    assert (before["reached"], before["under"], before["over"], before["minutes"]) == (1, 2, 0, 12.0)
    assert (after["reached"], after["under"], after["over"], after["minutes"]) == (4, 0, 0, 48.0)
    assert run.content["flips"] == {"answer>escalate": 3}
    assert run.content["kinds"] == {"ticket": 5, "turn": 1}
    human = Rule.objects.get(trigger="human_request").pk
    lines = {row["rule_id"]: (row["before"]["fires"], row["after"]["fires"]) for row in run.content["rules"]}
    assert lines == {human: (1, 1), draft.pk: (0, 3)}
    assert list(
        run.flipped.values_list("case_kind", "case_id", "before", "after", "after_rule", "needed")
    ) == [
        ("ticket", 1, "answer", "escalate", draft.pk, True),
        ("ticket", 2, "answer", "escalate", draft.pk, True),
        ("turn", 5, "answer", "escalate", draft.pk, None),
    ]
    assert "invoice" not in str((run.content, run.change, run.settings))  # no customer's words
    assert Activity.objects.get(verb="backtest.done").after["digest"] == run.digest


@pytest.mark.row("4.9")
def test_the_same_run_twice_is_the_same(draft: Rule, source) -> None:
    first, second = run_of(draft), run_of(draft)
    assert (first.digest, first.content) == (second.digest, second.content)
    source.cases = (*source.cases[:5], case(6, 0.94))
    assert run_of(draft).digest != first.digest


@pytest.mark.row("4.9")
def test_a_rule_is_refused_until_its_version_has_been_run_against_the_rules_of_now(draft: Rule) -> None:
    with pytest.raises(Conflict) as refused:
        rule_enable(actor=SYSTEM, rule=draft)
    assert (refused.value.code, refused.value.extra["state"]) == ("backtest_needed", "missing")
    run_of(draft)
    rule_disable(actor=SYSTEM, rule=Rule.objects.get(trigger="no_answer"))
    with pytest.raises(Conflict) as refused:
        rule_enable(actor=SYSTEM, rule=draft)
    assert (refused.value.code, refused.value.extra["state"]) == ("backtest_needed", "stale")
    run_of(draft)
    rule_update(actor=SYSTEM, rule=draft, parameters={"minimum_confidence": 0.7})
    with pytest.raises(Conflict):
        rule_enable(actor=SYSTEM, rule=draft)
    assert draft.pk not in {rule.id for rule in live_rule_set().rules}
    run_of(draft)
    rule_enable(actor=SYSTEM, rule=draft)
    assert draft.pk in {rule.id for rule in live_rule_set().rules}


def test_another_draft_does_not_make_a_run_stale(draft: Rule) -> None:
    run_of(draft)
    rule_create(
        actor=SYSTEM,
        name="Another",
        kind="soft",
        trigger="no_answer",
        parameters={},
        clarify_first=0,
        priority=1,
    )
    assert clearance_of(draft).state == "ready"


def test_a_number_that_was_tried_clears_no_version(draft: Rule) -> None:
    change = Change("number", draft.pk, name="minimum_confidence", value=0.62)
    assert backtest_run(change=change, settings=SETTINGS, made_by="lead").flips == 3
    assert clearance_of(draft).state == "missing"


@pytest.mark.row("4.9")
def test_without_a_single_case_the_run_is_allowed(draft: Rule, source) -> None:
    source.cases = ()
    run = run_of(draft)
    assert (run.cases, run.flips, clearance_of(draft).state) == (0, 0, "ready")


def test_a_rule_is_left_out_and_a_number_is_moved() -> None:
    human = Rule.objects.get(trigger="human_request")
    run = backtest_run(change=Change("disable", human.pk), settings=SETTINGS, made_by="lead")
    assert run.content["flips"] == {"escalate>answer": 1}
    low = Rule.objects.get(trigger="low_confidence")
    change = Change("number", low.pk, name="minimum_confidence", value=0.61)
    run = backtest_run(change=change, settings=SETTINGS, made_by="lead")
    assert (run.content["flips"], run.rule_version) == ({"answer>clarify": 3}, None)


@pytest.mark.parametrize(
    ("change", "settings"),
    [
        (Change("number", 0, name="minimum_confidence", value=0.5), SETTINGS),
        (Change("enable", 999), SETTINGS),
        (Change("delete"), SETTINGS),
        (Change(), Settings(days=0)),
        (Change(), Settings(minutes=-1)),
        (Change(), Settings(questions="maybe")),
        (Change(), Settings(kinds=())),
    ],
)
def test_what_cannot_be_tried_is_refused_before_anything_is_queued(lead: Actor, change, settings) -> None:
    with pytest.raises(DomainError) as refused:
        backtest_start(actor=lead, change=change, settings=settings)
    assert refused.value.http_status in (400, 404, 409)
    assert Job.objects.filter(task="escalation.tasks.run_backtest").count() == 0


@pytest.mark.row("4.9")
def test_a_value_outside_of_the_rules_schema_is_refused(lead: Actor) -> None:
    low = Rule.objects.get(trigger="low_confidence")
    change = Change("number", low.pk, name="minimum_confidence", value=1.5)
    with pytest.raises(InvalidInput) as refused:
        backtest_start(actor=lead, change=change, settings=SETTINGS)
    assert refused.value.code == "bad_parameters"


def test_only_who_may_run_back_tests_does(make_user, draft: Rule) -> None:
    reviewer = Actor.of_user(make_user("reviewer", roles=("Reviewer",)))
    with pytest.raises(NotAllowed):
        backtest_start(actor=reviewer, change=Change("enable", draft.pk), settings=SETTINGS)
    assert not Job.objects.filter(task="escalation.tasks.run_backtest").exists()


def test_a_queued_run_is_done_by_its_job_once(lead: Actor, draft: Rule) -> None:
    first = backtest_start(actor=lead, change=Change("enable", draft.pk), settings=SETTINGS)
    second = backtest_start(actor=lead, change=Change("enable", draft.pk), settings=SETTINGS)
    assert first.pk == second.pk
    jobs.run(first.pk)
    first.refresh_from_db()
    run = BacktestRun.objects.get()
    assert (first.state, first.result["run"], run.made_by) == ("succeeded", run.pk, "lead")
    assert run.settings["minutes"] == 12.0


@pytest.mark.row("4.9")
def test_a_run_that_is_stopped_keeps_nothing(lead: Actor, draft: Rule, source, monkeypatch) -> None:
    job = backtest_start(actor=lead, change=Change("enable", draft.pk), settings=SETTINGS)

    def stop(**kwargs):
        backtest_cancel(actor=lead, job_id=job.pk)
        return {}

    monkeypatch.setattr(source, "read_tickets", stop)
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.error) == ("failed", "Stopped by lead.")
    assert BacktestRun.objects.count() == 0
    with pytest.raises(Conflict):
        backtest_cancel(actor=lead, job_id=job.pk)


def test_runs_and_flips_are_neither_changed_nor_deleted(draft: Rule) -> None:
    run = run_of(draft)
    for row in (run, BacktestFlip.objects.first()):
        assert row is not None
        with pytest.raises(TypeError):
            row.save()
        with pytest.raises(TypeError):
            row.delete()


def test_a_first_installation_enables_at_once_but_not_without_the_permission(make_user, draft: Rule) -> None:
    with pytest.raises(NotAllowed):
        rule_enable(actor=Actor.of_user(make_user("nobody")), rule=draft, is_first_installation=True)
    assert rule_enable(actor=SYSTEM, rule=draft, is_first_installation=True).enabled
