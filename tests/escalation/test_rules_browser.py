"""The form and the order of rules in a real browser, by keyboard, at a phone's width and in the dark."""

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
from escalation.models import Rule
from escalation.selectors import live_rule_set
from escalation.services import defaults_install

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.row("4.8")
def test_a_rule_is_written_tried_enabled_and_moved_by_keyboard(
    page: Page, live_server: Any, make_user: Callable[..., User], sign_in: Callable[[User], Client]
) -> None:
    defaults_install(actor=Actor.system("test"))
    cookie = sign_in(make_user("lead", superuser=True)).cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}]
    )
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{live_server.url}/admin/escalation/rule/add/")
    expect(page.locator("#id_phrases")).to_be_hidden()
    page.fill("#id_name", "Breach")
    page.select_option("#id_trigger", "pattern")
    expect(page.locator("#id_phrases")).to_be_visible()
    expect(page.locator("#id_minimum_score")).to_be_hidden()
    page.fill("#id_phrases", "data breach")
    page.fill("#id_patterns", "(?=x)y")
    expect(page.locator("#er-tried")).to_contain_text("look-ahead and look-behind are not possible")
    page.fill("#id_patterns", "")
    page.get_by_label("escalate at once, before anything else").check()
    page.fill("#id_channels", "web")
    page.locator("#id_try-text").fill("Was there a DATA breach?")
    tried = page.locator("#er-tried")
    sentence = "When the message says “data breach” and the channel is web, then escalate at once"
    expect(tried).to_contain_text(sentence)
    expect(page.locator("#er-typed")).to_contain_text(sentence)
    expect(tried).to_contain_text("This rule fires on “DATA breach”")
    expect(tried).to_contain_text("the channel is web: unknown: a hard rule fires all the same")
    page.fill("#id_try-channel", "mail")
    expect(tried).to_contain_text("This rule does not fire")
    page.locator("[name=_continue]").press("Enter")
    page.wait_for_url("**/change/**")
    page.get_by_role("button", name="Run the back-test").click()
    expect(page.get_by_role("status").filter(has_text="A run is queued")).to_be_visible()
    jobs.run_due()
    page.get_by_role("link", name="Enable", exact=True).click()
    page.get_by_role("button", name="Enable", exact=True).click()
    expect(page.locator(".er-panel").first).to_contain_text("live")
    page.fill("#id_phrases", "data breach\nleak")
    page.locator("[name=_continue]").click()
    expect(page.locator(".er-panel").first).to_contain_text("Version 1 decides until version 2 is enabled")

    page.goto(f"{live_server.url}/admin/escalation/rule/order/")
    hard = page.locator(".er-sortable").first.locator("li")
    expect(hard.nth(7)).to_contain_text("Breach")
    hard.nth(7).focus()
    page.keyboard.press("Alt+ArrowUp")
    expect(hard.nth(6)).to_contain_text("Breach")
    hard.nth(6).get_by_role("button", name="Move Breach up").press("Enter")
    expect(hard.nth(5)).to_contain_text("Breach")
    page.get_by_role("button", name="Save the order").click()
    expect(page.locator("body")).to_contain_text("asked in this order from the next turn on")
    assert [rule.name for rule in live_rule_set().rules][5] == "Breach"
    assert Rule.objects.get(name="Breach").version == 2
    page.goto(f"{live_server.url}/admin/escalation/rulesetversion/")
    page.goto(f"{live_server.url}/admin/escalation/rule/")
    page.evaluate("document.documentElement.classList.add('dark')")
    page.set_viewport_size({"width": 390, "height": 800})
    for path in ("rule/add/", "rule/order/", f"rule/{Rule.objects.get(name='Breach').pk}/change/"):
        page.goto(f"{live_server.url}/admin/escalation/{path}")
        page.evaluate("document.documentElement.classList.add('dark')")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert errors == []
