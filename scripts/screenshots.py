"""Take pictures of the running product: `python scripts/screenshots.py --out docs/images [--all]`.

Reads the address and the password from DATA_DIR/demo-credentials.json, as `make run` leaves it. Without
``--all`` only the README's pictures are made; with it every main page at 1440 and 390 px, light and dark.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

QUESTION = "I was charged twice this month, where can I see my invoices?"
PAGES = {
    "dashboard": "/admin/",
    "articles": "/admin/kb/article/",
    "intents": "/admin/intents/intent/",
    "models": "/admin/intents/modelversion/",
    "handoffs": "/admin/runtime/handoff/",
    "turns": "/admin/runtime/turn/",
    "rules": "/admin/escalation/rule/",
    "jobs": "/admin/core/job/",
    "keys": "/admin/core/apikey/",
    "api": "/api/docs/",
}
SIZES = {"wide": (1440, 900), "narrow": (390, 844)}


def main() -> None:
    """Sign in and take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/images"))
    parser.add_argument("--all", action="store_true")
    options = parser.parse_args()
    data_dir = Path(os.environ.get("DATA_DIR", "var"))
    credentials = json.loads((data_dir / "demo-credentials.json").read_text())
    options.out.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-background-networking"]
        )
        if options.all:
            for size in SIZES:
                for theme in ("light", "dark"):
                    _tour(browser, credentials, options.out, size, theme)
        else:
            page = _signed_in(browser, credentials, "wide", "light")
            _dashboard(page, credentials["url"], options.out / "dashboard.png")
            _playground(page, credentials["url"], options.out / "playground.png")
        browser.close()


def _tour(browser: Browser, credentials: dict[str, str], out: Path, size: str, theme: str) -> None:
    page = _signed_in(browser, credentials, size, theme)
    url = credentials["url"]
    for name, path in PAGES.items():
        page.goto(url + path)
        _settle(page)
        page.screenshot(path=out / f"{name}-{size}-{theme}.png", full_page=name != "api")
    page.goto(url + "/admin/kb/article/")
    page.locator("#result_list tbody a").first.click()
    _settle(page)
    page.screenshot(path=out / f"article-{size}-{theme}.png", full_page=True)
    _playground(page, url, out / f"playground-{size}-{theme}.png")
    page.goto(url + "/demo/chat/")
    page.fill("#message", "How do I reset my password?")
    page.keyboard.press("Enter")
    page.locator(".msg.agent").nth(1).wait_for()
    page.screenshot(path=out / f"chat-{size}-{theme}.png")
    page.context.close()


def _signed_in(browser: Browser, credentials: dict[str, str], size: str, theme: str) -> Page:
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme="dark" if theme == "dark" else "light"
    )
    page = context.new_page()
    page.goto(credentials["url"] + "/admin/")
    page.fill("#id_username", credentials["username"])
    page.fill("#id_password", credentials["password"])
    page.keyboard.press("Enter")
    page.locator(".sa-page").wait_for()
    return page


def _dashboard(page: Page, url: str, path: Path) -> None:
    page.goto(url + "/admin/")
    _settle(page)
    page.screenshot(path=path)


def _playground(page: Page, url: str, path: Path) -> None:
    page.goto(url + "/admin/playground/")
    page.fill("#id_text", QUESTION)
    page.locator("#playground button[type=submit]").click()
    page.locator(".sa-verdict").wait_for()
    _settle(page)
    page.screenshot(path=path, full_page=True)


def _settle(page: Page) -> None:
    page.wait_for_load_state("networkidle")


if __name__ == "__main__":
    main()
