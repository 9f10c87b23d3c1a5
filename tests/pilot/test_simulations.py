"""Scenarios through the real pipeline: the same each time, nothing written, nothing sent; runs are kept."""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import IntegrityError, transaction

from core import jobs
from core.actors import Actor
from core.errors import Conflict, InvalidInput, NotAllowed
from core.models import Activity, Job
from escalation.selectors import live_rule_set
from intents.models import ModelVersion
from pilot.management.commands import run_simulations
from pilot.models import Scenario, SimulationResult, SimulationRun, Suite
from pilot.simulations import running
from pilot.simulations.judging import judged
from pilot.simulations.reading import script_loads
from pilot.simulations.running import runs_settle, simulation_cancel, simulation_run, simulation_start
from pilot.simulations.staging import stage_set
from pilot.simulations.suites import (
    scenario_create,
    scenario_delete,
    scenario_save,
    scenario_switch,
    scenarios_keep,
    suite_create,
)
from runtime.models import Action
from tests.runtime.conftest import ENGINES
from tests.runtime.flows import BUG, INVOICE, Ledger
from tests.runtime.test_flow_turns import Agent, activate, classify

pytestmark = [pytest.mark.django_db, pytest.mark.row("5.13"), pytest.mark.usefixtures("rules")]
SYSTEM = Actor.system("test")
EXPORT = """\
name: {name}
steps:
  - say: How do I export my data?
    expect: {{decision: {decision}, intent: data_export, cites: "How do I export my workspace?"}}
"""
FLOW = """\
name: An invoice is looked up
mocks:
  stripe_find_invoice: {outcome: succeeds, data: {invoice_status: paid, amount_due: '0.00'}}
steps:
  - say: I want to export INV-204
    expect: {decision: act, flow_step: ask_email, slots: {invoice: INV-204}, missing: email}
  - say: it's kim@example.com
    expect:
      called: {action: stripe_find_invoice, arguments: {email: kim@example.com, invoice_number: INV-204}}
      reply_contains: Invoice INV-204 is paid.
  - say: yes
    expect: {flow_finished: true}
expect: {escalated: false, called: {action: stripe_find_invoice, times: 1}, settled_within: 3}
"""
engines = replace(ENGINES, classify=classify)


@pytest.fixture
def flow(actions_set_up: None) -> None:
    activate(INVOICE)


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have runs use the made-up engines."""
    for module in (running, run_simulations):
        monkeypatch.setattr(module, "stage_set", lambda version=None: stage_set(version, engines=ENGINES))


@pytest.fixture
def suite(db: None) -> Suite:
    made = suite_create(actor=SYSTEM, name="Smoke")
    for name, decision in (("a", "answer"), ("b", "escalate")):
        script = script_loads(EXPORT.format(name=name, decision=decision))
        scenario_create(actor=SYSTEM, suite=made, script=script)
    return made


def own_jobs() -> int:
    return Job.objects.filter(task=running.TASK).count()


def counts() -> dict[str, int]:
    return {model._meta.label: model._default_manager.count() for model in apps.get_models()}


def played(text: str, **stage: Any):
    return judged(script_loads(text), replace(stage_set(engines=engines), **stage))


def test_a_scenario_is_led_through_a_flow_with_pretended_actions(flow: None) -> None:
    one = played(FLOW)
    assert [str(failure) for failure in one.failures] == []
    assert one.checks == 10
    assert [turn.decision for turn in one.turns] == ["act", "act", "act"]
    assert one.turns[1].actions == (
        {
            "action": "stripe_find_invoice",
            "arguments": {"email": "kim@example.com", "invoice_number": "INV-204"},
            "state": "succeeded",
            "message": "Pretended to succeed.",
            "mocked": True,
        },
    )


def test_nothing_is_written_and_nothing_is_sent(flow: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any) -> None:
        raise AssertionError("a simulation opened a socket")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)
    before = counts()
    one = played(FLOW)
    handed = played("name: x\nsteps: [{say: I will sue you}, {say: Hello}]")
    assert one.passed
    assert [turn.decision for turn in handed.turns] == ["escalate", "with_human"]
    assert counts() == before


def test_the_same_scenario_twice_is_the_same_word_for_word(flow: None) -> None:
    first, second = played(FLOW), played(FLOW)
    assert [turn.as_json() for turn in first.turns] == [turn.as_json() for turn in second.turns]


@pytest.mark.parametrize(
    ("outcome", "state", "decision"),
    [
        ("succeeds", "succeeded", "act"),
        ("fails", "failed", "escalate"),
        ("unknown", "unknown", "escalate"),
        ("times_out", "failed", "escalate"),
    ],
)
def test_an_action_is_pretended_to_succeed_fail_or_vanish(
    flow: None, outcome: str, state: str, decision: str
) -> None:
    text = FLOW.replace("outcome: succeeds", f"outcome: {outcome}")
    one = played(text)
    assert (one.turns[1].decision, one.turns[1].actions[0]["state"]) == (decision, state)
    if decision == "escalate":
        assert one.turns[1].escalation["trigger"] == "tool_failure"
        assert one.turns[2].decision == "with_human"


def test_a_writing_action_that_times_out_is_unknown(actions_set_up: None) -> None:
    activate(BUG)
    text = """\
