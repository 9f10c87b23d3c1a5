"""Near words: by which distance, and what comes in place of a word that is not known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.bm25 import BM25, Wanted, tokenize
from nlp.spelling import Spellings, reach

SHORT_WORDS = st.text("abcd", min_size=3, max_size=8)
SHARE = 0.8


def distance(left: str, right: str) -> int:
    """The usual table of optimal string alignment, cell by cell."""
    cells = {(i, 0): i for i in range(len(left) + 1)} | {(0, j): j for j in range(len(right) + 1)}
    for i, a in enumerate(left, 1):
        for j, b in enumerate(right, 1):
            cells[i, j] = min(cells[i - 1, j] + 1, cells[i, j - 1] + 1, cells[i - 1, j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and b == left[i - 2]:
                cells[i, j] = min(cells[i, j], cells[i - 2, j - 2] + 1)
    return cells[len(left), len(right)]


@settings(max_examples=60)
@given(st.sets(SHORT_WORDS, max_size=30), st.text("abcd", min_size=4, max_size=9), st.integers(1, 2))
def test_near_words_are_all_those_within_the_distance(known, word, most):
    expected = sorted((distance(word, other), other) for other in known if distance(word, other) <= most)
    assert Spellings(known).near(word, most) == expected


@pytest.mark.parametrize(
    ("word", "edits"),
    [("tax", 0), ("2fa8", 0), ("/api", 0), ("card", 1), ("pasword", 1), ("statment", 2), ("x" * 33, 0)],
)
def test_longer_words_may_be_further_away_and_codes_are_left_alone(word, edits):
    assert reach(word) == edits


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("pasword", "password"), ("invocie", "invoice"), ("refnud", "refund"), ("acount", "account")],
)
def test_a_misspelt_word_finds_what_it_means_for_a_little_less(typed, meant):
    index = BM25.build([tokenize(meant), ["other"], ["another"]])
    everyone = np.ones(3, dtype=bool)
    exact, ceiling = index.scores(tokenize(meant), everyone)
    query = index.corrected([Wanted((term,)) for term in tokenize(typed)], everyone, SHARE)
    scores, attainable = index.scores(query, everyone)
    assert scores.tolist() == pytest.approx((SHARE * exact).tolist())
    assert attainable == pytest.approx(ceiling)


def test_a_known_word_is_never_taken_for_another():
    index = BM25.build([["cart"], ["card"], ["card"]])
    query = [Wanted(("cart",)), Wanted(("tax",)), Wanted(("zeppelin",))]
    assert index.corrected(query, np.ones(3, dtype=bool), SHARE) == query


def test_the_nearest_then_the_most_frequent_words_come_first():
    index = BM25.build([["cards"], ["cart"], ["carry"], ["cart", "cape"], ["cordon"]])
    found = index.corrected([Wanted(("carz",))], np.ones(5, dtype=bool), SHARE)
    assert found == [Wanted(("carz",), ((("cart",), SHARE),))]
    assert index.extended([["carb"]] * 3).corrected([Wanted(("carz",))], np.ones(8, dtype=bool), SHARE) == [
        Wanted(("carz",), ((("carb",), SHARE), (("cart",), SHARE)))
    ]


@pytest.mark.row("2.5", "R55")
@given(
    st.lists(st.lists(SHORT_WORDS, max_size=4), max_size=5),
    st.lists(st.lists(SHORT_WORDS, max_size=4), max_size=5),
    st.lists(SHORT_WORDS, min_size=1, max_size=3),
)
def test_words_that_only_hidden_documents_hold_are_no_corrections(visible, hidden, query):
    asked = [Wanted((word,)) for word in query]
    alone = BM25.build(visible).corrected(asked, np.ones(len(visible), dtype=bool), SHARE)
    mask = np.array([False] * len(hidden) + [True] * len(visible), dtype=bool)
    assert BM25.build([*hidden, *visible]).corrected(asked, mask, SHARE) == alone
    assert BM25.build(hidden).extended(visible).corrected(asked, mask, SHARE) == alone
