"""In the browser: an administrator connects a Linear, a lead sees the payload and creates one issue."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from scripts.stand_in_linear import LinearBook, serve

SECRET = "lin_api_typed_in_the_browser_Zz9"


@pytest.fixture(scope="module", autouse=True)
def this_machine_may_be_asked() -> Iterator[None]:
    """Set before ``served`` starts, which passes the environment on."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ALLOW_LOOPBACK_ACTIONS", "1")
        yield


@pytest.fixture
def linear() -> Iterator[tuple[str, LinearBook]]:
    book = LinearBook(api_key=SECRET)
    server = serve(book, 0)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", book
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.browser
@pytest.mark.row("3.13")
@pytest.mark.timeout(400)
def test_one_issue_from_the_secret_to_the_ledger(
    linear: tuple[str, LinearBook], served: dict[str, Any], page_of: Callable[[str], Page]
) -> None:
    url, book = linear
    page = page_of("admin")
    page.goto(f"{served['url']}/admin/runtime/connection/")
    page.get_by_role("link", name="Linear, team Product").click()
    expect(page.locator("#id_team_id")).to_be_visible()
    expect(page.locator("#id_channel")).to_be_hidden()  # of Slack
    page.fill("#id_url", url)
    page.fill("#id_secret", SECRET)
    page.locator("#id_enabled").check()
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.locator("#id_secret")).to_have_value("")
    assert SECRET not in page.content()
    page.get_by_role("link", name="Test connection").click()
    page.get_by_role("button", name="Test connection").click()
    expect(page.get_by_text("The connection works.")).to_be_visible()
    assert book.effects == []

    page = page_of("support_lead")
    page.goto(f"{served['url']}/admin/runtime/action/")
    page.get_by_role("link", name="linear_create_issue").click()
    page.get_by_role("link", name="Try with sample values").click()
    page.fill("[name=value_title]", "Export <b>fails</b>")
    page.get_by_role("button", name="Show the payload").click()
    expect(page.locator(".sa-payload")).to_contain_text('"title": "Export <b>fails</b>"')
    assert book.effects == []
    page.get_by_role("button", name="Run once").dblclick()
    expect(page.get_by_text("Succeeded: Linear issue SUP-1.").first).to_be_visible()
    assert [issue["title"] for issue in book.issues.values()] == ["Export <b>fails</b>"]
    assert len(book.effects) == 1
