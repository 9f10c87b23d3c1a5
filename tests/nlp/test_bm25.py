"""Word search: what counts as a word, and that hidden documents count for nothing."""

import math
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.bm25 import BM25, K1, B, Wanted, stem, tokenize

DOCUMENTS = st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=12), max_size=8)


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("Turn on 2FA", "2fa"),
        ("SSO with Okta", "sso"),
        ("open /settings/billing now", "/settings/billing"),
        ("error 0x80070005", "0x80070005"),
        ("ERR_CONN_REFUSED", "errconnrefus"),
        ("version 1.8.19", "1.8.19"),
        ("C++ or C#", "c++"),
        ("C++ or C#", "c#"),
        ("café", "cafe"),
        ("our customer’s invoices", "customer"),
    ],
)
def test_product_terms_survive(text, term):
    assert term in tokenize(text)


@pytest.mark.parametrize("spelling", ["wi-fi", "WiFi", "Wi-Fi's"])
def test_spellings_of_a_compound_meet(spelling):
    assert "wifi" in tokenize(spelling)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("invoices", "invoice"),
        ("policies", "policy"),
        ("stopped", "stopping"),
        ("addresses", "address"),
        ("changing", "change"),
        ("exports", "exported"),
    ],
)
def test_word_forms_share_a_stem(left, right):
    assert stem(left) == stem(right)


@pytest.mark.parametrize("word", ["status", "access", "sms", "2fa", "red", "sing"])
def test_short_words_and_codes_are_left_alone(word):
    assert stem(word) == word


def test_stop_words_and_signs_are_no_terms():
    assert tokenize("how do I do this? 😀 … --") == []


def test_the_score_is_the_published_formula():
    index = BM25.build([["card", "card", "declined"], ["invoice"], ["card", "invoice", "tax", "line"]])
    scores, ceiling = index.scores(["card"], np.ones(3, dtype=bool))
    idf = math.log(1 + (3 - 2 + 0.5) / (2 + 0.5))
    norm = K1 * (1 - B + B * 3 / (8 / 3))
    assert scores[0] == pytest.approx(idf * 2 * (K1 + 1) / (2 + norm))
    assert scores[1] == 0
    assert ceiling == pytest.approx(idf * (K1 + 1))


def test_an_unknown_word_lowers_the_share_found():
    index = BM25.build([["card"], ["invoice"]])
    mask = np.ones(2, dtype=bool)
    known = index.scores(["card"], mask)
    with_unknown = index.scores(["card", "zeppelin"], mask)
    assert with_unknown[0].tolist() == known[0].tolist()
    assert with_unknown[1] > known[1]


@pytest.mark.row("R55", "2.5")
@given(DOCUMENTS, DOCUMENTS, st.lists(st.sampled_from("abcdefghz"), max_size=6))
def test_hidden_documents_change_no_score(visible, hidden, query):
    alone, alone_ceiling = BM25.build(visible).scores(query, np.ones(len(visible), dtype=bool))
    both = BM25.build([*hidden, *visible])
    mask = np.array([False] * len(hidden) + [True] * len(visible), dtype=bool)
    scores, ceiling = both.scores(query, mask)
    assert scores[mask].tolist() == alone.tolist()
    assert ceiling == alone_ceiling
    assert not scores[~mask].any()


@given(DOCUMENTS, DOCUMENTS, DOCUMENTS, st.data())
def test_documents_added_and_taken_equal_an_index_built_anew(old, new, newer, data):
    everything = [*old, *new, *newer]
    rows = data.draw(st.permutations(range(len(everything))).map(lambda order: order[: len(order) // 2 + 1]))
    changed = BM25.build(old).extended(new).extended(newer)
    mask = np.isin(np.arange(len(everything)), rows)
    query = [*"abch", Wanted(("d",), ((("e", "f"), 0.5),))]
    anew = BM25.build(everything).scores(query, mask)
    assert changed.scores(query, mask)[0].tolist() == anew[0].tolist()
    assert changed.scores(query, mask)[1] == anew[1]
    taken = changed.taken(np.array(rows, dtype=np.int64)).scores(query, np.ones(len(rows), dtype=bool))
    assert taken[0].tolist() == anew[0][rows].tolist()
    assert taken[1] == anew[1]


def test_nothing_allowed_or_asked_gives_zeros():
    index = BM25.build([["card"]])
    assert index.scores(["card"], np.zeros(1, dtype=bool))[0].tolist() == [0]
    assert index.scores([], np.ones(1, dtype=bool))[0].tolist() == [0]
    assert BM25.build([]).scores(["card"], np.zeros(0, dtype=bool))[0].tolist() == []


def test_a_very_long_query_is_bounded():
    index = BM25.build([["card"]])
    scores, ceiling = index.scores(["card", *map(str, range(100_000))], np.ones(1, dtype=bool))
    assert 0 < scores[0] < ceiling


@pytest.mark.row("7.8")
def test_five_thousand_documents_are_scored_at_once():
    rng = np.random.default_rng(7)
    words = [f"w{number}" for number in rng.zipf(1.3, size=500_000) % 20_000]
    index = BM25.build(words[start : start + 100] for start in range(0, 500_000, 100))
    mask = rng.random(5000) < 0.7
    times = []
    for _ in range(21):
        started = time.perf_counter()
        index.scores(["w1", "w2", "w3", "w50", "w700", "w9000"], mask)
        times.append(time.perf_counter() - started)
    assert sorted(times)[10] < 0.1  # takes about one millisecond: see `make bench`
