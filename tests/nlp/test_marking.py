"""The message as stretches: what was kept, dropped, masked and written out."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.glossary import Glossary
from nlp.marking import Stretch, marked
from nlp.ticket_text import prepare

GLOSSARY = Glossary((("pw", "password"),))


@pytest.mark.row("1.10")
def test_every_stretch_says_what_became_of_it_and_why() -> None:
    message = "My pw fails, write to kim@customer.example\n\nSent from my iPhone"
    assert marked(prepare(message, glossary=GLOSSARY)) == (
        Stretch("kept", "My "),
        Stretch("expanded", "pw", "“pw” in the glossary", "password"),
        Stretch("kept", " fails, write to "),
        Stretch("masked", "kim@customer.example", "email", "[email]"),
        Stretch("dropped", "\n\nSent from my iPhone", "signature"),
    )


def test_an_address_in_a_dropped_quote_is_part_of_the_quote() -> None:
    message = (
        "Still broken.\n\nOn Mon, 2 Feb 2026 Kim <kim@customer.example> wrote:\n> call kim@customer.example"
    )
    fates = [stretch.fate for stretch in marked(prepare(message))]
    assert fates == ["kept", "dropped"]


@given(st.text(alphabet="pw kim@customer.example\n>-", max_size=200))
@settings(max_examples=100, deadline=None)
def test_the_stretches_joined_are_the_readable_message(message: str) -> None:
    prepared = prepare(message, glossary=GLOSSARY)
    assert "".join(stretch.text for stretch in marked(prepared)) == prepared.readable
