"""Hostile texts in a real browser. A module of its own: its transaction leaves the database empty."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Page

from core.actors import Actor
from kb.models import Article, Revision
from kb.services import article_create, article_set_audience
from runtime.models import Handoff
from tests.supportadmin.poison import EDITOR, People, lists
from tests.xss import ACTIVE_IN_BROWSER, PAYLOADS, fitting


@pytest.fixture
def hostile_page(browser: Browser, live_server: Any, root: Client) -> Iterator[Page]:
    """A browser that lets every script run: the texts are held back by escaping, not by the CSP."""
    context = browser.new_context(bypass_csp=True)
    cookie = root.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
    yield context.new_page()
    context.close()


@pytest.mark.browser
@pytest.mark.row("R19", "2.1")
@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(300)
def test_nothing_runs_in_a_browser(hostile_page: Page, live_server: Any, people: People) -> None:
    page, said, outside = hostile_page, [], []
    page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda request: outside.append(request.url))
    owner = Actor.of_user(people[0])
    whole = article_create(
        actor=owner, slug="whole", title="Whole?", body="\n\n".join(PAYLOADS).replace("\x00", "")
    )
    article_set_audience(actor=owner, article=whole.article, for_everyone=True)
    Article.objects.filter(pk=whole.article_id).update(published_revision=whole)

    def look() -> None:
        assert page.evaluate("window.__xss") is None, page.url
        assert page.evaluate(f"({ACTIVE_IN_BROWSER})(document)") == [], page.url

    first = Article.objects.order_by("pk").first()
    draft = Revision.objects.filter(number=2).order_by("pk").first()
    assert first is not None
    assert draft is not None
    for address in (
        "/help/whole/",
        EDITOR,
        f"{EDITOR}{first.pk}/change/",
        f"/admin/kb/revision/{draft.pk}/change/",
        f"/admin/kb/revision/{whole.pk}/change/",
        f"{EDITOR}audience/?show=hidden&question=%22%3E%3Cimg+src%3Dx+onerror%3Dwindow.__xss%3D1%3E",
        "/admin/kb/voiceguide/brand/",
        "/admin/tickets/category/",
        "/admin/tickets/ticket/",
        "/admin/intents/example/",
        "/admin/runtime/handoff/",
    ):
        page.goto(live_server.url + address)
        page.wait_for_timeout(150)
        look()
    page.goto(f"{live_server.url}{EDITOR}{whole.article_id}/change/")  # the linter and the preview at work
    page.locator(".kb-live-lint .kb-finding").first.wait_for()
    page.get_by_role("button", name="Preview", exact=True).click()
    page.locator(".editor-preview-active").wait_for()
    page.wait_for_timeout(300)
    look()
    for handoff in Handoff.objects.order_by("pk"):
        page.goto(f"{live_server.url}/admin/runtime/handoff/desk/?case={handoff.pk}")
        page.locator(".dk-line.human").first.wait_for()
        page.locator("[data-list=waiting] a").first.wait_for()
        look()
    page.goto(f"{live_server.url}/admin/playground/")
    page.fill("#id_text", fitting(0, 3_900))
    page.get_by_role("button", name="Ask the agent").click()
    page.locator(".sa-verdict").wait_for()
    look()
    # All lists once more, parsed by the browser without being shown.
    for address in lists():
        found = page.evaluate(
            f"""async (url) => ({ACTIVE_IN_BROWSER})(new DOMParser().parseFromString(
                await (await fetch(url)).text(), "text/html"))""",
            live_server.url + address,
        )
        assert found == [], address
    seen_alive = page.evaluate(  # the finder does see them where nothing holds them back
        f"""(texts) => texts.filter((text) => ({ACTIVE_IN_BROWSER})(
            new DOMParser().parseFromString("<body>" + text, "text/html")).length).length""",
        PAYLOADS,
    )
    assert seen_alive > 170
    assert said == []
    assert [url for url in outside if not url.startswith((live_server.url, "data:", "blob:"))] == []
