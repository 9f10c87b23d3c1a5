"""Positions are followed back through edits."""

from hypothesis import given
from hypothesis import strategies as st

from nlp.edits import Tracked


def test_what_was_put_in_stands_for_all_it_replaced():
    tracked = Tracked("call +1 555 now")
    tracked.apply([(5, 11, "[phone]")])
    assert tracked.text == "call [phone] now"
    assert tracked.original(5, 12) == (5, 11)
    assert tracked.original(13, 16) == (12, 15)
    tracked.apply([(0, 5, ""), (6, 7, "PH")])
    assert tracked.text == "[PHhone] now"
    assert tracked.original(0, 3) == (5, 11)


@given(st.text(min_size=1, max_size=40), st.data())
def test_every_character_that_is_left_is_found_where_it_was(text, data):
    tracked = Tracked(text)
    for _ in range(3):
        start = data.draw(st.integers(0, len(tracked.text)))
        end = data.draw(st.integers(start, len(tracked.text)))
        tracked.apply([(start, end, "")] if end > start else [])
    for number, character in enumerate(tracked.text):
        start, end = tracked.original(number, number + 1)
        assert text[start:end] == character
