"""A help centre's HTML becomes Markdown that reads the same and holds nothing active."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InvalidInput
from kb.exchange.html import MAX_HTML_CHARACTERS, html_to_markdown
from kb.markdown import plain_text, render
from tests.xss import PAYLOADS, active_nodes

pytestmark = pytest.mark.row("2.18")
ACTIVE = re.compile(
    r"<\s*(script|style|iframe|svg|object|form)|\bon\w+\s*=\s*[\"']?\w|javascript:", re.IGNORECASE
)


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        ("<h2>Title</h2><p>Some <b>bold</b> and <i>more</i>.</p>", "## Title\n\nSome **bold** and *more*."),
        ("<ol><li>One<ol><li>Sub</li></ol></li><li>Two</li></ol>", "1. One\n   1. Sub\n2. Two"),
        ("<p>One<br>two</p><hr><blockquote><p>Said</p></blockquote>", "One\\\ntwo\n\n---\n\n> Said"),
        (
            "<pre><code class='language-python'>x = 1 &lt; 2\n  y</code></pre>",
            "```python\nx = 1 < 2\n  y\n```",
        ),
        (
            "<table><tr><th>A</th><th>B</th></tr><tr><td>1|2</td><td><p>x</p><ul><li>y</li></ul></td></tr></table>",
            "| A | B |\n| --- | --- |\n| 1\\|2 | x y |",
        ),
        (
            "<table><tr><td>a</td><td><table><tr><td>n1</td><td>n2</td></tr></table></td></tr></table>",
            "| a | n1 n2 ; |\n| --- | --- |",
        ),
        (
            '<p><img src="https://x.example/a b.png" width="300" style="w" alt="Pic" onerror="alert(1)"></p>',
            "![Pic](https://x.example/a%20b.png)",
        ),
        (
            '<iframe src="//www.youtube.com/embed/1" title="How to" width="560"></iframe>',
            "[How to](https://www.youtube.com/embed/1)",
        ),
        ("<p>a<script>alert(1)</script><style>p{}</style>b</p>", "ab"),
        ('<p style="color:red" onclick="x()">Plain &amp; simple</p>', "Plain & simple"),
        (
            '<a href="javascript:alert(1)">x</a> <a href="JaVa\tscript:1">y</a> <a href="data:a,b">z</a>',
            "x y z",
        ),
        ("<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>", "\\<script>alert(1)\\</script>"),
        (
            "<p># no heading</p><p>1. no list</p><p>- no bullet</p>",
            "\\# no heading\n\n1\\. no list\n\n\\- no bullet",
        ),
        ("<p>a_b_c *not* `code` [x](y)</p>", "a_b_c \\*not\\* \\`code\\` \\[x\\](y)"),
        (
            '<p><a href="/hc/en-us/articles/9">there</a></p>',
            "[there](https://acme.example/hc/en-us/articles/9)",
        ),
        ('<p><a href="#top">up</a></p>', "up"),
        ("<p>open <b>bold <i>it</p><div>next</b>", "open **bold *it***\n\n***next***"),
        ("plain", "plain"),
        ("", ""),
    ],
)
def test_html_becomes_this_markdown(html: str, markdown: str) -> None:
    assert html_to_markdown(html, base_url="https://acme.example/hc/1") == markdown


def test_a_link_to_another_article_becomes_what_stands_for_it() -> None:
    html = '<a href="https://acme.example/hc/articles/9-Old#h_1">there</a>'
    assert (
        html_to_markdown(html, article_link=lambda target: "kb:new" if "/9-" in target else "")
        == "[there](kb:new)"
    )


def test_a_relative_link_without_a_base_becomes_its_words() -> None:
    assert html_to_markdown('<a href="/somewhere">there</a> <img src="/a.png" alt="Pic">') == "there Pic"


@pytest.mark.parametrize(
    ("html", "code"),
    [("x" * (MAX_HTML_CHARACTERS + 1), "too_long"), ("<div>" * 5000 + "x", "too_deep")],
)
def test_what_would_take_too_long_is_refused(html: str, code: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        html_to_markdown(html)
    assert refusal.value.code == code


PIECES = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg onload=alert(1)>",
    "<a href='javascript:alert(1)'>", "</a>", "<style>", "</style>", "<iframe src='javascript:alert(1)'>",
    "<iframe src='https://v.example/1'>", "</iframe>", "<table>", "<tr>", "<td>", "</td>", "</tr>",
    "</table>", "<ul>", "<li>", "</li>", "<p>", "</p>", "<b>", "</i>", "<pre>", "</pre>", "<code>",
    "</code>", "<!--", "-->", "<![CDATA[", "]]>", "<<", ">", "&lt;script&gt;", "&#x3c;script&#62;", "&",
    "text", "\n", "  ", "[x](javascript:alert(1))", "`", "*", "_", "|", "\\", "<math><mi>", "<form><input>",
    "<p onclick=x>",
]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=25))
def test_whatever_comes_in_nothing_active_is_rendered(pieces: list[str]) -> None:
    markdown = html_to_markdown("".join(pieces))
    shown = render(markdown)
    tags = "".join(re.findall(r"<[^>]*>", shown))
    assert ACTIVE.search(tags) is None, (markdown, shown)


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="ab12 .,-+#>*_`[]()!&;|~=:\\", max_size=40))
def test_plain_text_reads_as_it_was_written(text: str) -> None:
    words = " ".join(text.split())
    html = words.replace("&", "&amp;").replace("<", "&lt;")
    assert " ".join(plain_text(html_to_markdown(f"<p>x {html} x</p>")).split()) == " ".join(
        f"x {words} x".split()
    )


@pytest.mark.row("R19")
def test_no_hostile_html_is_active_after_the_conversion() -> None:
    assert len(PAYLOADS) >= 300
    for payload in PAYLOADS:
        for html in (payload, f"<p>{payload}</p>", f"<table><tr><td>{payload}</td></tr></table>"):
            assert active_nodes(render(html_to_markdown(html))) == [], payload
