"""Judging sampled turns in a real browser: by keys alone, on one page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page, expect

from core.models import User
from runtime.models import SampledTurn, Verdict
from runtime.verdicts.drawing import verdicts_draw
from runtime.verdicts.policy import verdict_policy_save
from supportadmin.roles import roles_sync
from tests.runtime.measured import SYSTEM, turn

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.row("4.15")]


@pytest.fixture
def judging(
    page: Page, live_server: Any, make_user: Callable[..., User], sign_in: Callable[[User], Client]
) -> Page:
    """Return a reviewer's page with four escalations and four answers to judge."""
    roles_sync()
    verdict_policy_save(actor=SYSTEM, double_percent=0)
    now = timezone.now()
    for number in range(8):
        turn(
            now - timedelta(hours=1), "escalate" if number % 2 else "answer", text=f"<b>Message {number}</b>"
        )
    verdicts_draw(actor=SYSTEM)
    user = make_user("rae", roles=("Reviewer",))
    cookie = sign_in(user).cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}]
    )
    page.set_default_timeout(30_000)
    page.goto(f"{live_server.url}/admin/runtime/sampledturn/")
    expect(page.locator("#vd-card")).to_be_visible()
    return page


def test_eight_turns_are_judged_by_keys_on_one_page_and_one_is_taken_back(judging: Page) -> None:
    navigated: list[str] = []
    errors: list[str] = []
    judging.on("framenavigated", lambda frame: navigated.append(frame.url))
    judging.on("pageerror", lambda error: errors.append(str(error)))
    expected = []
    for number, sampled in enumerate(
        SampledTurn.objects.select_related("turn", "stratum").order_by("position")
    ):
        expect(judging.locator(".vd-this .vd-words").first).to_have_text(sampled.turn.text)
        wrong = (
            ("2", "over", "could_answer") if sampled.stratum.escalated else ("3", "under", "asked_for_person")
        )
        if number == 0:
            judging.keyboard.press("3" if sampled.stratum.escalated else "2")
            expect(judging.locator("#vd-message")).to_contain_text("It was")
        if number == 7:
            judging.keyboard.press(wrong[0])
            judging.keyboard.press(str(5 if wrong[1] == "under" else 4))
            expect(judging.locator("#vd-note-text")).to_be_focused()
            judging.keyboard.type("Neither of them")
            judging.keyboard.press("Enter")
            expected.append((wrong[1], "other", "Neither of them"))
        elif number % 2:
            judging.keyboard.press(wrong[0])
            expect(judging.locator("#vd-reasons")).to_be_visible()
            judging.keyboard.press("1")
            expected.append((wrong[1], wrong[2], ""))
        else:
            judging.keyboard.press("4" if number == 2 else "1")
            expected.append(("cannot_tell" if number == 2 else "right", "", ""))
    expect(judging.locator("#vd-done")).to_be_visible()
    expect(judging.locator("#vd-saved")).to_have_text("Everything is saved")
    standing = Verdict.objects.standing().order_by("sampled__position")
    assert list(standing.values_list("answer", "reason", "note")) == expected
    judging.keyboard.press("u")
    expect(judging.locator("#vd-message")).to_contain_text("Taken back")
    expect(judging.locator("#vd-left")).to_have_text("1")
    assert standing.count() == 7
    assert (navigated, errors) == ([], [])
