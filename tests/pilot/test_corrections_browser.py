"""A lead goes through the queue by keyboard: accepts three kinds, declines one, takes one back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, expect

from core.models import User
from escalation.models import Rule
from intents.models import Example, Intent
from kb.models import Article, Revision
from pilot.models import Correction
from supportadmin.roles import roles_sync
from tests.pilot.correcting import say_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.row("5.3", "5.6")
def test_a_lead_accepts_three_kinds_declines_one_and_takes_one_back(
    page: Page,
    live_server: Any,
    make_user: Callable[..., User],
    sign_in: Callable[[User], Client],
    make_pilot: Any,
    make_draft: Any,
) -> None:
    roles_sync()
    Intent.objects.create(slug="data_export", label="Data export", state="active")
    make_pilot()
    make_draft("unsure which way out")
    say_of(make_draft("How do I export a page?"), "wrong_fact", text="Choose <b>Backup</b> in Settings.")
    say_of(make_draft("How do I export it all?"), "unsafe")
    say_of(make_draft("How do I export my data?"))
    rules = Rule.objects.count()

    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    lena = make_user("lena", roles=("Support lead",))
    cookie = sign_in(lena).cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}]
    )
    page.set_default_timeout(20_000)
    page.goto(f"{live_server.url}/admin/pilot/correction/")
    expect(page.get_by_role("row")).to_have_count(5)
    assert (Example.objects.count(), Revision.objects.count(), Rule.objects.count()) == (0, 0, rules)

    # The message that was not understood comes first: its words are kept as an example.
    page.get_by_role("link", name="Begin with the first").click()
    expect(page.locator(".co-head h2")).to_contain_text("unsure which way out")
    page.get_by_label("Belongs to the intent").select_option("data_export")
    page.get_by_role("heading", name="The customer").click()
    page.keyboard.press("a")
    expect(page.locator(".co-head h2")).to_contain_text("How do I export a page?")
    assert Example.objects.get().text == "unsure which way out"

    # The wrong fact: the edit stands word by word beside the draft; a draft of an article, not published.
    expect(page.locator(".co-diff ins").first).to_be_visible()
    expect(page.get_by_label("Text of the draft (Markdown)")).to_have_value(
        "Choose <b>Backup</b> in Settings."
    )
    page.get_by_label("Title").fill("How do I export a page?")
    page.get_by_role("button", name="Accept").click()
    expect(page.locator(".co-head h2")).to_contain_text("How do I export it all?")
    assert Revision.objects.get().state == "draft"
    assert Article.objects.get().published_revision is None

    # What must never be sent: a rule with the words, disabled.
    page.get_by_label("When the customer writes").fill("export it all")
    page.get_by_label("Then").select_option("hard")
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    expect(page.locator(".co-head h2")).to_contain_text("was answered well")
    assert Rule.objects.latest("pk").live_version is None

    # The good answer is declined, then taken back by the key that the message offers.
    page.keyboard.press("d")
    expect(page.get_by_text("Everything is decided.")).to_be_visible()
    page.get_by_role("link", name="Look at it or take it back").click()
    expect(page.get_by_text("Declined by lena")).to_be_visible()
    page.keyboard.press("u")
    expect(page.get_by_role("button", name="Accept")).to_be_visible()
    assert sorted(Correction.objects.values_list("kind", "state")) == [
        ("article", "accepted"),
        ("phrasing", "accepted"),
        ("positive", "proposed"),
        ("rule", "accepted"),
    ]
    assert errors == []
