"""Product pages: which addresses a pattern takes, how fast, and what is refused."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.pages import BadPattern, check, matches, path_of


@pytest.mark.row("2.7")
@pytest.mark.parametrize(
    ("pattern", "page", "matched"),
    [
        ("/settings/billing", "/settings/billing", True),
        ("/settings/billing", "/settings/billing/", True),
        ("/settings/billing", "/settings/billing/cards", False),
        ("/settings/billing", "https://app.example:8443/settings/billing?tab=2#x", True),
        ("/settings/billing/**", "/settings/billing", True),
        ("/settings/billing/**", "/settings/billing/cards/3", True),
        ("/settings/billing/**", "/settings/billings", False),
        ("/items/*", "/items/7", True),
        ("/items/*", "/items", False),
        ("/items/*", "/items/7/edit", False),
        ("/items/*/edit", "/items/7/edit", True),
        ("/items/**/edit", "/items/edit", True),
        ("/items/**/edit", "/items/a/b/edit", True),
        ("/item-*", "/item-7", True),
        ("/a.b", "/axb", False),
        ("/", "/", True),
        ("/", "https://app.example", True),
        ("/", "/x", False),
        ("/**", "/", True),
        ("/**", "/any/where", True),
        ("/**", "", False),
        ("/x", "http://[", False),
        ("/x", "/x\ud83d", True),
        ("/café", "/café", True),
    ],
)
def test_a_pattern_takes_the_pages_it_says(pattern: str, page: str, matched: bool) -> None:
    check(pattern)
    assert matches(pattern, page) is matched


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "settings",
        "*",
        "//",
        "/a//b",
        "/a b",
        "/a?b",
        "/a#b",
        "/a/***",
        "/a/x**",
        "/" + "x" * 200,
        "/a" * 21,
    ],
)
def test_a_pattern_that_cannot_be_meant_is_refused(pattern: str) -> None:
    with pytest.raises(BadPattern):
        check(pattern)


@pytest.mark.row("R15")
def test_a_hostile_pattern_and_address_take_no_time() -> None:
    pattern = "/" + "*a" * 90
    check(pattern)
    began = time.perf_counter()
    assert not matches(pattern, "/" + "a" * 1_900 + "b")
    assert not matches(pattern, "/" + "a" * 100_000)  # no page has such an address
    assert not matches("/**/" * 4 + "x", "/a" * 50_000)
    assert time.perf_counter() - began < 10  # linear; backtracking would not end


@given(st.text(max_size=200))
def test_no_address_raises(page: str) -> None:
    matches("/items/**", page)
    path = path_of(page)
    assert path == "" or path.startswith("/")
