"""Reviewing drafts in a real browser: by keys alone, on one page, and blind where it is a second opinion."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, Route, expect

from core.models import User
from pilot.models import Draft, Review
from supportadmin.roles import roles_sync

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.row("5.2", "5.3", "5.8", "5.12", "8.12"),
]
VERDICTS = list(Review.Verdict.values)


@pytest.fixture
def enter(
    page: Page, live_server: Any, make_user: Callable[..., User], sign_in: Callable[[User], Client]
) -> Callable[..., Page]:
    """Open the desk as a reviewer."""

    def go(name: str) -> Page:
        roles_sync()
        user = User.objects.filter(username=name).first() or make_user(name, roles=("Reviewer",))
        cookie = sign_in(user).cookies[settings.SESSION_COOKIE_NAME].value
        page.context.add_cookies(
            [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}]
        )
        page.set_default_timeout(30_000)
        page.goto(f"{live_server.url}/admin/pilot/draft/desk/")
        return page

    return go


def shows(page: Page, draft: Draft) -> None:
    expect(page.locator(".rd-this .rd-words")).to_have_text(draft.turn.text)


def in_order() -> list[Draft]:
    return list(Draft.objects.select_related("turn").order_by("priority", "happened_at", "id"))


def test_twenty_drafts_are_reviewed_by_keys_and_the_last_is_taken_back(make_pilot, make_draft, enter) -> None:
    make_pilot(double_percent=0)
    for number in range(20):
        make_draft(f"How do I export <b>part {number}</b>?", tier="pro", external_id=f"c{number}")
    page = enter("rae")
    navigated: list[str] = []
    errors: list[str] = []
    page.on("framenavigated", lambda frame: navigated.append(frame.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    expected = []
    began = time.monotonic()
    for number, draft in enumerate(in_order()):
        shows(page, draft)
        if number < 7:  # reject, with each verdict
            verdict = VERDICTS[number]
            page.keyboard.press("r")
            page.keyboard.press(str(number + 1))
            if verdict == "wrong_segment":
                expect(page.locator("#rd-tier-text")).to_have_value("pro")
                page.keyboard.type("enterprise")
                page.keyboard.press("Enter")
            tier = "enterprise" if verdict == "wrong_segment" else ""
            expected.append(("rejected", verdict, tier, "", ""))
        elif number < 10:  # edit
            page.keyboard.press("e")
            expect(page.locator("#rd-text")).to_be_focused()
            if number == 7:
                page.keyboard.press("Control+Enter")
                expect(page.locator("#rd-message")).to_contain_text("Nothing is changed yet")
            page.keyboard.type("Hello! ")
            if number == 7:
                expect(page.locator("#rd-diff ins").first).to_contain_text("Hello!")
            page.keyboard.press("Control+Enter")
            if number == 8:  # words that were typed are not dropped by another key
                for key in "arsu":
                    page.keyboard.press(key)
                expect(page.locator("#rd-message")).to_contain_text("You have changed the text")
                shows(page, draft)
            page.keyboard.press("3")
            expected.append(("edited", "wrong_tone", "", f"Hello! {draft.turn.reply}", ""))
        else:
            if number == 10:
                page.keyboard.press("n")
                page.keyboard.type("Very good a")
                page.keyboard.press("Enter")
            page.keyboard.press("a")
            expected.append(("approved", "correct", "", "", "Very good a" if number == 10 else ""))
    minutes = (time.monotonic() - began) / 60
    expect(page.locator("#rd-done")).to_be_visible()
    expect(page.locator("#rd-saved")).to_have_text("Everything is saved")
    standing = Review.objects.filter(undone_at=None).order_by(
        "draft__priority", "draft__happened_at", "draft_id"
    )
    fields = ("outcome", "verdict", "tier", "final_text", "note")
    assert list(standing.values_list(*fields)) == expected
    assert 20 / minutes > 12
    page.keyboard.press("u")
    expect(page.locator("#rd-message")).to_contain_text("Taken back")
    shows(page, in_order()[-1])
    expect(page.locator("#rd-left")).to_have_text("1")
    assert (standing.count(), Review.objects.count()) == (19, 20)
    assert not Draft.objects.exclude(sent_at=None).exists()  # it is shadow
    assert (navigated, errors) == ([], [])


def test_the_second_reviewer_sees_no_first_review(make_pilot, make_draft, enter) -> None:
    make_pilot(double_percent=100)
    draft = make_draft("How do I export it?")
    page = enter("rae")
    shows(page, draft)
    before = page.locator("#rd-card").inner_html()
    page.keyboard.press("r")
    page.keyboard.press("7")
    expect(page.locator("#rd-done")).to_be_visible()
    expect(page.locator("#rd-saved")).to_have_text("Everything is saved")
    page = enter("sam")
    shows(page, draft)
    assert page.locator("#rd-card").inner_html() == before
    page.goto(page.url.replace("desk/", f"{draft.pk}/change/"))
    expect(page.locator("body")).to_contain_text("It waits for a review")
    expect(page.locator("body")).not_to_contain_text("must never be sent")


def test_what_is_decided_without_a_network_is_kept_and_sent_once(make_pilot, make_draft, enter) -> None:
    make_pilot(stage="assist", double_percent=0)
    first, second = make_draft("How do I export one?"), make_draft("How do I export two?")
    page = enter("rae")
    shows(page, first)
    down = True

    def record(route: Route) -> None:
        if down:
            route.abort()
        else:
            route.continue_()

    page.route("**/desk/record/", record)
    page.keyboard.press("a")
    shows(page, second)
    expect(page.locator("#rd-saved")).to_contain_text("1 not saved yet")
    page.keyboard.press("s")
    expect(page.locator("#rd-unskip")).to_be_visible()
    assert Review.objects.count() == 0
    down = False
    page.locator("#rd-retry").click()
    expect(page.locator("#rd-message")).to_contain_text("Sent to the customer")
    page.keyboard.press("u")
    expect(page.locator("#rd-message")).to_contain_text("cannot be taken back")
    first.refresh_from_db()
    assert (first.sent_text, Review.objects.count()) == (first.turn.reply, 1)
    page.locator("#rd-unskip").click()
    shows(page, second)
