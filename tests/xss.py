"""Hostile texts (``xss_payloads.jsonl``), and how to see in a page whether one of them came alive.

Every payload holds ``__xss``; one that runs sets ``window.__xss``. A node is alive where a browser would run,
load, submit or style something that the payload says. ``ACTIVE_IN_BROWSER`` is the same rules for a real DOM.
"""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

MARK = "__xss"
ROWS = [json.loads(line) for line in Path(__file__).with_name("xss_payloads.jsonl").read_text().splitlines()]
PAYLOADS: list[str] = [row["payload"] for row in ROWS]

STEP = 80
NEVER = frozenset(
    {"iframe", "frame", "frameset", "object", "embed", "applet", "base", "portal", "meta-refresh"}
)
RUNS = re.compile(r"^(on|x-|@|:|hx-|data-hx-|v-|ng-|data-ng-)|^(style|srcdoc|formaction|action|ping)$")
ADDRESSES = frozenset(
    {"href", "src", "xlink:href", "srcset", "poster", "background", "cite", "data", "lowsrc"}
)
LOADS = frozenset({"src", "srcset", "poster", "background"})
BAD_SCHEME = re.compile(r"^(javascript|vbscript|livescript|data|feed|jar|view-source):", re.IGNORECASE)
REMOTE = re.compile(r"^([a-z]+:)?[/\\]{2}", re.IGNORECASE)
IGNORED_IN_URL = re.compile(r"[\x00-\x20]")
DATA_SCRIPTS = frozenset({"application/json", "application/ld+json"})

# Returns what is alive in a document, by the rules of ActiveNodes.
ACTIVE_IN_BROWSER = r"""
(root) => {
  const found = [];
  const never = new Set(["iframe","frame","frameset","object","embed","applet","base","portal"]);
  const runs = /^(on|x-|@|:|hx-|data-hx-|v-|ng-|data-ng-)|^(style|srcdoc|formaction|action|ping)$/;
  const loads = new Set(["src","srcset","poster","background"]);
  const addresses = new Set([...loads, "href","xlink:href","cite","data","lowsrc"]);
  const bad = /^(javascript|vbscript|livescript|data|feed|jar|view-source):/i;
  const remote = /^([a-z]+:)?[\/\\]{2}/i;
  for (const node of root.querySelectorAll("*")) {
    const tag = node.localName.toLowerCase();
    const type = (node.getAttribute("type") || "").toLowerCase();
    if (never.has(tag)) found.push("<" + tag + ">");
    if (tag === "meta" && node.getAttribute("http-equiv")?.toLowerCase() === "refresh") found.push("refresh");
    if ((tag === "script" && !["application/json", "application/ld+json"].includes(type) || tag === "style")
        && node.textContent.includes("__xss")) found.push("<" + tag + "> " + node.textContent.slice(0, 80));
    if (tag === "link" && node.outerHTML.includes("__xss")) found.push(node.outerHTML.slice(0, 120));
    for (const { name, value } of node.attributes) {
      if (!value.includes("__xss")) continue;
      const plain = value.replace(/[\x00-\x20]/g, "");
      if (runs.test(name) || (addresses.has(name) && bad.test(plain))
          || (loads.has(name) && remote.test(plain)) || (tag === "script" && name === "src"))
        found.push(tag + " " + name + "=" + value.slice(0, 80));
    }
  }
  return found;
}
"""


class ActiveNodes(HTMLParser):
    """Collect the nodes of a page that a payload has brought to life."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name.lower(): value or "" for name, value in attrs}
        self._inside = tag
        if tag == "script" and named.get("type", "").lower() in DATA_SCRIPTS:
            self._inside = ""
        if tag in NEVER or (tag == "meta" and named.get("http-equiv", "").lower() == "refresh"):
            self.found.append(f"<{tag}>")
        if tag == "link" and any(MARK in value for value in named.values()):
            self.found.append(f"<link> {named}")
        self.found += [
            f"{tag} {name}={value[:80]}" for name, value in named.items() if _is_alive(tag, name, value)
        ]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self._inside = ""

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside in ("script", "style") and MARK in data:
            self.found.append(f"<{self._inside}> {data[:80]}")


def _is_alive(tag: str, name: str, value: str) -> bool:
    if MARK not in value:
        return False
    plain = IGNORED_IN_URL.sub("", value)
    return bool(
        RUNS.search(name)
        or (name in ADDRESSES and BAD_SCHEME.search(plain))
        or (name in LOADS and REMOTE.search(plain))
        or (tag == "script" and name == "src")
    )


def active_nodes(html: str) -> list[str]:
    """Return what is alive in a page; empty where all payloads stayed text."""
    parser = ActiveNodes()
    try:
        parser.feed(html)
        parser.close()
    except AssertionError as error:  # a declaration that only a payload could have brought
        parser.found.append(str(error))
    return parser.found


def fitting(number: int, length: int | None, one_line: bool = False) -> str:
    """Return the payload of that number, for every STEPth also the next as far as they fit. No nulls."""
    chosen, size = [], 0
    for offset in range(STEP if number % STEP == 0 else 1):
        text = PAYLOADS[(number + offset) % len(PAYLOADS)].replace("\x00", "")
        if one_line:
            text = " ".join(text.split())
        size += len(text) + 1
        if chosen and length is not None and size > length:
            break
        chosen.append(text)
    joined = (" " if one_line else "\n").join(chosen)
    return joined if length is None else joined[:length]
