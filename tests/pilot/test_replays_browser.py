"""A replay in a real browser: asked for, made, read, compared."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, expect

from core.actors import Actor
from core.models import User
from escalation.services import defaults_install
from pilot.models import ReplayRun
from pilot.replay import reading
from pilot.replay.running import replay_work
from supportadmin.roles import roles_sync
from tests.pilot.closed_tickets import MONDAY, closed_ticket, version_made
from tests.runtime.conftest import ENGINES

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.row("5.15")]


@pytest.fixture
def replays(
    page: Page,
    live_server: Any,
    make_user: Callable[..., User],
    sign_in: Callable[[User], Client],
    monkeypatch: pytest.MonkeyPatch,
) -> Page:
    """Return a support lead's page of replays, with six closed tickets."""
    monkeypatch.setattr(reading, "classifier_held", lambda version: ENGINES.classify)
    roles_sync()
    defaults_install(actor=Actor.system("test"))
    version_made()
    for number in range(6):
        outcome = "escalated" if number % 2 else "not_escalated"
        closed_ticket(
            number,
            ("How do I export <b>this</b>?", "I'll sue you")[number % 2],
            at=MONDAY + timedelta(hours=number),
            outcome=outcome,
        )
    cookie = sign_in(make_user("lea", roles=("Support lead",))).cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}]
    )
    page.set_default_timeout(30_000)
    page.goto(f"{live_server.url}/admin/pilot/replayrun/")
    return page


def test_six_tickets_are_replayed_read_and_compared(replays: Page) -> None:
    errors: list[str] = []
    replays.on("pageerror", lambda error: errors.append(str(error)))
    replays.on("response", lambda answer: errors.append(answer.url) if answer.status >= 400 else None)
    for name in ("First", "Second"):
        replays.get_by_role("link", name="Replay closed tickets").click()
        replays.get_by_label("Name (if you like)").fill(name)
        replays.get_by_label("Tickets at most").press("Enter")
        expect(replays.get_by_text("At work: 0 of 6 tickets")).to_be_visible()
        replay_work(run_id=ReplayRun.objects.get(name=name).pk, engines=ENGINES)
        replays.reload()
        expect(replays.get_by_role("row", name="exactly where people").first).to_contain_text(
            "100 % (6 of 6)"
        )
        expect(replays.get_by_text("How do I export <b>this</b>?").first).to_be_visible()
        replays.goto(replays.url.split("/admin/")[0] + "/admin/pilot/replayrun/")
    replays.get_by_role("link", name="Second").click()
    replays.get_by_role("button", name="Compare").click()
    expect(replays.get_by_text("identical: the same digest")).to_be_visible()
    replays.set_viewport_size({"width": 390, "height": 844})
    assert replays.evaluate("document.documentElement.scrollWidth") == 390
    assert errors == []
