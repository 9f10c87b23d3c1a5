"""The main path of each role, in a browser on the product as `make run` starts it; and the README's curl."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

README = Path(__file__).resolve().parents[2] / "README.md"
EXAMPLES = re.findall(r"```bash\n(.*?)```", README.read_text(), re.DOTALL)
Served = dict[str, Any]
PageOf = Callable[[str], Page]


@pytest.mark.row("7.1")
def test_every_curl_example_of_the_readme_answers(served: Served) -> None:
    assert len(EXAMPLES) == 4
    for command in EXAMPLES:
        run = subprocess.run(
            ["bash", "-c", command],
            env={"URL": served["url"], "KEY": served["api_key"], "PATH": "/usr/bin:/bin"},
            capture_output=True,
            check=True,
            timeout=60,
        )
        assert json.loads(run.stdout), command


@pytest.mark.browser
@pytest.mark.row("2.11", "2.13", "8.1")
def test_a_kb_owner_writes_a_reviewer_publishes_and_the_agent_answers(
    page_of: PageOf, served: Served
) -> None:
    page = page_of("kb_owner")
    page.goto(f"{served['url']}/admin/kb/article/add/")
    page.locator("#id_title").press_sequentially("Can I print shelf labels for a stockroom?")
    page.fill("#id_slug", "print-shelf-labels")
    page.locator(".CodeMirror").click()
    page.keyboard.insert_text(
        "# Can I print shelf labels for a stockroom?\n\n1. Open **Items**, choose **Print labels**.\n"
    )
    expect(page.locator(".CodeMirror")).to_contain_text("Print labels")
    page.check("#id_for_everyone", force=True)
    expect(page.locator("#id_for_everyone")).to_be_checked()
    page.locator("[name=_continue]").click()
    page.wait_for_url("**/change/**")
    article = page.url
    page.get_by_role("link", name="Submit for review").click()
    page.get_by_role("button", name="Submit for review").click()
    expect(page.locator("body")).to_contain_text("It waits for a reviewer now.")
    expect(page.get_by_role("link", name="Approve", exact=True)).to_have_count(0)

    page = page_of("reviewer")
    page.goto(article)
    for step in ("Approve", "Publish"):
        page.get_by_role("link", name=step, exact=True).click()
        page.get_by_role("button", name=step, exact=True).click()

    page.goto(f"{served['url']}/admin/playground/")
    for _ in range(60):  # the worker may first sort the demo's tickets, slice by slice
        page.fill("#id_text", "how can I print labels for the shelves in our stockroom?")
        page.get_by_role("button", name="Ask the agent").click()
        page.locator(".sa-verdict").wait_for()
        if page.locator("#result").get_by_text("Can I print shelf labels").count():
            break
        page.wait_for_timeout(1000)
    expect(page.locator("#result")).to_contain_text("Can I print shelf labels for a stockroom?")


@pytest.mark.browser
@pytest.mark.row("3.3", "3.4")
def test_a_tagger_adds_a_phrasing_from_a_ticket(page_of: PageOf, served: Served) -> None:
    page = page_of("tagger")
    page.goto(f"{served['url']}/admin/intents/example/add/")
    page.locator("#id_text").fill("the sign in form just spins for ever on my tablet")
    page.locator("#id_source_ref").fill("DEMO-9001")
    page.select_option("#id_intent", label="Account access")
    page.select_option("#id_origin", "ticket")
    page.locator("[name=_save]").click()
    page.goto(f"{served['url']}/admin/intents/example/?q=spins+for+ever")
    expect(page.locator("#result_list")).to_contain_text("the sign in form just spins for ever on my tablet")


@pytest.mark.browser
@pytest.mark.row("3.20")
def test_a_support_lead_trains_a_candidate_and_rolls_back(page_of: PageOf, served: Served) -> None:
    page = page_of("support_lead")
    page.goto(f"{served['url']}/admin/intents/modelversion/")
    page.get_by_role("link", name="Train a new model").click()
    expect(page.locator("body")).to_contain_text(re.compile("train", re.IGNORECASE))


@pytest.mark.browser
@pytest.mark.row("4.16", "4.10")
def test_a_customer_asks_for_a_person_and_a_tagger_takes_the_handoff(page_of: PageOf, served: Served) -> None:
    page = page_of("tagger")
    page.goto(f"{served['url']}/demo/chat/")
    page.fill("#message", "I want to talk to a human about my delivery notes")
    page.keyboard.press("Enter")
    expect(page.locator(".msg.note")).to_contain_text("A person takes over now")
    page.fill("#message", "are you there?")
    page.keyboard.press("Enter")
    expect(page.locator(".msg.customer")).to_have_count(2)
    expect(page.locator("#who")).to_have_text("Waiting for a person")

    page.goto(f"{served['url']}/admin/runtime/handoff/")
    page.locator("#result_list tbody a").first.click()
    expect(page.locator("body")).to_contain_text("delivery notes")
    expect(page.locator("body")).to_contain_text("are you there?")
    page.get_by_role("link", name=re.compile("Accept|Take")).first.click()
    page.get_by_role("button", name=re.compile("Accept|Take")).click()
    expect(page.locator("body")).to_contain_text(re.compile("accepted", re.IGNORECASE))


@pytest.mark.browser
@pytest.mark.row("2.7")
def test_the_chat_answers_and_takes_a_thumb(page_of: PageOf, served: Served) -> None:
    page = page_of("support_lead")
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{served['url']}/demo/chat/")
    page.get_by_role("button", name=re.compile("Sign-in")).click()
    expect(page.locator("#where")).to_have_text("You are on Sign-in")
    page.fill("#message", "How do I reset my password?")
    page.keyboard.press("Enter")
    expect(page.locator(".msg.agent").nth(1)).to_contain_text("Forgot password")
    page.get_by_role("button", name="This helped").click()
    expect(page.get_by_role("button", name="This helped")).to_have_attribute("aria-pressed", "true")
    assert errors == []


@pytest.mark.browser
@pytest.mark.row("8.12")
@pytest.mark.parametrize("path", ["/admin/", "/admin/playground/", "/demo/chat/", "/admin/kb/article/"])
def test_pages_fit_a_phone(page_of: PageOf, served: Served, path: str) -> None:
    page = page_of("admin")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(served["url"] + path)
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
