"""What a message looks like after normalisation."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.cleaning import clean

ZERO_WIDTH = "\u200b\u200c\u200d\u2060\ufeff\u00ad"
BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2069"


@pytest.mark.row("1.10")
@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("  hello\t  world \r\n\r\n\r\n bye ", "hello world\n\nbye"),
        ("It doesnâ€™t work", "It doesn't work"),
        ("cafe\u0301", "café"),
        ("Ｆｕｌｌ　ｗｉｄｔｈ", "Full width"),
        (f"re{ZERO_WIDTH}fund{BIDI}", "refund"),
        ("a\x00b\x07c\x1b", "abc"),
        ("bad \ud83d surrogate", "bad surrogate"),
        ("\U000e0041\U000e0042hidden tags", "hidden tags"),
        ("<p>Hello <b>Jane</b>,</p><p>it&nbsp;works &amp; fine</p>", "Hello Jane,\nit works & fine"),
        ("one<br>two<br/>three", "one\ntwo\nthree"),
        ("<table><tr><td>Plan</td><td>Price</td></tr></table>", "Plan Price"),
        ("<ul><li>first</li><li>second</li></ul>", "first\nsecond"),
        ("<div>text</div><script>alert(1)</script><style>p{}</style>", "text"),
        ("<!-- note --><p>seen</p>", "seen"),
        ("if a < b and c > d", "if a < b and c > d"),
        ("error in <Unknown> at line 3", "error in <Unknown> at line 3"),
        ("", ""),
        (" \n\t ", ""),
    ],
)
def test_a_message_becomes_readable_text(raw, expected):
    assert clean(raw) == expected


@given(st.text(max_size=300))
def test_clean_text_is_normal_visible_and_trimmed(text):
    cleaned = clean(text)
    assert cleaned == cleaned.strip()
    assert unicodedata.is_normalized("NFC", cleaned)
    assert "\n\n\n" not in cleaned
    assert not {unicodedata.category(c) for c in cleaned if c != "\n"} & {"Cc", "Cf", "Cs"}


@given(st.text(alphabet=st.characters(codec="ascii", exclude_characters="<>&"), max_size=300))
def test_cleaning_again_changes_nothing(text):
    assert clean(clean(text)) == clean(text)


@pytest.mark.row("R15")
@pytest.mark.parametrize(
    "text",
    [
        "<div>" * 20_000,
        "<x><hr>" * 14_000,
        "<b></p>" * 14_000,
        "<dialog>" * 12_000,
        "<" * 100_000,
        "<p " * 33_000,
        "&amp;" * 20_000,
        "\n " * 50_000,
        "â€™" * 33_000,
        "<!--" * 25_000,
    ],
    ids=lambda text: repr(text[:6]),
)
def test_a_hostile_message_of_100_kilobytes_takes_no_longer_than_a_second(text):
    started = time.process_time()
    clean(text)
    assert time.process_time() - started < 10  # linear: takes about a second; quadratic would take minutes
