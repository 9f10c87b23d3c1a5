"""Short vectors save comparisons and change no result."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb import ranking, sketch
from kb.embedding import index_article
from kb.sketch import Sketch
from kb.snapshot import IndexSnapshot
from tests.kb.words_encoder import WordsEncoder

WORDS = ["card", "invoice", "plan", "team", "key", "slack", "tax", "phone"]
BODY = "## {0}\n\n{0} {1}\n\n## Not covered\n\n- {2} {0}\n"
ARTICLES = st.dictionaries(
    st.integers(0, 60), st.tuples(*[st.sampled_from(WORDS)] * 3), min_size=1, max_size=40
)
QUERIES = st.lists(st.sampled_from([*WORDS, "crad", "invocie"]), min_size=1, max_size=4).map(" ".join)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kb.sketch.DIRECTIONS", 6)
    monkeypatch.setattr("kb.ranking.TITLE_CANDIDATES", 3)
    monkeypatch.setattr("kb.passages.ALL_SHARE", 0.8)
    monkeypatch.setattr("kb.sections.GATHERED_SHARE", 0.0)


def snapshot(articles: dict[int, tuple[str, ...]], least_rows: int) -> IndexSnapshot[int]:
    encoder = WordsEncoder()
    sketch.MIN_ROWS, before = least_rows, sketch.MIN_ROWS
    try:
        return IndexSnapshot.build(
            [
                index_article(key, 7, f"{words[0]} {words[1]}", BODY.format(*words), encoder)
                for key, words in articles.items()
            ],
            encoder,
        )
    finally:
        sketch.MIN_ROWS = before


@pytest.mark.row("R55", "7.8")
@settings(max_examples=40, deadline=None)
@given(
    ARTICLES,
    QUERIES,
    st.sets(st.integers(0, 60)),
    st.integers(1, 6),
    st.sampled_from(["", "tax card"]),
    st.data(),
)
def test_a_search_with_short_vectors_finds_the_very_same(articles, query, boosted, limit, hint, data):
    allowed = data.draw(st.sets(st.sampled_from(sorted(articles)), min_size=1))
    full, short = snapshot(articles, 10_000), snapshot(articles, 1)
    assert short._sections.sketch is not None
    options = {"allowed_articles": allowed, "boosted_articles": boosted, "limit": limit, "hint": hint}
    for method in ranking.METHODS:
        assert short.search(query, method=method, **options) == full.search(query, method=method, **options)
    changed = data.draw(st.tuples(*[st.sampled_from(WORDS)] * 3))
    new = index_article(3, 8, changed[0], BODY.format(*changed), WordsEncoder())
    assert short.replace(new).search(query, **options) == full.replace(new).search(query, **options)


def test_no_cosine_is_above_its_ceiling(monkeypatch):
    monkeypatch.setattr("kb.sketch.MIN_ROWS", 1)
    rng = np.random.default_rng(5)
    vectors = rng.normal(size=(300, 48)) * np.linspace(2, 0.1, 48)
    vectors = ranking.to_lattice(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
    ceilings = Sketch.of(vectors).ceilings(vectors[7])
    assert (ceilings >= ranking.passage_scores(vectors, vectors[7])).all()
    assert ceilings.max() <= 1
    assert (ceilings - ranking.passage_scores(vectors, vectors[7])).mean() < 0.5


def test_few_vectors_need_no_sketch():
    assert Sketch.of(np.zeros((sketch.MIN_ROWS - 1, 384), dtype=np.float32)) is None
