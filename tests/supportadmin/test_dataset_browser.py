"""A support lead's way in a browser: bring phrasings in, check the data set, mend what the check finds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

CSV = """text,label,source_ref
my password reset mail never shows up,billing_inquiry,DEMO-1039
Where is my bill?,a brand new intent,
"""


@pytest.mark.browser
@pytest.mark.row("3.1", "3.4", "3.5")
def test_a_lead_imports_phrasings_checks_them_and_retires_a_conflict(
    page_of: Callable[[str], Page], served: dict[str, Any]
) -> None:
    page = page_of("support_lead")
    page.goto(f"{served['url']}/admin/intents/phrasingimport/add/")
    file = {"name": "phrasings.csv", "mimeType": "text/csv", "buffer": CSV.encode()}
    page.set_input_files("input[type=file]", [file])  # type: ignore[list-item]
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("nothing is written yet")).to_be_visible()
    expect(page.get_by_text("A brand new intent (a_brand_new_intent)")).to_be_visible()
    page.locator(".sa-page").get_by_role("link", name="Take these phrasings in").click()
    page.get_by_role("button", name="Take these phrasings in").click()
    expect(page.get_by_text("What became of the phrasings")).to_be_visible()

    page.goto(f"{served['url']}/admin/intents/intent/health/?list=conflicts")
    check = page.get_by_role("button", name="Check")
    check.wait_for(timeout=120_000)  # the demo's own first check may still be under way
    check.click()
    expect(page.locator(".sa-page").get_by_text("up to date")).to_be_visible(timeout=120_000)
    conflict = page.get_by_label("my password reset mail never shows up")
    expect(conflict).to_be_visible()
    conflict.check()
    page.get_by_role("button", name="Retire ticked phrasings").click()
    expect(page.get_by_text("Phrasings retired: 1.")).to_be_visible()
    expect(page.get_by_label("my password reset mail never shows up")).to_have_count(0)

    page.goto(f"{served['url']}/admin/intents/intent/mapping/")
    expect(page.get_by_text("No map has been signed yet")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
