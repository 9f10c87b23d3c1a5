"""The customer's side of a pilot in a real browser: the reply comes when somebody has let it through."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, expect

from core.actors import Actor
from core.models import User
from pilot.drafts.collecting import drafts_collect
from pilot.drafts.reviewing import review_record
from pilot.models import Draft
from runtime.services import turn_take
from supportadmin import chat
from tests.runtime.conftest import ENGINES

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.row("5.2")]


def decide(actor: Actor, outcome: str, **fields: Any) -> None:
    drafts_collect()
    draft = Draft.objects.filter(missing__gt=0).get()
    review_record(actor=actor, key=uuid.uuid4(), draft_id=draft.pk, outcome=outcome, seconds=2, **fields)


def test_the_customer_is_told_of_the_check_and_reads_what_was_sent(
    page: Page,
    live_server: Any,
    make_pilot: Callable[..., Any],
    rules: None,
    make_user: Callable[..., User],
    sign_in: Callable[[User], Client],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(chat, "turn_take", partial(turn_take, engines=ENGINES))
    make_pilot(channel=chat.CHANNEL, stage="assist", double_percent=0)
    ann = Actor.of_user(make_user("ann", "pilot.review_draft"))
    cookie = sign_in(make_user("carl", chat.PERMISSION)).cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}]
    )
    page.set_default_timeout(30_000)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{live_server.url}/demo/chat/")
    log = page.locator("#log")
    page.fill("#message", "How do I export?")
    page.keyboard.press("Enter")
    expect(log).to_contain_text("A person checks the reply")
    expect(log).not_to_contain_text("Settings")
    decide(ann, "edited", verdict="wrong_tone", final_text="Gladly: under **Preferences**.")
    expect(log.locator("strong")).to_have_text("Preferences", timeout=15_000)
    expect(log).not_to_contain_text("A person checks the reply")
    page.fill("#message", "And now?")
    page.keyboard.press("Enter")
    expect(log).to_contain_text("A person checks the reply")
    page.reload()
    expect(log).to_contain_text("A person checks the reply")
    decide(ann, "rejected", verdict="unsafe")
    expect(log).to_contain_text("Somebody from support will write to you", timeout=15_000)
    expect(log.locator("strong")).to_have_text("Preferences")
    assert errors == []
