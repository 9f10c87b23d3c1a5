"""The editor of flows in a browser: build, mend, take back, try and activate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser
Served = dict[str, Any]
PageOf = Callable[[str], Page]


@pytest.mark.row("3.11", "3.12", "8.12")
def test_a_lead_words_tries_and_activates_a_flow_with_the_keyboard(page_of: PageOf, served: Served) -> None:
    page = page_of("support_lead")
    page.goto(f"{served['url']}/admin/runtime/resolutionflow/add/?starter=account_access")
    page.fill("#id_title", "Back into the account")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/change/**")
    steps = page.locator("#flow-steps > li")
    expect(steps).to_have_count(9)

    question = steps.nth(0).locator("[data-field=question]")
    question.fill("")
    expect(steps.nth(0)).to_contain_text("The question is empty.")
    expect(page.locator(".fl-box.fl-wrong")).to_have_count(1)
    question.fill("Which address do you sign in with?")
    expect(steps.nth(0)).not_to_contain_text("The question is empty.")

    steps.nth(0).get_by_role("button", name="Delete ask_email").click()
    expect(steps).to_have_count(8)
    expect(page.locator("#flow-steps")).to_contain_text("No step collects {email}.")
    page.get_by_role("button", name="Undo").press("Enter")
    expect(steps).to_have_count(9)
    expect(steps.nth(0).locator("[data-field=question]")).to_have_value("Which address do you sign in with?")

    steps.nth(0).locator("[data-field=slot]").focus()
    page.keyboard.press("Alt+ArrowDown")
    expect(steps.nth(1)).to_have_attribute("data-step", "ask_email")
    page.keyboard.press("Alt+ArrowUp")
    expect(steps.nth(0)).to_have_attribute("data-step", "ask_email")

    page.fill("#flow-message", "I cannot get in, my mail is kim@example.com")
    page.keyboard.press("Enter")
    expect(page.locator("#flow-log")).to_contain_text("What stands in the way")
    expect(page.locator("#flow-slots")).to_contain_text("kim@example.com")
    expect(page.locator("#flow-steps > li.fl-here")).to_have_attribute("data-step", "ask_problem")
    page.fill("#flow-message", "the passwort")
    page.keyboard.press("Enter")
    expect(page.locator("#flow-log")).to_contain_text("Are you in now?")

    page.fill("#id_note", "a shorter question")
    page.locator("[name=_continue]").click()
    expect(page.locator(".fl-facts")).to_contain_text("newest version 2")
    page.get_by_role("link", name="Activate", exact=True).click()
    page.get_by_role("button", name="Activate", exact=True).click()
    expect(page.locator(".fl-facts")).to_contain_text("version 2 is active")
