"""A lead writes the lines around answers and sees real answers in them before anything is saved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, expect

from core.models import User
from runtime.drafting.voice_row import draft_voice
from tests.runtime.conftest import HIT

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.row("2.14", "8.12")]


def test_what_is_typed_is_seen_around_a_real_answer_and_a_claim_is_refused_at_once(
    page: Page,
    live_server: Any,
    make_user: Callable[..., User],
    sign_in: Callable[[User], Client],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("runtime.admin.draft_voice.sample_sections", lambda limit: [HIT] * limit)
    lead = make_user("lee", "runtime.view_draftvoice", "runtime.change_draftvoice")
    cookie = sign_in(lead).cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}]
    )
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{live_server.url}/admin/runtime/draftvoice/")
    first = page.locator(".dv-text").first
    expect(first).to_contain_text("1. Open Settings.")
    page.get_by_label("Opening of steps").fill("<b>Here</b> is how:")
    expect(page.locator(".dv-problem")).to_contain_text("leave out figures, addresses, markup")
    expect(first).to_contain_text("<b>Here</b> is how:")  # words, never markup
    page.get_by_label("Opening of steps").fill("Here is how:")
    expect(page.locator(".dv-problem")).to_have_count(0)
    expect(first).to_contain_text("Here is how:")
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.get_by_label("Opening of steps").press("Enter")
    expect(page.locator("body")).to_contain_text("The voice is saved.")
    assert draft_voice().opening_steps == "Here is how:"
    assert errors == []