name: x
mocks: {linear_create_issue: times_out}
steps:
  - say: export is broken
  - say: The export shows nothing at all
  - say: yes
    expect: {escalated: {reason: tool_failure}, called: linear_create_issue}
"""
    one = played(text)
    assert one.passed, one.failures
    assert one.turns[-1].actions[0]["state"] == "unknown"


def test_an_action_that_is_switched_off_fails_as_it_would_unless_it_is_mocked(flow: None) -> None:
    Action.objects.filter(slug="stripe_find_invoice").update(enabled=False)
    assert played(FLOW).turns[1].actions[0]["state"] == "succeeded"  # the scenario says so
    one = played(FLOW.replace("stripe_find_invoice: {outcome", "slack_post_message: {outcome"))
    assert one.turns[1].actions[0]["state"] == "failed"


def test_the_conversation_is_carried_from_message_to_message() -> None:
    one = played(
        "name: x\nsteps:\n  - say: this is ambiguous\n    expect: {decision: clarify}\n"
        "  - say: '1'\n    expect: {decision: answer, intent: data_export, confidence_at_least: 1}\n",
        engines=ENGINES,
    )
    assert one.passed, one.failures
    again = played(
        "name: x\nsteps: [{say: unsure}, {say: unsure}, {say: unsure}, {say: unsure}]", engines=ENGINES
    )
    assert [turn.decision for turn in again.turns][-1] in ("escalate", "with_human")


@pytest.mark.parametrize(
    "messages",
    [
        ("I want to export INV-204", "it's kim@example.com", "yes", "How do I export?"),
        ("I want to export INV-204", "what?", "kim@example.com", "this is ambiguous, maybe", "no"),
        ("I want to export INV-204", "cancel", "invoice sent?", "did not help, invoice sent?"),
        ("I want to export", "invoice sent, something else instead", "INV-204", "restricted matter"),
        ("unsure", "1", "unsure again", "a human please"),
        ("invoice sent", "that did not help, invoice sent", "it still does not work, invoice sent"),
    ],
)
def test_a_conversation_goes_as_it_would_for_a_customer(flow: None, messages: tuple[str, ...]) -> None:
    agent = Agent(Ledger())
    lived = []
    for text in messages:
        try:
            result = agent.say(text)
        except Conflict:
            lived.append(("with_human", "with_human", None, None))
            continue
        waits = result.as_json()["flow"]["step"]
        lived.append((result.decision, result.reason, result.intent, waits))
    steps = [{"say": text} for text in messages]
    script = script_loads(json.dumps({"name": "x", "steps": steps}))
    one = judged(script, stage_set(engines=replace(engines, run_action=Ledger())))
    told = [
        ("with_human", "with_human", None, None)
        if turn.decision == "with_human"
        else (turn.decision, turn.reason, turn.intent, turn.flow_step or None)
        for turn in one.turns
    ]
    assert told == lived


def test_a_scenario_may_stand_where_the_running_pilots_put_it(make_pilot: Any) -> None:
    make_pilot()
    text = "name: x\nplace: pilots\nchannel: {}\nsteps: [{{say: 'How do I export?', expect: {{{}}}}}]"
    assert played(text.format("email", "mode: shadow, decision: answer"), engines=ENGINES).passed
    assert played(text.format("chat", "decision: not_in_pilot"), engines=ENGINES).passed


def test_a_run_keeps_what_it_played_on_and_each_result(suite: Suite, made_up: None) -> None:
    run = simulation_start(actor=SYSTEM, suite=suite)
    jobs.run_due()
    run.refresh_from_db()
    assert (run.state, run.total, run.passed, run.failed) == ("done", 2, 1, 1)
    assert run.bundle == {"release": 3, "model_version": 5, "index": 12, "rule_set": live_rule_set().version}
    a, b = run.results.order_by("number")
    assert (a.name, a.passed, a.failures, a.checks) == ("a", True, [], 3)
    assert b.failures == [{"step": 1, "check": "decision", "expected": "escalate", "got": "answer"}]
    assert b.transcript[0]["reply"].startswith("1. Open **Settings**.")
    again = simulation_start(actor=SYSTEM, suite=suite)
    jobs.run_due()
    again.refresh_from_db()
    assert again.digest == run.digest != ""


def test_a_run_that_is_taken_up_again_plays_only_what_is_missing(suite: Suite, made_up: None) -> None:
    run = simulation_start(actor=SYSTEM, suite=suite)
    SimulationRun.objects.filter(pk=run.pk).update(state="running")
    first = suite.scenarios.get(name="a")
    SimulationResult.objects.create(
        run=run, scenario=first, number=1, name="a", sha256="x", passed=True, checks=0, ms=0.0
    )
    run.refresh_from_db()
    simulation_run(run)
    assert run.results.values_list("number", "name", "sha256").get(number=1) == (1, "a", "x")
    assert (run.state, run.total) == ("done", 2)
    assert simulation_run(run).state == "done"
    assert run.results.count() == 2


def test_one_run_of_a_suite_at_a_time_and_a_stopped_one_makes_room(suite: Suite, made_up: None) -> None:
    run = simulation_start(actor=SYSTEM, suite=suite)
    with pytest.raises(Conflict, match="already"):
        simulation_start(actor=SYSTEM, suite=suite)
    with pytest.raises(IntegrityError), transaction.atomic():
        SimulationRun.objects.create(suite=suite, started_by="x")
    simulation_cancel(actor=SYSTEM, run=run)
    assert Job.objects.get(pk=run.job_id).state == Job.State.FAILED
    jobs.run_due()
    assert simulation_start(actor=SYSTEM, suite=suite).state == "queued"
    assert run.results.count() == 0


def test_a_run_whose_job_died_does_not_block_the_next(suite: Suite) -> None:
    run = simulation_start(actor=SYSTEM, suite=suite)
    Job.objects.filter(pk=run.job_id).update(state=Job.State.QUARANTINED)
    assert runs_settle() == 1
    run.refresh_from_db()
    assert (run.state, run.problem) == ("failed", "Its job has ended without it. Run it again.")


def test_without_a_live_model_a_run_breaks_off_and_says_why(suite: Suite) -> None:
    run = simulation_start(actor=SYSTEM, suite=suite)
    jobs.run_due()
    run.refresh_from_db()
    assert run.state == "failed"
    assert run.problem.startswith("No model is live yet.")


def test_refusals_write_nothing(suite: Suite, make_user: Any) -> None:
    nobody = Actor.of_user(make_user("nobody"))
    empty = suite_create(actor=SYSTEM, name="Empty")
    before, logged = SimulationRun.objects.count(), Activity.objects.count()
    script = script_loads(EXPORT.format(name="a", decision="act"))
    for refused in (
        lambda: simulation_start(actor=nobody, suite=suite),
        lambda: suite_create(actor=nobody, name="Mine"),
        lambda: scenario_create(actor=nobody, suite=suite, script=script),
        lambda: scenario_delete(actor=nobody, scenario=suite.scenarios.first()),
    ):
        with pytest.raises(NotAllowed):
            refused()
    with pytest.raises(InvalidInput, match="no enabled scenario"):
        simulation_start(actor=SYSTEM, suite=empty)
    with pytest.raises(Conflict, match="has a scenario “a” already"):
        scenario_create(actor=SYSTEM, suite=suite, script=script)
    with pytest.raises(Conflict, match="There is a suite"):
        suite_create(actor=SYSTEM, name="Smoke")
    assert (SimulationRun.objects.count(), Activity.objects.count(), own_jobs()) == (before, logged, 0)


def test_of_two_who_edit_a_scenario_the_second_is_told(suite: Suite) -> None:
    scenario = suite.scenarios.get(name="a")
    script = script_loads(EXPORT.format(name="a", decision="act"))
    saved = scenario_save(actor=SYSTEM, scenario=scenario, script=script, base_version=1)
    assert (saved.version, saved.sha256) == (2, script.sha256)
    with pytest.raises(Conflict, match="Somebody else"):
        scenario_save(actor=SYSTEM, scenario=scenario, script=script, base_version=1)


def test_results_outlive_their_scenario_and_are_never_rewritten(suite: Suite, made_up: None) -> None:
    run = simulation_start(actor=SYSTEM, suite=suite)
    jobs.run_due()
    scenario_delete(actor=SYSTEM, scenario=suite.scenarios.get(name="a"))
    kept = run.results.get(name="a")
    assert kept.scenario_id is None
    with pytest.raises(TypeError):
        kept.save()
    with pytest.raises(TypeError):
        kept.delete()


def test_scenarios_that_are_switched_off_are_not_played(suite: Suite, made_up: None) -> None:
    b = suite.scenarios.get(name="b")
    assert scenario_switch(actor=SYSTEM, scenario=b, enabled=False)
    assert not scenario_switch(actor=SYSTEM, scenario=b, enabled=False)
    run = simulation_start(actor=SYSTEM, suite=suite)
    jobs.run_due()
    assert list(run.results.values_list("name", flat=True)) == ["a"]


def test_taking_in_the_same_scenarios_twice_changes_nothing(suite: Suite) -> None:
    scripts = [script_loads(EXPORT.format(name=name, decision="act")) for name in ("a", "c")]
    first = scenarios_keep(actor=SYSTEM, suite=suite, scripts=scripts, source=Scenario.Source.IMPORTED)
    assert (first.made, first.changed, first.same) == (("c",), ("a",), ())
    second = scenarios_keep(actor=SYSTEM, suite=suite, scripts=scripts, source=Scenario.Source.IMPORTED)
    assert (second.made, second.changed, second.same) == ((), (), ("a", "c"))
    assert suite.scenarios.count() == 3


def command(*arguments: str) -> int:
    try:
        call_command("run_simulations", *arguments)
    except SystemExit as end:
        return int(end.code or 0)
    return 0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sims").mkdir()
    (tmp_path / "sims" / "export.yaml").write_text(EXPORT.format(name="a", decision="answer"))
    return tmp_path / "sims"


def test_the_command_plays_a_folder_and_stores_nothing(made_up: None, folder: Path, tmp_path: Path) -> None:
    before = counts()
    xml, out = tmp_path / "junit.xml", tmp_path / "out.json"
    assert command(str(folder), "--junit", str(xml), "--json", str(out)) == 0
    assert counts() == before
    assert b'tests="1"' in xml.read_bytes()
    content = json.loads(out.read_text())
    assert (content["passed"], content["failed"]) == (1, 0)
    assert content["bundle"] == {
        "release": 3,
        "model_version": 5,
        "index": 12,
        "rule_set": live_rule_set().version,
    }


def test_the_command_says_which_failed_and_what_flipped(
    made_up: None, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.json"
    assert command(str(folder), "--json", str(out)) == 0
    (folder / "export.yaml").write_text(EXPORT.format(name="a", decision="escalate"))
    assert command(str(folder), "--compare", str(out)) == 1
    said = capsys.readouterr().out
    assert "step 1, decision: expected escalate, got answer" in said
    assert "PASSED, NOW FAILS: a" in said


def test_the_command_refuses_a_bad_file_with_its_line(
    made_up: None, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "bad.yaml").write_text("name: x\nsteps: nothing")
    out = tmp_path / "out.json"
    assert command(str(folder), "--json", str(out)) == 2
    assert "bad.yaml:2: The scenario needs steps" in capsys.readouterr().err
    assert json.loads(out.read_text())["code"] == "bad_scenario"


def test_the_command_keeps_the_runs_of_suites(suite: Suite, made_up: None, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    assert command("--suite", "Smoke", "--json", str(out)) == 1
    run = SimulationRun.objects.get()
    assert (run.state, run.failed, own_jobs()) == ("done", 1, 0)
    assert json.loads(out.read_text())["suites"][0]["run"] == run.pk
    assert command("--all", "--compare", str(run.pk)) == 1
    assert command("--suite", "Other") == 2
    assert command("--all", "--compare", "999") == 2
    assert command("--all", "--model-version", "9") == 2


def test_a_candidate_that_is_not_ready_is_refused(suite: Suite) -> None:
    version = ModelVersion(number=4, state=ModelVersion.State.TRAINING)
    with pytest.raises(InvalidInput, match="not ready"):
        simulation_start(actor=SYSTEM, suite=suite, model_version=version)
    assert not SimulationRun.objects.exists()
