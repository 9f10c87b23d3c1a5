"""The share of a query's weight that a text holds."""

import numpy as np
import pytest

from nlp.bm25 import BM25

DOCUMENTS = [["acme", "refund"], ["acme", "plan"], ["acme", "plan", "tax"]]
EVERYONE = np.ones(3, dtype=bool)


@pytest.mark.row("2.6")
def test_a_word_that_occurs_everywhere_says_little():
    index = BM25.build(DOCUMENTS)
    rare, common = index.shares(["acme", "refund"], [["refund"], ["acme"]], EVERYONE)
    assert rare > 0.85
    assert rare + common == pytest.approx(1.0)


@pytest.mark.row("R55")
def test_documents_outside_the_mask_change_no_share():
    mask = np.array([True, True, False])
    asked = (["plan", "tax", "unknown"], [["plan"], ["tax"], []])
    alone = BM25.build(DOCUMENTS[:2]).shares(*asked, np.ones(2, dtype=bool))
    assert BM25.build(DOCUMENTS).shares(*asked, mask).tolist() == alone.tolist()


def test_a_query_without_terms_shares_nothing():
    assert BM25.build(DOCUMENTS).shares([], [["plan"]], EVERYONE).tolist() == [0.0]
