"""The dial, the runs and the panel beside Enable, as people see them."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core import jobs
from core.actors import Actor
from core.models import Job
from escalation.backtest.candidate import Change
from escalation.backtest.replaying import Settings
from escalation.backtest.running import backtest_run
from escalation.models import BacktestRun, Rule
from escalation.services import defaults_install, rule_create, rule_disable
from supportadmin.roles import roles_sync
from tests.escalation.backtest.conftest import WRONG, case

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("test")
DIAL = reverse("admin:escalation_backtest_dial")
FIGURES = reverse("admin:escalation_backtest_figures")
SAVE = reverse("admin:escalation_backtest_save")
PROPOSE = reverse("admin:escalation_backtest_propose")
RUNS = reverse("admin:escalation_backtestrun_changelist")


@pytest.fixture(autouse=True)
def rules(db: None) -> None:
    roles_sync()
    defaults_install(actor=SYSTEM)


@pytest.fixture
def lead(make_user, sign_in):
    return sign_in(make_user("lead", roles=("Support lead",)))


@pytest.fixture
def reviewer(make_user, sign_in):
    return sign_in(make_user("reviewer", roles=("Reviewer",)))


@pytest.fixture
def draft() -> Rule:
    return rule_create(
        actor=SYSTEM,
        name="Surer",
        kind="soft",
        trigger="low_confidence",
        parameters={"minimum_confidence": 0.62},
        clarify_first=0,
        priority=39,
    )


def low() -> Rule:
    return Rule.objects.get(name="Intent not certain")


def number(value: float, **more: object) -> dict[str, object]:
    return {"try": f"number:{low().pk}:minimum_confidence", "value": value, **more}


def press(client, address: str):
    """Press the button of a page that asks whether to go on."""
    seen = client.get(address).content.decode().partition('name="_seen" value="')[2].partition('"')[0]
    return client.post(address, {"_seen": seen})


def run_of(rule: Rule) -> BacktestRun:
    return backtest_run(change=Change("enable", rule.pk), settings=Settings(), made_by="lead")


@pytest.mark.row("4.9")
def test_the_dial_shows_curve_figures_and_the_first_flips_without_a_script(lead) -> None:
    page = lead.get(DIAL, number(0.61, minutes=5)).content.decode()
    assert page.count('<polyline class="bt-curve') == 3
    assert "67 % (4 of 6), 95 % interval 30–90 %" in page
    assert "20 min" in page
    assert "not enough cases whose truth is known (n = 5, need about 59)" in page
    assert "My &lt;b&gt;invoice&lt;/b&gt; does not open" in page
    assert "<strong>3</strong> of 6 cases would go another way" in page


@pytest.mark.row("4.9")
def test_moving_the_slider_gives_the_figures_of_that_value(lead) -> None:
    found = lead.get(FIGURES, number(0.61)).json()
    assert found["value"] == 0.61
    assert "67 % (4 of 6)" in found["html"]
    assert found["x"] == pytest.approx(350.2, abs=0.1)
    found = lead.get(FIGURES, number(0.5)).json()
    assert "<strong>0</strong> of 6 cases" in found["html"]


@pytest.mark.parametrize("value", ["nan", "inf", "-3", "2", "<script>", "", "1e999"])
def test_a_value_that_cannot_be_meant_is_brought_back_to_one_that_can(lead, value) -> None:
    asked = {**number(0), "value": value, "days": value, "minutes": value, "kinds": value, "questions": value}
    response = lead.get(FIGURES, asked)
    assert response.status_code == 200
    assert 0 <= response.json()["value"] <= 1
    assert lead.get(DIAL, asked).status_code == 200


def test_figures_are_of_numbers_only(lead) -> None:
    human = Rule.objects.get(trigger="human_request")
    assert lead.get(FIGURES, {"try": f"disable:{human.pk}"}).status_code == 400
    page = lead.get(DIAL, {"try": f"disable:{human.pk}"}).content.decode()
    assert "I want a human now" in page
    assert "“want a human”" in page  # the evidence of the rule that is left out


@pytest.mark.row("4.9")
def test_enough_cases_recommend_a_value(lead, source) -> None:
    source.cases = (*(case(n, 0.5 + n / 400) for n in range(100)), case(999, 0.55, WRONG))
    page = lead.get(DIAL, number(0.61)).content.decode()
    assert "Recommended: 0" in page
    assert "(1 of 101 here)" in page


@pytest.mark.row("4.9")
def test_what_the_dial_shows_is_saved_as_a_run(lead) -> None:
    assert lead.post(SAVE, number(0.61, minutes=5)).status_code == 302
    job = Job.objects.get(task="escalation.tasks.run_backtest")
    assert "A run is queued" in lead.get(DIAL).content.decode()
    jobs.run(job.pk)
    run = BacktestRun.objects.get()
    assert (run.change["value"], run.settings["minutes"], run.made_by) == (0.61, 5.0, "lead")
    page = lead.get(reverse("admin:escalation_backtestrun_change", args=(run.pk,))).content.decode()
    assert "“Intent not certain” with minimum confidence = 0.61" in page
    assert page.count('class="bt-message"') == 3


def test_a_value_is_written_into_the_rule(lead) -> None:
    assert lead.post(PROPOSE, number(0.61)).status_code == 302
    assert low().parameters["minimum_confidence"] == 0.61
    assert low().version == 2


def test_a_reviewer_looks_and_changes_nothing(reviewer, draft: Rule) -> None:
    run = run_of(draft)
    assert reviewer.get(DIAL).status_code == 200
    assert reviewer.get(RUNS).status_code == 200
    again = reverse("admin:escalation_backtest_again", args=(run.pk,))
    start = reverse("admin:escalation_rule_backtest", args=(draft.pk,))
    for address in (SAVE, PROPOSE, again, start):
        assert reviewer.post(address, number(0.61)).status_code == 403
    assert not Job.objects.filter(task="escalation.tasks.run_backtest").exists()
    assert low().version == 1
    page = reviewer.get(reverse("admin:escalation_rule_change", args=(draft.pk,))).content.decode()
    assert "Run it again" not in page


@pytest.mark.row("4.9")
def test_the_panel_beside_enable_leads_from_missing_to_ready_to_stale(lead, draft: Rule) -> None:
    rule_page = reverse("admin:escalation_rule_change", args=(draft.pk,))
    enable = reverse("admin:escalation_rule_transition", args=(draft.pk, "enable"))
    assert "not run yet" in lead.get(rule_page).content.decode()
    assert press(lead, enable).status_code == 409
    lead.post(reverse("admin:escalation_rule_backtest", args=(draft.pk,)))
    assert (
        "A run is queued"
        in lead.get(reverse("admin:escalation_rule_panel", args=(draft.pk,))).content.decode()
    )
    jobs.run_due()
    page = lead.get(rule_page).content.decode()
    assert "may be enabled" in page
    assert "<strong>3</strong> would go another way" in page
    assert "may be enabled" in lead.get(enable).content.decode()
    rule_disable(actor=SYSTEM, rule=Rule.objects.get(trigger="step_failure"))
    page = lead.get(rule_page).content.decode()
    assert "The rules have changed since this version" in page
    assert "Run it again" in page
    assert press(lead, enable).status_code == 409
    assert not Rule.objects.get(pk=draft.pk).enabled
    lead.post(reverse("admin:escalation_backtest_again", args=(BacktestRun.objects.get().pk,)))
    jobs.run_due()
    assert press(lead, enable).status_code == 302
    assert Rule.objects.get(pk=draft.pk).enabled
    page = lead.get(rule_page).content.decode()
    assert "decides now" in page
    assert f"?try=disable:{draft.pk}" in page


@pytest.mark.row("4.9")
@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({}, 3),
        ({"towards": "to"}, 3),
        ({"towards": "from"}, 0),
        ({"truth": "needed"}, 2),
        ({"truth": "open"}, 1),
        ({"kind": "ticket"}, 2),
        ({"kind": "nonsense", "p": "99"}, 3),
    ],
)
def test_flips_are_filtered(lead, draft: Rule, query, shown) -> None:
    address = reverse("admin:escalation_backtestrun_change", args=(run_of(draft).pk,))
    page = lead.get(address, query).content.decode()
    assert page.count('class="bt-message"') == shown


def test_a_message_that_is_gone_is_said_to_be_gone(lead, draft: Rule, source) -> None:
    address = reverse("admin:escalation_backtestrun_change", args=(run_of(draft).pk,))
    source.cases = ()
    assert lead.get(address).content.decode().count("The message is no longer kept.") == 3


def test_a_list_of_three_and_of_thirty_runs_takes_equally_many_queries(lead, draft: Rule) -> None:
    counts = []
    for wanted in (3, 30):
        while BacktestRun.objects.count() < wanted:
            run_of(draft)
        with CaptureQueriesContext(
            connection,
        ) as found:
            assert lead.get(RUNS).status_code == 200
        counts.append(len(found))
    assert counts[0] == counts[1]


def test_an_empty_installation_says_the_next_step(lead, source) -> None:
    source.cases = ()
    assert "No cases in this window yet" in lead.get(DIAL).content.decode()
    assert "No back-test has been run yet" in lead.get(RUNS).content.decode()


@pytest.mark.parametrize("address", [SAVE, PROPOSE])
def test_acts_are_posts(lead, address) -> None:
    assert lead.get(address).status_code == 405
