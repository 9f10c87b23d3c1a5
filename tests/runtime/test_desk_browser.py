"""A customer and a person of the desk, each in a browser of their own, from the handoff to the stars."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from core.models import User
from escalation.services import defaults_install
from runtime.models import Feedback, Handoff, HandoffMessage
from runtime.services import turn_take
from supportadmin import chat
from tests.runtime.conftest import ENGINES, SYSTEM

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LIVE = 15_000  # milliseconds: news is asked for every three seconds
PageOf = Callable[[User, str], Page]


@pytest.fixture
def page_of(
    browser: Browser, live_server: Any, sign_in: Callable[[User], Client], monkeypatch: pytest.MonkeyPatch
) -> Iterator[PageOf]:
    """Open an address as a person, in a browser that shares nothing with the others."""
    monkeypatch.setattr(chat, "turn_take", partial(turn_take, engines=ENGINES))
    defaults_install(actor=SYSTEM)
    contexts = []

    def open_page(user: User, address: str) -> Page:
        context = browser.new_context()
        contexts.append(context)
        cookie = sign_in(user).cookies[settings.SESSION_COOKIE_NAME].value
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.goto(f"{live_server.url}{address}")
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.mark.row("4.10", "4.16", "8.12")
def test_a_customer_is_handed_over_and_a_person_of_the_desk_settles_it(
    page_of: PageOf, make_user: Callable[..., User]
) -> None:
    tara = make_user("tara", "runtime.change_handoff", "runtime.view_handoff")
    desk = page_of(tara, "/admin/runtime/handoff/desk/")
    errors: list[str] = []
    desk.on("pageerror", lambda error: errors.append(str(error)))
    expect(desk.locator("#desk-empty")).to_be_visible()
    desk.route("**/desk/state/*", lambda route: route.abort())
    expect(desk.locator("#desk-connection")).to_contain_text("Connection lost", timeout=LIVE)
    desk.unroute("**/desk/state/*")

    customer = page_of(make_user("carl", "runtime.view_turn"), "/demo/chat/")
    customer.on("pageerror", lambda error: errors.append(str(error)))
    log = customer.locator("#log")
    customer.fill("#message", "I want a human <b>now</b>")
    customer.keyboard.press("Enter")
    expect(log).to_contain_text("A person takes over now")
    expect(customer.locator("#who")).to_have_text("Waiting for a person")
    customer.fill("#message", "It is about invoice 204")
    customer.keyboard.press("Enter")
    expect(log.locator(".msg.customer")).to_have_count(2)

    # It arrives without a reload; she looks at it and claims it by keys alone.
    expect(desk.locator("[data-list=waiting] [data-case]")).to_contain_text(
        "I want a human <b>now</b>", timeout=LIVE
    )
    expect(desk).to_have_title(re.compile(r"^\(1\) Handoff desk"))
    desk.keyboard.press("j")
    expect(desk.locator("#desk-title")).to_have_text("Data export")
    packet = desk.locator("[data-part=packet]")
    for known in ("93% certain", "Set off by", "want a human", "How do I export my workspace?", "demo:carl"):
        expect(packet).to_contain_text(known)
    expect(desk.locator("[data-part=log]")).to_contain_text("It is about invoice 204")
    expect(desk.locator("#desk-suggestion-text")).to_contain_text("don't need to repeat anything")
    desk.keyboard.press("c")
    expect(desk.locator("[data-part=tags]")).to_contain_text("With you")
    expect(customer.locator("#who")).to_have_text("With tara", timeout=LIVE)
    expect(log).to_contain_text("tara joined.")

    expect(desk.locator("#desk-connection")).to_be_hidden()

    # A draft outlives a reload of the desk; the customer's page finds its conversation again, too.
    desk.keyboard.press("r")
    desk.keyboard.type("Hello, which line of the")
    desk.reload()
    expect(desk.locator("#desk-reply")).to_have_value("Hello, which line of the")
    desk.locator("#desk-reply").focus()
    desk.keyboard.press("End")
    desk.keyboard.type(" invoice is wrong?")
    desk.keyboard.press("Control+Enter")
    expect(desk.locator("#desk-reply")).to_have_value("")
    expect(log.locator(".msg.person")).to_contain_text("which line of the invoice is wrong?", timeout=LIVE)
    customer.reload()
    expect(log.locator(".msg.person")).to_have_count(1)
    expect(log.locator(".msg.customer")).to_have_count(2)
    customer.fill("#message", "The second one")
    customer.keyboard.press("Enter")
    expect(desk.locator("[data-part=log]")).to_contain_text("The second one", timeout=LIVE)

    desk.locator("#desk-title").click()
    desk.keyboard.press("Escape")
    desk.locator("body").press("e")
    desk.get_by_label("Solved otherwise").check()
    desk.locator("#desk-resolve-note").fill("Credited")
    desk.locator("#desk-resolve").get_by_role("button", name="Resolve").click()
    expect(desk.locator("[data-part=tags]")).to_contain_text("Solved otherwise")
    expect(log).to_contain_text("tara has marked this as resolved", timeout=LIVE)
    customer.get_by_role("button", name="4 of 5 stars").click()
    expect(customer.get_by_role("button", name="4 of 5 stars")).to_have_attribute("aria-pressed", "true")

    # What the customer writes now is a new conversation, with the agent.
    customer.fill("#message", "How do I export?")
    customer.keyboard.press("Enter")
    expect(log).to_contain_text("A new conversation has begun.")
    expect(log.locator(".msg.agent").last).to_contain_text("Choose Export")
    handoff = Handoff.objects.get()
    assert (handoff.state, handoff.outcome, handoff.note) == ("resolved", "otherwise", "Credited")
    assert [(m.sender, m.text) for m in HandoffMessage.objects.order_by("pk")] == [
        ("customer", "It is about invoice 204"),
        ("human", "Hello, which line of the invoice is wrong?"),
        ("customer", "The second one"),
    ]
    assert Feedback.objects.get().csat == 4
    assert errors == []
