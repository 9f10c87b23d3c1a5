"""The article editor in a real browser: started without the network, with the server's own preview."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, expect

from core.models import User
from kb.models import Revision
from tests.kb.conftest import WRITER

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def writers_page(
    page: Page, live_server: Any, make_user: Callable[..., User], sign_in: Callable[[User], Client]
) -> Page:
    cookie = sign_in(make_user("wanda", *WRITER)).cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}]
    )
    return page


@pytest.mark.row("2.11", "R19")
def test_an_article_is_written_with_a_live_sanitised_preview(writers_page: Page, live_server: Any) -> None:
    page, outside, errors = writers_page, [], []
    page.on("request", lambda request: outside.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("dialog", lambda dialog: errors.append(dialog.message))
    page.goto(f"{live_server.url}/admin/kb/article/add/")
    page.locator("#id_title").press_sequentially("How do I add a colleague?")
    expect(page.locator("#id_slug")).to_have_value("how-do-i-add-a-colleague")
    page.locator(".CodeMirror").click()
    page.keyboard.insert_text("# Add a colleague\n\nChoose **Invite** <img src=x onerror=alert(1)>.")
    page.get_by_role("button", name="Preview", exact=True).click()
    expect(page.locator(".editor-preview strong")).to_have_text("Invite")
    expect(page.locator(".editor-preview h1")).to_have_text("Add a colleague")
    page.get_by_role("button", name="Preview", exact=True).click()
    page.check("#id_for_everyone")
    page.locator("[name=_continue]").click()
    page.wait_for_url("**/change/**")
    page.get_by_role("link", name="Submit for review").click()
    page.get_by_role("button", name="Submit for review").click()
    expect(page.locator("body")).to_contain_text("It waits for a reviewer now.")
    revision = Revision.objects.get()
    assert (revision.state, revision.title) == ("in_review", "How do I add a colleague?")
    assert revision.body == "# Add a colleague\n\nChoose **Invite** <img src=x onerror=alert(1)>."
    assert [url for url in outside if not url.startswith((live_server.url, "data:"))] == []
    assert errors == []


@pytest.mark.row("2.11")
def test_what_is_typed_a_moment_before_saving_is_saved(writers_page: Page, live_server: Any) -> None:
    page = writers_page
    page.goto(f"{live_server.url}/admin/kb/article/add/")
    page.fill("#id_title", "How do I leave?")
    page.fill("#id_slug", "how-do-i-leave")
    page.check("#id_for_everyone")
    page.locator(".CodeMirror").click()
    page.evaluate(
        """() => {
            document.execCommand("insertText", false, "# Leave");
            document.querySelector("[name=_continue]").click();
        }"""
    )
    page.wait_for_url("**/change/**", timeout=10_000)
    assert Revision.objects.get().body == "# Leave"


@pytest.mark.row("2.11")
def test_an_article_without_text_is_refused_in_words(writers_page: Page, live_server: Any) -> None:
    page = writers_page
    page.goto(f"{live_server.url}/admin/kb/article/add/")
    page.fill("#id_title", "How do I leave?")
    page.fill("#id_slug", "how-do-i-leave")
    page.locator("[name=_continue]").click()
    expect(page.locator("body")).to_contain_text("This field is required.")
    assert not Revision.objects.exists()
