"""The dial in a browser: the slider moves figures and mark without loading the page anew."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Browser, expect

from core.actors import Actor
from core.models import Job
from escalation.services import defaults_install

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.row("4.9")
def test_the_slider_is_moved_by_keyboard_and_the_value_is_saved_as_a_run(
    browser: Browser, live_server: Any, make_user: Any, sign_in: Any
) -> None:
    defaults_install(actor=Actor.system("test"))
    client = sign_in(make_user("lead", superuser=True))
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark")
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(f"{live_server.url}/admin/escalation/backtestrun/dial/")
    loaded: list[str] = []
    page.on("framenavigated", lambda frame: loaded.append(frame.url))
    before = page.locator("#bt-proposed").get_attribute("x1")

    page.locator("#value").focus()
    for key in ("PageUp",) * 7:
        page.keyboard.press(key)
    expect(page.locator("#bt-value")).to_have_text("0.7")
    expect(page.locator("#bt-figures")).to_contain_text("83 % (5 of 6)")
    expect(page.locator("#bt-figures")).to_contain_text("4 of 6 cases would go another way")
    expect(page.locator("#bt-proposed")).not_to_have_attribute("x1", before or "")
    assert not [url for url in loaded if "/dial/" not in url]
    assert page.evaluate("document.documentElement.scrollWidth <= 390")

    page.get_by_role("button", name="Save as run").click()
    expect(page.get_by_role("status").filter(has_text="A run is queued")).to_be_visible()
    assert Job.objects.get(task="escalation.tasks.run_backtest").arguments["change"]["value"] == 0.7
    assert faults == []
    context.close()
