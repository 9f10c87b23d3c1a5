"""A lead writes a scenario, sees it fail, mends it, runs the suite and compares the two runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, expect

from core import jobs
from core.actors import Actor
from core.models import User
from escalation.services import defaults_install
from pilot.admin import simulation_scenarios
from pilot.models import Scenario, SimulationRun
from pilot.simulations import running
from pilot.simulations.staging import stage_set
from pilot.simulations.suites import suite_create
from supportadmin.roles import roles_sync
from tests.runtime.conftest import ENGINES

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SYSTEM = Actor.system("test")


@pytest.mark.row("5.13", "5.14", "8.12")
def test_a_scenario_is_written_tried_mended_run_and_compared(
    page: Page,
    live_server: Any,
    sign_in: Callable[[User], Client],
    make_user: Callable[..., User],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in (running, simulation_scenarios):
        monkeypatch.setattr(module, "stage_set", lambda version=None: stage_set(version, engines=ENGINES))
    defaults_install(actor=SYSTEM)
    roles_sync()
    suite = suite_create(actor=SYSTEM, name="Smoke")
    cookie = sign_in(make_user("lead", roles=("Support lead",))).cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}]
    )
    page.set_default_timeout(30_000)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))

    page.goto(f"{live_server.url}/admin/pilot/scenario/add/?suite={suite.pk}")
    text = page.locator("#id_text")
    text.fill("name: Export\nsteps: nothing\n")
    expect(page.locator("#sm-problems")).to_contain_text("Line 2The scenario needs steps")
    text.fill("name: Export\nsteps:\n")
    page.fill("#sm-say", "How do I export my data?")
    page.select_option("#sm-decision", "escalate")
    page.click("#sm-add-step")
    expect(page.locator("#sm-problems li")).to_have_count(0)
    expect(page.locator("#sm-state")).to_have_text("1 check")
    text.press("Control+Enter")
    expect(page.locator("#sm-result")).to_contain_text("expected escalate")
    expect(page.locator("#sm-state")).to_have_text("Failed")
    page.click("[name=_save]")
    expect(page.locator("body")).to_contain_text("“Export” is saved.")
    scenario = Scenario.objects.get()
    assert scenario.definition["steps"] == [
        {"say": "How do I export my data?", "expect": {"decision": ["escalate"]}}
    ]

    def run() -> SimulationRun:
        page.goto(f"{live_server.url}/admin/pilot/suite/{suite.pk}/change/")
        page.click("text=Run now")
        expect(page.locator("#sm-progress")).to_be_visible()
        jobs.run_due()
        return SimulationRun.objects.order_by("-pk")[0]

    first = run()
    expect(page.locator("#sm-figures-title")).to_have_text("1 of 1 failed")  # without a reload by hand

    page.click("text=Open the scenario")
    page.locator("#id_text").fill(page.locator("#id_text").input_value().replace("escalate", "answer"))
    page.click("#sm-try")
    expect(page.locator("#sm-state")).to_have_text("Passed: 1 check")
    page.click("[name=_save]")
    expect(page.locator("body")).to_contain_text("“Export” is saved.")
    second = run()
    expect(page.locator("#sm-figures-title")).to_have_text("All 1 passed")
    page.click(f"text=Compare with Run {first.pk}")
    expect(page.locator(".sm-result")).to_contain_text("failed, now passes")
    assert (first.pk < second.pk, second.passed, errors) == (True, 1, [])
