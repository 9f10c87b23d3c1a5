"""The whole way of a message: readable, own words, masked, written out; once is enough."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.glossary import DEFAULT_GLOSSARY, Glossary
from nlp.mail_parts import Part
from nlp.redaction import Span
from nlp.ticket_text import PIPELINE_VERSION, prepare, version_of

ON_TUESDAY = "On Tue, 3 May 2024 at 10:12, Jane <jane@example.com> wrote:"


@pytest.mark.row("1.10", "1.11")
def test_a_message_goes_the_whole_way():
    raw = f"Hi Anna,\r\n\r\ncx  forgot pw, write to jo@example.com\n\nThanks,\nBob\n\n{ON_TUESDAY}\n> old"
    result = prepare(raw, glossary=DEFAULT_GLOSSARY)
    assert result.clean == "customer forgot password, write to [email]"
    assert result.raw_length == len(raw)
    assert [part.kind for part in result.dropped] == ["greeting", "closing", "signature", "quote"]
    assert [(span.kind, result.readable[span.start : span.end]) for span in result.masked] == [
        ("email", "jo@example.com")
    ]
    assert [(fired.term, result.readable[fired.start : fired.end]) for fired in result.expanded] == [
        ("cx", "cx"),
        ("pw", "pw"),
    ]


@pytest.mark.row("1.10")
def test_all_positions_point_into_the_readable_message():
    result = prepare("Hi,\ncall 212-555-0147 asap", glossary=DEFAULT_GLOSSARY)
    assert result.readable == "Hi,\ncall 212-555-0147 asap"
    assert result.dropped == (Part("greeting", 0, 4),)
    assert result.masked == (Span(9, 21, "phone"),)
    assert [(fired.start, fired.end) for fired in result.expanded] == [(22, 26)]
    assert result.clean == "call [phone] as soon as possible"


@pytest.mark.row("1.10")
def test_html_keeps_its_quotes_apart():
    body = f"<p>It&nbsp;fails</p><p>{ON_TUESDAY}</p><blockquote>Hello,<br>restart it</blockquote><p>I did</p>"
    assert prepare(body, is_html=True).clean == "It fails\nI did"


@pytest.mark.row("1.11")
def test_what_the_glossary_brings_to_light_is_masked_too():
    glossary = Glossary({"kw": "password"})
    assert prepare("kw: tiger", glossary=glossary).clean == "password: [password]"


@pytest.mark.row("1.10")
@pytest.mark.parametrize(
    ("raw", "clean", "only_quote"),
    [
        ("Thanks!", "Thanks!", False),
        ("", "", False),
        (f"{ON_TUESDAY}\n> old", "", True),
        ("use &lt;b&gt; here", "use here", False),
        ("jane@example.com", "[email]", False),
    ],
)
def test_short_messages_keep_their_sense(raw, clean, only_quote):
    result = prepare(raw)
    assert (result.clean, result.only_quote) == (clean, only_quote)


@pytest.mark.row("1.10")
def test_a_stored_text_is_known_to_be_stale_by_its_version():
    with_table = prepare("x", glossary=DEFAULT_GLOSSARY).version
    assert prepare("x").version == version_of(None) == f"{PIPELINE_VERSION}:-"
    assert with_table == version_of(DEFAULT_GLOSSARY)
    assert with_table != version_of(Glossary({"cx": "client"}))


PIECES = [
    *(
        "Hi team,\n",
        "Hi, ",
        "Hello Anna,",
        "> quoted",
        "\n",
        "\n\n",
        " ",
        ON_TUESDAY,
        "Thanks!",
        "thx",
        "tyvm",
    ),
    *(
        "Best regards,\n",
        "John Smith\n",
        "+1 415-555-0171",
        "password: ",
        "pw",
        "hunter2",
        "--\n",
        "cx",
        "FYI",
    ),
    *(
        "From: x\nSent: y\nTo: z\n",
        "&lt;b&gt;",
        "<b>",
        "&amp;lt;",
        "<blockquote>",
        "</blockquote>",
        "eta",
        "[email]",
    ),
    *(
        "4111 1111 1111 1111",
        "Sent from my iPhone\n",
        "PS: ",
        "`pw`",
        ", ",
        ". ",
        "w/",
        "token=",
        "On Tue",
        "wrote:",
    ),
    *(
        "https://a.example.com/?token=abcd1234&b=1",
        "This email is confidential.\n",
        ">",
        "!",
        "I ",
        "[password]",
    ),
    *("-----Original Message-----\n", "##- Please type your reply above this line -##\n", "jane@example.com"),
]


@pytest.mark.row("1.10")
@given(
    st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=5)), max_size=14).map("".join), st.booleans()
)
def test_preparing_again_changes_nothing(text, is_html):
    once = prepare(text, is_html=is_html, glossary=DEFAULT_GLOSSARY)
    assert prepare(text, is_html=is_html, glossary=DEFAULT_GLOSSARY) == once
    again = prepare(once.clean, glossary=DEFAULT_GLOSSARY)
    assert again.clean == again.readable == once.clean
    assert (again.dropped, again.masked, again.expanded) == ((), (), ())
    for found in (*once.dropped, *once.masked, *once.expanded):
        assert 0 <= found.start < found.end <= len(once.readable)
