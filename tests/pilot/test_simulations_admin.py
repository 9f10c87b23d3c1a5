"""The pages of simulations: who may do what, what they say where nothing is there, and what they cost."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core import jobs
from core.actors import Actor
from intents.models import DatasetSnapshot, ModelVersion
from intents.ports import version_evidence
from pilot.admin import simulation_scenarios
from pilot.models import Scenario, SimulationRun, Suite
from pilot.simulations import running
from pilot.simulations.reading import script_loads
from pilot.simulations.running import simulation_start
from pilot.simulations.selectors import suite_states, suites_failing
from pilot.simulations.staging import stage_set
from pilot.simulations.suites import scenario_create, suite_create
from runtime.contracts import TurnRequest
from runtime.services import turn_take
from supportadmin.roles import roles_sync
from tests.pilot.test_simulations import EXPORT
from tests.pilot.test_simulations_exchange import SPEC
from tests.runtime.conftest import ENGINES

pytestmark = [pytest.mark.django_db, pytest.mark.row("5.13"), pytest.mark.usefixtures("rules")]
SYSTEM = Actor.system("test")


@pytest.fixture
def lead(make_user: Callable[..., Any], sign_in: Callable[..., Client]) -> Client:
    roles_sync()
    return sign_in(make_user("lead", roles=("Support lead",)))


@pytest.fixture
def reader(make_user: Callable[..., Any], sign_in: Callable[..., Client]) -> Client:
    roles_sync()
    return sign_in(make_user("reader", roles=("Reviewer",)))


@pytest.fixture(autouse=True)
def made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (running, simulation_scenarios):
        monkeypatch.setattr(module, "stage_set", lambda version=None: stage_set(version, engines=ENGINES))


@pytest.fixture
def suite(db: None) -> Suite:
    made = suite_create(actor=SYSTEM, name="Smoke")
    for name, decision in (("a", "answer"), ("b", "escalate")):
        add(made, name, decision)
    return made


def add(suite: Suite, name: str, decision: str = "answer") -> Scenario:
    script = script_loads(EXPORT.format(name=name, decision=decision))
    return scenario_create(actor=SYSTEM, suite=suite, script=script)


def played(suite: Suite) -> SimulationRun:
    run = simulation_start(actor=SYSTEM, suite=suite)
    jobs.run_due()
    run.refresh_from_db()
    return run


def post_json(client: Client, name: str, text: str) -> Any:
    return client.post(reverse(name), json.dumps({"text": text}), content_type="application/json")


def page(client: Client, name: str, *args: Any, **query: Any) -> str:
    response = client.get(reverse(name, args=args), query)
    assert response.status_code == 200
    return response.content.decode()


def test_where_there_is_no_suite_one_click_makes_a_first_one(lead: Client) -> None:
    assert "Begin with your intents and rules" in page(lead, "admin:pilot_suite_changelist")
    response = lead.post(reverse("admin:pilot_suite_first"))
    suite = Suite.objects.get(name="Intents and rules")
    assert response["Location"] == reverse("admin:pilot_suite_change", args=(suite.pk,))
    names = set(suite.scenarios.values_list("name", flat=True))
    assert "Rule: Customer asks for a person" in names or any(name.startswith("Rule: ") for name in names)


def test_a_lead_writes_a_scenario_and_is_told_the_line_that_is_wrong(lead: Client, suite: Suite) -> None:
    add_url = reverse("admin:pilot_scenario_add")
    bad = lead.post(add_url, {"suite": suite.pk, "text": "name: x\nsteps: none"})
    assert "Line 2: The scenario needs steps" in bad.content.decode()
    good = lead.post(add_url, {"suite": suite.pk, "text": EXPORT.format(name="new", decision="answer")})
    assert good.status_code == 302
    scenario = Scenario.objects.get(name="new")
    assert (scenario.source, scenario.updated_by, scenario.version) == ("written", "lead", 1)


def test_of_two_editors_the_second_sees_what_the_first_has_saved(lead: Client, suite: Suite) -> None:
    scenario = suite.scenarios.get(name="a")
    url = reverse("admin:pilot_scenario_change", args=(scenario.pk,))
    mine = {"text": EXPORT.format(name="a", decision="act"), "enabled": "on", "base_version": 1}
    theirs = {"text": EXPORT.format(name="a", decision="clarify"), "enabled": "on", "base_version": 1}
    assert lead.post(url, theirs).status_code == 302
    response = lead.post(url, mine)
    assert response.status_code == 409
    shown = response.content.decode()
    assert "Somebody else has saved this meanwhile" in shown
    assert "decision: clarify" in shown
    assert 'name="base_version" value="2"' in shown
    scenario.refresh_from_db()
    assert scenario.definition["steps"][0]["expect"]["decision"] == ["clarify"]


def test_a_text_is_checked_and_tried_without_being_kept(lead: Client, suite: Suite) -> None:
    wrong = post_json(lead, "admin:pilot_scenario_check", "name: x\nsteps: none").json()
    assert wrong["problems"][0]["line"] == 2
    assert post_json(lead, "admin:pilot_scenario_check", EXPORT.format(name="x", decision="act")).json() == {
        "problems": [],
        "checks": 3,
    }
    tried = post_json(lead, "admin:pilot_scenario_try", EXPORT.format(name="x", decision="act")).json()
    assert not tried["passed"]
    assert "expected act<br>got answer" in tried["html"]
    assert (suite.scenarios.count(), SimulationRun.objects.count()) == (2, 0)
    refused = post_json(lead, "admin:pilot_scenario_try", "name: x")
    assert refused.status_code == 400
    assert refused.json()["problems"]


def test_words_of_a_scenario_are_never_markup(lead: Client) -> None:
    text = "name: x\nsteps:\n  - say: <script>alert(1)</script> export\n    expect: {reply_contains: <b>}"
    html = post_json(lead, "admin:pilot_scenario_try", text).json()["html"]
    assert "&lt;script&gt;alert(1)" in html
    assert "<script>" not in html
    assert "“&lt;b&gt;”" in html


def test_a_run_shows_its_failures_first_and_what_has_flipped(lead: Client, suite: Suite) -> None:
    played(suite)
    b = suite.scenarios.get(name="b")
    url = reverse("admin:pilot_scenario_change", args=(b.pk,))
    fixed = {"text": EXPORT.format(name="b", decision="answer"), "enabled": "on", "base_version": 1}
    assert lead.post(url, fixed).status_code == 302
    run = played(suite)
    shown = page(lead, "admin:pilot_simulationrun_change", run.pk)
    assert "All 2 passed" in shown
    assert "0 passed before and fail now, 1 failed and pass now" in shown
    assert "failed before" in page(lead, "admin:pilot_simulationrun_change", run.pk, show="flipped")
    first = SimulationRun.objects.order_by("pk")[0]
    failed = page(lead, "admin:pilot_simulationrun_change", first.pk)
    assert "1 of 2 failed" in failed
    assert "expected escalate<br>got answer" in failed
    compared = page(lead, "admin:pilot_simulation_compare", a=first.pk, b=run.pk)
    assert "failed, now passes" in compared
    assert "the scenario itself has changed" in compared
    assert "Choose two runs." in page(lead, "admin:pilot_simulation_compare", a="x", b="9" * 30)


def test_running_from_the_suite_shows_progress_and_can_be_stopped(lead: Client, suite: Suite) -> None:
    response = lead.post(reverse("admin:pilot_suite_run", args=(suite.pk,)))
    run = SimulationRun.objects.get()
    assert response["Location"] == reverse("admin:pilot_simulationrun_change", args=(run.pk,))
    assert "sm-progress" in page(lead, "admin:pilot_simulationrun_change", run.pk)
    state = lead.get(reverse("admin:pilot_simulation_state", args=(run.pk,))).json()
    assert state == {"state": "queued", "done": 0, "total": 2}
    lead.post(reverse("admin:pilot_simulation_stop", args=(run.pk,)))
    run.refresh_from_db()
    assert run.state == "cancelled"


def test_who_only_reads_changes_and_runs_nothing(reader: Client, suite: Suite) -> None:
    run = played(suite)
    runs, log = SimulationRun.objects.count(), Scenario.objects.count()
    for name, args in (
        ("admin:pilot_suite_run", (suite.pk,)),
        ("admin:pilot_suite_starters", (suite.pk,)),
        ("admin:pilot_suite_first", ()),
        ("admin:pilot_suite_import", (suite.pk,)),
        ("admin:pilot_simulation_stop", (run.pk,)),
        ("admin:pilot_scenario_add", ()),
    ):
        assert reader.post(reverse(name, args=args)).status_code == 403, name
    assert post_json(reader, "admin:pilot_scenario_try", "name: x").status_code == 403
    assert (SimulationRun.objects.count(), Scenario.objects.count()) == (runs, log)
    assert "Run now" not in page(reader, "admin:pilot_suite_change", suite.pk)
    assert "1 of 2 failed" in page(reader, "admin:pilot_simulationrun_change", run.pk)
    scenario = suite.scenarios.get(name="a")
    assert "say: How do I export my data?" in page(reader, "admin:pilot_scenario_change", scenario.pk)


@pytest.mark.row("5.14")
def test_a_file_is_shown_before_it_is_taken_and_names_are_asked_for(lead: Client, suite: Suite) -> None:
    url = reverse("admin:pilot_suite_import", args=(suite.pk,))
    seen = lead.post(url, {"text": SPEC, "name": "spec.yaml"})
    shown = seen.content.decode()
    assert "nothing is written yet" in shown
    assert "no intent is known for the topic “Shipping”" in shown
    assert suite.scenarios.count() == 2
    chosen = {
        f"name:{name}": "-"
        for name in ("Data_Export", "Billing Inquiry Topic", "Shipping", "Refund", "Look_Up_An_Invoice")
    }
    response = lead.post(url, {"text": SPEC, "name": "spec.yaml", "take": "1", **chosen}, follow=True)
    assert "4 scenarios added, 0 changed, 0 as they were; 1 rows not taken." in response.content.decode()
    taken = suite.scenarios.get(name="Where is my parcel?")
    assert (taken.source, taken.source_ref) == ("imported", "spec.yaml, line 17")
    assert lead.post(url, {"text": ""}).status_code == 400


@pytest.mark.row("5.14")
def test_a_suite_is_downloaded_and_taken_in_again_unchanged(lead: Client, suite: Suite) -> None:
    text = lead.get(reverse("admin:pilot_suite_export", args=(suite.pk,))).content.decode()
    url = reverse("admin:pilot_suite_import", args=(suite.pk,))
    response = lead.post(url, {"text": text, "name": "x.yaml", "take": "1"}, follow=True)
    assert "0 scenarios added, 0 changed, 2 as they were." in response.content.decode()


def test_a_conversation_has_a_button_that_makes_a_scenario_of_it(lead: Client, suite: Suite) -> None:
    request = TurnRequest("How do I export my data?", channel="email")
    conversation_id = turn_take(actor=SYSTEM, request=request, engines=ENGINES).conversation_id
    assert "Make a scenario of this" in page(lead, "admin:runtime_conversation_change", conversation_id)
    url = reverse("admin:runtime_conversation_transition", args=(conversation_id, "scenario"))
    assert lead.post(url, {"suite": suite.pk, "name": "From life", "_seen": ""}).status_code == 302
    assert suite.scenarios.get(name="From life").source == "conversation"


def test_the_lists_ask_as_often_for_thirty_rows_as_for_three(lead: Client, suite: Suite) -> None:
    played(suite)

    def queries(name: str, *args: Any) -> int:
        with CaptureQueriesContext(
            connection,
        ) as caught:
            page(lead, name, *args)
        return len(caught)

    pages = (
        ("admin:pilot_scenario_changelist",),
        ("admin:pilot_suite_changelist",),
        ("admin:pilot_suite_change", suite.pk),
        ("admin:pilot_simulationrun_changelist",),
    )
    add(suite, "c")
    for one in pages:
        queries(*one)
    few = [queries(*one) for one in pages]
    for number in range(27):
        add(suite, f"more {number}")
        suite_create(actor=SYSTEM, name=f"Suite {number}")
    for _ in range(3):
        played(suite)
    assert [queries(*one) for one in pages] == few


def test_the_state_of_each_suite_says_whether_it_is_out_of_date(suite: Suite) -> None:
    run = played(suite)
    (state,) = suite_states()
    assert (state.name, state.run_id, state.passed, state.failed) == ("Smoke", run.pk, 1, 1)
    assert state.is_stale  # release 3 answered, and none is live here


def test_the_dashboard_and_the_model_say_how_the_simulations_went(
    suite: Suite, make_user: Callable[..., Any], sign_in: Callable[..., Client]
) -> None:
    snapshot = DatasetSnapshot.objects.create(sha256="0" * 64, rows=[], label_names=[], counts={})
    version = ModelVersion.objects.create(
        number=5, snapshot=snapshot, state=ModelVersion.State.READY, artefact_sha256="1" * 64
    )
    (before,) = version_evidence(version.pk)
    assert (before.title, before.is_met) == ("Smoke", None)
    run = played(suite)  # the made-up engines answer as version 5
    (after,) = version_evidence(version.pk)
    assert (after.is_met, after.detail) == (False, "1 of 2 scenarios fail")
    assert after.url == reverse("admin:pilot_simulationrun_change", args=(run.pk,))
    assert suites_failing() == [("Smoke", 1)]
    shown = page(sign_in(make_user("root", superuser=True)), "admin:index")
    assert "A suite of simulations fails" in shown
    assert "1 of “Smoke”" in shown
