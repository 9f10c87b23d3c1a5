"""The benchmark of the search measures the product's own search, on invented articles."""

from __future__ import annotations

from collections import Counter

import pytest

from kb import index_loading
from kb.contracts import Audience
from kb.retrieval import search
from nlp.bm25 import tokenize
from supportadmin.benchmarks import search as benchmark
from supportadmin.benchmarks.search_corpus import Corpus, fill

CORPUS = Corpus(800)


def test_the_text_is_always_the_same_and_common_words_are_common():
    assert CORPUS.count == 100
    assert CORPUS.markdown(7) == Corpus(800).markdown(7)
    counts = Counter(term for number in range(1, 101) for term in tokenize(CORPUS.markdown(number)))
    common = [count for _, count in counts.most_common()]
    assert common[0] > 20 * common[200] > 0
    assert CORPUS.queries(50) == CORPUS.queries(50)
    assert {len(query.split()) for query in CORPUS.queries(200)} == {3, 4, 5, 6, 7}


@pytest.mark.row("7.8")
@pytest.mark.django_db
def test_the_three_readers_see_their_share_and_find_what_a_section_says(monkeypatch):
    encoder = benchmark.WordDirections()
    monkeypatch.setattr(index_loading, "_loaded", None)
    monkeypatch.setattr(index_loading, "encoder", lambda: encoder)
    monkeypatch.setattr("supportadmin.benchmarks.search_corpus.connection.close", lambda: None)
    fill(CORPUS, encoder)
    index = index_loading.fresh_index()
    assert (index.snapshot.section_count, len(index.snapshot.article_ids)) == (800, 100)
    found = {
        share: search(CORPUS.section(42, 3), audience=reader) for share, reader in benchmark.READERS.items()
    }
    assert {share: result.hits[0].article_id == 42 for share, result in found.items()} == {
        "1": False,
        "50": True,
        "100": True,
    }
    assert {share: len(index.readable[reader].ids) for share, reader in benchmark.READERS.items()} == {
        "1": 1,
        "50": 50,
        "100": 100,
    }
    assert search("anything", audience=Audience()).hits == ()
