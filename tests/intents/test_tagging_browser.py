"""The tagging inbox in a real browser: by keys alone, on one page, and when the network is away."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, expect

from core.models import User
from intents.models import Example, Intent, TaggingDecision, TaggingItem
from intents.services import intent_create
from tests.intents.tagged import SUGGESTED, SYSTEM, policy, queue_up

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
INBOX = "/admin/intents/taggingitem/"
MESSAGES = 45


@pytest.fixture
def inbox(
    page: Page, live_server: Any, with_role: Callable[[str, str], User], sign_in: Callable[[User], Client]
) -> Page:
    """Return a tagger's page with 45 messages, one of three intents suggested for each."""
    policy(double_percent=0, golden_percent=0)
    for slug in ("billing", "bugs", "exports"):
        intent_create(actor=SYSTEM, slug=slug, label=slug.capitalize(), state="active")
    queue_up(*(f"Where do I find invoice number {n}?" for n in range(MESSAGES)), **SUGGESTED)
    cookie = sign_in(with_role("tara", "Tagger")).cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}]
    )
    page.set_default_timeout(30_000)
    page.goto(f"{live_server.url}{INBOX}")
    expect(page.locator("#tg-text")).to_have_text("Where do I find invoice number 0?")
    return page


def _saved(page: Page) -> None:
    expect(page.locator("#tg-saved")).to_have_text("Everything is saved", timeout=30_000)


@pytest.mark.row("3.8")
def test_forty_messages_are_decided_by_keys_in_well_under_eighty_seconds_on_one_page(inbox: Page) -> None:
    navigated: list[str] = []
    errors: list[str] = []
    inbox.on("framenavigated", lambda frame: navigated.append(frame.url))
    inbox.on("pageerror", lambda error: errors.append(str(error)))
    keys = ["Enter", "a", "2", "o", "Enter", "3", "s+1", "Enter", "a", "/+bug+Enter"]
    began = time.monotonic()
    for number in range(40):
        expect(inbox.locator("#tg-text")).to_have_text(f"Where do I find invoice number {number}?")
        for key in keys[number % 10].split("+"):
            if key == "bug":
                inbox.keyboard.type(key)
            else:
                inbox.keyboard.press(key)
    expect(inbox.locator("#tg-text")).to_have_text("Where do I find invoice number 40?")
    _saved(inbox)
    seconds = time.monotonic() - began
    assert seconds < 60
    assert (navigated, errors) == ([], [])
    said = TaggingDecision.objects.order_by("pk").values_list("answer", "intent__slug", "skip_reason")
    one_round = [
        *[("intent", "billing", "")] * 2,
        ("intent", "bugs", ""),
        ("off_topic", None, ""),
        ("intent", "billing", ""),
        ("intent", "exports", ""),
        ("skip", None, "no_request"),
        *[("intent", "billing", "")] * 2,
        ("intent", "bugs", ""),
    ]
    assert list(said) == one_round * 4
    assert list(TaggingDecision.objects.order_by("pk").values_list("item__text", flat=True)) == [
        f"Where do I find invoice number {n}?" for n in range(40)
    ]
    assert Example.objects.count() == 32
    expect(inbox.locator("#tg-today")).to_have_text("40")
    expect(inbox.locator("#tg-problems")).to_be_hidden()
    expect(inbox.locator("#tg-left")).to_have_text("5")
    expect(inbox.locator("#tg-live")).to_contain_text("Next: Where do I find invoice number 40?")


@pytest.mark.row("3.8")
def test_undo_goes_back_several_levels_and_over_a_reload(inbox: Page) -> None:
    for number in range(3):
        expect(inbox.locator("#tg-text")).to_have_text(f"Where do I find invoice number {number}?")
        inbox.keyboard.press("Enter")
    _saved(inbox)
    inbox.keyboard.press("u")
    expect(inbox.locator("#tg-text")).to_have_text("Where do I find invoice number 2?")
    inbox.reload()
    expect(inbox.locator("#tg-text")).to_have_text("Where do I find invoice number 2?")
    for number in (1, 0):
        inbox.keyboard.press("u")
        expect(inbox.locator("#tg-text")).to_have_text(f"Where do I find invoice number {number}?")
    inbox.keyboard.press("u")
    expect(inbox.locator("#tg-live")).to_have_text("There is nothing to take back.")
    assert Example.objects.active().count() == 0
    assert TaggingItem.objects.waiting().count() == MESSAGES


