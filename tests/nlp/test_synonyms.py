"""Synonyms in a query: which phrases match, and that another word never outranks the one asked for."""

from __future__ import annotations

import numpy as np
import pytest

from nlp.bm25 import BM25, Wanted, tokenize
from nlp.synonyms import Synonyms, SynonymsRefused

LINES = [["invoice", "bill", "receipt"], ["sign in", "log in", "login"], ["SSO", "single sign-on"]]
SYNONYMS = Synonyms(LINES, share=0.5)


def scores(texts: list[str], query: str) -> list[float]:
    index = BM25.build(map(tokenize, texts))
    return index.scores(SYNONYMS.wanted(query), np.ones(len(texts), dtype=bool))[0].tolist()


@pytest.mark.parametrize(
    ("query", "parts"),
    [
        ("invoices", [Wanted(("invoic",), ((("bill",), 0.5), (("receipt",), 0.5)))]),
        ("signing in", [Wanted(("sign",), ((("log",), 0.5), (("login",), 0.5)))]),
        ("sign a form", [Wanted(("sign",)), Wanted(("form",))]),
        ("my SSO", [Wanted(("sso",), ((("singl", "signon", "sign"), 0.5),))]),
        ("tax", [Wanted(("tax",))]),
        ("", []),
    ],
)
def test_whole_phrases_match_in_every_form(query, parts):
    assert SYNONYMS.wanted(query) == parts


def test_without_synonyms_a_query_is_its_terms():
    assert Synonyms().wanted("sign in to 2FA") == [Wanted((term,)) for term in tokenize("sign in to 2FA")]


def test_another_word_is_found_and_stays_below_the_one_asked_for():
    exact, other, nothing = scores(["invoice help", "bill help", "tax help"], "invoice")
    assert exact > other > nothing == 0
    # however rare the other word and however common the one that was asked for
    found = scores(["invoice"] * 8 + ["bill"] + ["tax"] * 9, "invoice")
    assert found[0] > found[8] > 0


def test_a_document_must_hold_all_words_of_another_phrase():
    found = scores(["single sign-on", "single room", "sso", "tax"], "SSO")
    assert [place for place, score in enumerate(found) if score] == [0, 2]


def test_several_words_for_the_same_count_once():
    bill, receipt, both = scores(["bill text", "receipt text", "bill receipt"], "invoice")
    assert bill == receipt == both > 0


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ([["invoice"]], "alone"),
        ([[]], "alone"),
        ([["invoice", "how to"]], "empty"),
        ([["invoice", "x" * 61]], "too_long"),
        ([[f"word{n}" for n in range(13)]], "too_many"),
        ([[f"a{n}x", f"b{n}x"] for n in range(1_001)], "too_many"),
        ([["invoice", "Invoices"]], "duplicate"),
        ([["invoice", "bill"], ["bills", "beak"]], "duplicate"),
    ],
)
def test_a_line_that_cannot_be_used_is_refused(lines, code):
    with pytest.raises(SynonymsRefused) as refusal:
        Synonyms(lines)
    assert refusal.value.code == code
