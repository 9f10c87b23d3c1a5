"""Customers' words in other systems are words: no markup, no mention, no link."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from integrations.outgoing_text import html_text, markdown_text, plain_line, slack_text, subject_line

HOSTILE = (
    "![x](https://evil.example/pixel.png) [click](javascript:alert(1)) <b>bold</b> <https://evil.example>\n"
    "# heading\n- list\n1. one\n> quote\n```code``` ~~gone~~ *a* _b_ | t |\n---\n===\nwww.evil.example @kim\n"
)
MARKDOWN = MarkdownIt("commonmark", {"html": True, "linkify": False}).enable(["table", "strikethrough"])


@pytest.mark.row("3.13")
def test_hostile_words_are_no_markdown():
    tokens = [
        token.type for one in MARKDOWN.parse(markdown_text(HOSTILE)) for token in [one, *(one.children or [])]
    ]
    assert set(tokens) <= {"paragraph_open", "inline", "paragraph_close", "text", "softbreak", "text_special"}


@given(st.text(alphabet="ab @#*_`~[]()!<>|\\-=+.:/1\n&\t", max_size=60))
def test_no_words_at_all_make_an_image_a_link_or_html(words):
    for token in MARKDOWN.parse(markdown_text(words)):
        for child in token.children or []:
            assert child.type not in ("image", "link_open", "html_inline", "code_inline", "em_open")
        assert token.type not in ("html_block", "heading_open", "fence")


@pytest.mark.row("3.13")
@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("<!channel> & <@U123>", "&lt;!channel&gt; &amp; &lt;@\u200bU123&gt;"),
        ("@here #general", "@\u200bhere #\u200bgeneral"),
        ("<https://evil.example|bank>", "&lt;https:\u200b//evil.example|bank&gt;"),
        ("www.evil.example", "www\u200b.evil.example"),
        ("a\x00b\u202ec", "abc"),
    ],
)
def test_slack_shows_words_and_nobody_is_called(words, shown):
    assert slack_text(words) == shown


@given(st.text(max_size=80))
def test_slack_gets_no_control_sequence_of_anybody(words):
    assert "<" not in slack_text(words)
    assert ">" not in slack_text(words)


def test_a_title_is_one_line():
    assert plain_line("a\r\n b\x00\tc ") == "a b c"


@pytest.mark.row("4.16", "R44")
@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("a < b & c > d", "a &lt; b &amp; c &gt; d"),
        ("<a href=\"x\" onclick='y'>", "&lt;a href=&quot;x&quot; onclick=&#x27;y&#x27;&gt;"),
        ("one\r\ntwo\nthree", "one<br>two<br>three"),
        ("{{ticket.requester.email}}", "{\u200b{ticket.requester.email}}"),
        ("{% if x %}", "{\u200b% if x %}"),
        ("{{{{x", "{\u200b{\u200b{\u200b{x"),
        ("@ada look at https://evil.example", "@\u200bada look at https:\u200b//evil.example"),
        ("\u202egnp.exe\x00", "gnp.exe"),
        ("&lt;script&gt;", "&amp;lt;script&amp;gt;"),
    ],
)
def test_in_a_ticket_customers_words_are_text_and_no_placeholder(typed, sent):
    assert html_text(typed) == sent


def test_a_ticket_has_one_line_as_its_subject():
    assert subject_line("Hi\n{{ticket.id}}\tthere") == "Hi {\u200b{ticket.id}} there"