@pytest.mark.row("3.8", "R33")
def test_decisions_wait_for_the_network_and_a_lost_answer_is_no_second_decision(inbox: Page) -> None:
    lost = []

    def lose_the_answer(route: Any) -> None:
        if len(lost) < 2:
            lost.append(route.fetch().status)  # the server has kept it; the browser does not hear of it
            route.abort()
        else:
            route.continue_()

    inbox.route("**/decide/", lose_the_answer)
    inbox.keyboard.press("Enter")
    expect(inbox.locator("#tg-text")).to_have_text("Where do I find invoice number 1?")
    expect(inbox.locator("#tg-saved")).to_contain_text("not saved yet")
    inbox.keyboard.press("2")
    _saved(inbox)
    assert lost == [200, 200]
    assert [d.intent.slug for d in TaggingDecision.objects.order_by("pk") if d.intent] == ["billing", "bugs"]
    assert Example.objects.count() == 2


@pytest.mark.row("3.8")
def test_a_refused_decision_is_shown_with_its_reason(inbox: Page) -> None:
    TaggingItem.objects.filter(text__endswith=" 0?").update(state="skipped")
    inbox.keyboard.press("Enter")
    expect(inbox.locator("#tg-problems")).to_contain_text(
        "“Where do I find invoice number 0?” → Billing: Somebody else has decided it in the meantime."
    )
    _saved(inbox)
    assert not TaggingDecision.objects.exists()


@pytest.mark.row("3.8")
def test_a_new_intent_is_proposed_and_a_refusal_keeps_what_was_typed(inbox: Page) -> None:
    inbox.keyboard.press("n")
    expect(inbox.locator("#tg-new")).to_contain_text("your support lead decides")
    inbox.keyboard.type("Billing")
    inbox.locator("#tg-description").fill("Printers and sizes.")
    inbox.get_by_role("button", name="Propose it").click()
    expect(inbox.locator("#tg-new-problem")).to_contain_text("There is an intent Billing (billing) already")
    expect(inbox.locator("#tg-description")).to_have_value("Printers and sizes.")
    inbox.locator("#tg-label").fill("Label printing")
    expect(inbox.locator("#tg-slug")).to_have_text("Bots will see label_printing")
    inbox.get_by_role("button", name="Propose it").click()
    expect(inbox.locator("#tg-text")).to_have_text("Where do I find invoice number 1?")
    decision = TaggingDecision.objects.get()
    assert (decision.answer, decision.proposed_label) == ("proposal", "Label printing")
    assert not Intent.objects.filter(slug="label_printing").exists()


@pytest.mark.row("3.8")
def test_on_a_phone_everything_is_a_button(inbox: Page) -> None:
    inbox.set_viewport_size({"width": 390, "height": 844})
    inbox.get_by_role("button", name="Bugs").click()
    expect(inbox.locator("#tg-text")).to_have_text("Where do I find invoice number 1?")
    inbox.get_by_role("button", name="Skip").click()
    inbox.get_by_role("button", name="Unclear").click()
    expect(inbox.locator("#tg-text")).to_have_text("Where do I find invoice number 2?")
    inbox.get_by_role("button", name="Undo").click()
    expect(inbox.locator("#tg-text")).to_have_text("Where do I find invoice number 1?")
    inbox.locator("#tg-input").click()
    inbox.get_by_role("option", name="Exports").click()
    expect(inbox.locator("#tg-text")).to_have_text("Where do I find invoice number 2?")
    _saved(inbox)
    assert inbox.evaluate("document.documentElement.scrollWidth") == 390
    standing = TaggingDecision.objects.standing().order_by("pk")
    assert [d.intent.slug for d in standing if d.intent] == ["bugs", "exports"]


@pytest.mark.row("3.8")
def test_the_keys_are_explained_and_do_not_act_while_somebody_types(inbox: Page) -> None:
    inbox.keyboard.press("?")
    expect(inbox.get_by_role("dialog", name="Keys")).to_be_visible()
    inbox.keyboard.press("a")
    inbox.keyboard.press("Escape")
    expect(inbox.get_by_role("dialog", name="Keys")).to_be_hidden()
    inbox.keyboard.press("c")
    inbox.keyboard.type("suo")
    expect(inbox.get_by_role("option")).to_contain_text("No intent of that name")
    inbox.keyboard.press("Escape")
    expect(inbox.locator("#tg-text")).to_have_text("Where do I find invoice number 0?")
    assert not TaggingDecision.objects.exists()


@pytest.mark.row("3.8")
def test_an_empty_inbox_is_asked_for_more_only_now_and_then(inbox: Page) -> None:
    calls: list[str] = []
    for number in range(MESSAGES):
        expect(inbox.locator("#tg-text")).to_have_text(f"Where do I find invoice number {number}?")
        inbox.keyboard.press("o")
    expect(inbox.locator("#tg-done")).to_be_visible()
    _saved(inbox)
    inbox.on("request", lambda request: calls.append(request.url))
    inbox.wait_for_timeout(2_000)
    assert len([url for url in calls if url.endswith("/take/")]) <= 1
