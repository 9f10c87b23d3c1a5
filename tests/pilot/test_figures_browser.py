"""A lead reads a pilot's figures in a real browser: from the meter to the rows, and signs the week."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page, expect

from core.models import User
from pilot.drafts.collecting import monday_of
from pilot.figures.weekly import weeks_freeze
from pilot.models import Pilot, WeeklyReview
from supportadmin.roles import roles_sync
from tests.pilot.figured import conversation

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.row("5.4", "5.7")
def test_a_lead_goes_from_the_meter_to_the_rows_and_signs_the_week(
    page: Page,
    live_server: Any,
    make_pilot: Callable[..., Pilot],
    make_user: Callable[..., User],
    sign_in: Callable[[User], Client],
) -> None:
    roles_sync()
    last_monday = monday_of(timezone.now()) - timedelta(weeks=1)
    at = datetime.combine(last_monday, time(10), tzinfo=timezone.get_current_timezone())
    pilot = make_pilot(stage="full", started_at=at, targets={"resolution_rate": 0.5})
    for _ in range(4):
        conversation(pilot, at, csat=5, review="correct")
    conversation(pilot, at, ("escalate",))
    weeks_freeze()
    cookie = sign_in(make_user("lea", roles=("Support lead",))).cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}]
    )
    page.set_default_timeout(30_000)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: errors.append(line.text) if "Content Security" in line.text else None)

    page.goto(f"{live_server.url}/admin/pilot/weeklyreview/figures/")
    expect(page.locator("#meter-title")).to_have_text(
        "Not enough yet: about 196 more resolved interactions before you can know"
    )
    expect(page.locator("[data-condition=interactions]")).to_contain_text("Does not hold")
    expect(page.locator("[data-metric=resolution_rate]")).to_contain_text("80 %")
    expect(page.locator(".pf-chart circle")).not_to_have_count(0)

    page.get_by_role("row").filter(has_text="All weeks").get_by_role("link", name="4").click()
    expect(page.locator("#list-title")).to_have_text("4 of 5 conversations")
    page.select_option("#pf-state", "escalated")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("#list-title")).to_have_text("1 of 5 conversations")

    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_role("link", name="Figures", exact=True).first.click()
    page.wait_for_url("**/figures/")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.set_viewport_size({"width": 1280, "height": 900})

    page.get_by_role("link", name=re.compile("To be signed by")).click()
    expect(page.locator("table").filter(has_text="Frozen")).to_contain_text("80 % (38–96 %, n = 5)")
    page.get_by_role("link", name="Sign", exact=True).click()
    page.get_by_label("What these figures say").fill("Exports are answered well.")
    page.get_by_label("What the team does next").fill("Write the article on imports")
    page.get_by_role("button", name="Sign", exact=True).click()
    expect(page.get_by_text("Signed. Thank you.")).to_be_visible()
    review = WeeklyReview.objects.get()
    assert (review.note, review.actions) == ("Exports are answered well.", ["Write the article on imports"])
    assert errors == []
