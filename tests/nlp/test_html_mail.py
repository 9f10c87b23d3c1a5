"""An HTML mail keeps its quotes and signatures when it becomes text."""

import pytest

from nlp.html_mail import html_to_text
from nlp.mail_parts import split


@pytest.mark.row("1.10")
@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("<p>yes</p><blockquote>old<br>older</blockquote><p>no</p>", "yes\n\n> old\n> older\n\nno"),
        ("a<blockquote>b<blockquote>c</blockquote></blockquote>", "a\n\n> b\n\n> > c"),
        ('<div>x</div><div class="gmail_signature">John<br>ACME</div>', "x\n\n--\nJohn\nACME"),
        ("it&nbsp;works", "it works"),
        ("<x-row>seen</x-row>", "seen"),
        ("never closed<blockquote>old", "never closed\n\n> old"),
        ("</blockquote>never opened", "never opened"),
        ("", ""),
    ],
)
def test_the_structure_of_the_mail_becomes_lines(body, text):
    assert html_to_text(body) == text


@pytest.mark.row("1.10")
def test_a_gmail_reply_is_cut_to_its_own_words():
    body = (
        '<div dir="ltr">Still broken.<br><div class="gmail_signature" data-smartmail="gmail_signature">'
        "John<br>ACME</div></div><br>"
        '<div class="gmail_quote"><div class="gmail_attr">On Tue, 3 May 2024 at 10:12, Help &lt;'
        '<a href="mailto:help@example.com">help@example.com</a>&gt; wrote:<br></div>'
        '<blockquote class="gmail_quote"><p>Hello John,</p><p>Please restart.</p></blockquote></div>'
    )
    assert split(html_to_text(body)).own == "Still broken."


@pytest.mark.row("1.10")
def test_answers_between_the_quotes_of_an_html_mail_are_kept():
    body = (
        "<p>On Tue, 3 May 2024 at 10:12, Help wrote:</p><blockquote><p>Did you restart?</p></blockquote>"
        "<p>Yes, twice.</p><blockquote><p>Which version?</p></blockquote><p>2.1</p>"
    )
    assert split(html_to_text(body)).own.split() == ["Yes,", "twice.", "2.1"]


@pytest.mark.row("1.10")
def test_an_outlook_reply_is_cut_to_its_own_words():
    body = (
        '<div>I still see it.</div><div id="Signature">Ann</div><div id="appendonsend"></div><hr>'
        '<div id="divRplyFwdMsg"><b>From:</b> Help &lt;help@example.com&gt;<br><b>Sent:</b> Tuesday<br>'
        "<b>To:</b> Ann<br><b>Subject:</b> RE: Refund</div><div>We refunded it.</div>"
    )
    assert split(html_to_text(body)).own == "I still see it."
