"""A support lead plans a pilot, starts it, and stops it with the kill switch."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from pilot.models import Pilot, StageMove

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.row("5.1", "5.11", "8.12")
def test_a_lead_plans_starts_and_stops_a_pilot(
    page: Page, live_server: Any, make_user: Any, sign_in: Any
) -> None:
    lead = make_user(
        *("lena", "pilot.view_pilot", "pilot.add_pilot", "pilot.change_pilot"),
        *("pilot.sign_pilot", "pilot.halt_pilot"),
    )
    cookie = sign_in(lead).cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}]
    )
    page.set_default_timeout(20_000)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))

    page.goto(f"{live_server.url}/admin/pilot/pilot/")
    expect(page.locator("body")).to_contain_text("No pilot yet.")
    page.goto(f"{live_server.url}/admin/pilot/pilot/add/")
    expect(page.locator("#id_category_choice")).to_be_hidden()
    page.fill("#id_name", "E-mail first")
    page.fill("#id_channel", "email")
    for name, value in (
        ("resolution_rate", "60"),
        ("csat", "85"),
        ("escalation_rate", "20"),
        ("time_to_resolution", "240"),
    ):
        page.fill(f"#id_target_{name}", value)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#pl-state")).to_contain_text("Planned for the channel “email”")

    page.get_by_role("link", name="Start in shadow mode").click()
    page.fill("#id_reason", "The team is ready")
    page.get_by_role("button", name="Start in shadow mode").click()
    expect(page.locator("#pl-state")).to_contain_text("The agent drafts replies for the channel “email”")
    expect(page.get_by_role("button", name="Move on to assist")).to_be_disabled()
    expect(page.locator(".pl-conditions").first).to_contain_text("0 of 20 drafts are reviewed")
    expect(page.locator("[aria-current=step]")).to_contain_text("Shadow")

    page.goto(f"{live_server.url}/admin/")
    line = page.get_by_role("region", name="Pilot E-mail first")
    expect(line).to_contain_text("shadow, week 1, no draft waits")
    line.get_by_role("button", name="Stop the pilot E-mail first now").press("Enter")
    expect(line).to_contain_text("stopped, people have every conversation")
    pilot = Pilot.objects.get()
    assert (pilot.state, pilot.stage) == ("halted", "shadow")
    assert list(StageMove.objects.values_list("verb", "signed_by")) == [("halt", "lena"), ("start", "lena")]
    assert errors == []
