"""A support lead writes a handoff message in a real browser, and sees at once what is missing."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.urls import reverse
from playwright.sync_api import Page, expect

from core.actors import Actor
from escalation.models import HandoffTemplate
from escalation.services import defaults_install


@pytest.mark.browser
@pytest.mark.row("4.11")
@pytest.mark.django_db(transaction=True)
def test_the_parts_of_a_message_are_marked_while_it_is_typed(
    live_server: Any, page: Page, make_user: Any, sign_in: Any
) -> None:
    defaults_install(actor=Actor.system("test"))
    cookie = sign_in(make_user("lead", superuser=True)).cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}]
    )
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    template = HandoffTemplate.objects.get(reason="", locale="en")
    page.goto(live_server.url + reverse("admin:escalation_handofftemplate_change", args=(template.pk,)))
    readout = page.locator("#id_body + .words-readout")
    expect(readout.locator("mark.words-takeover")).to_have_text("connecting you with a support specialist")
    page.fill("#id_body", "A specialist will join you shortly. <b>{name}</b>")
    expect(readout).to_contain_text("Reassure the customer")
    expect(readout).to_contain_text("{name} is no placeholder")
    expect(readout.locator("mark.words-reassurance")).to_have_count(0)
    expect(readout.locator("b")).to_have_count(0)
    page.fill("#id_body", "I'm sorry. A specialist will join you in {wait_minutes} minutes.")
    expect(readout.locator(".words-preview")).to_have_text(
        "I'm sorry. A specialist will join you in 5 minutes."
    )
    expect(page.locator("#id_body_off_hours + .words-readout")).to_contain_text("(Berlin time)")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/handofftemplate/")
    template.refresh_from_db()
    assert template.body.startswith("I'm sorry. A specialist")
    assert errors == []
