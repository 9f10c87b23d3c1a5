"""The arithmetic of ranking."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb import ranking
from nlp.bm25 import tokenize


def unit_rows(seed, rows, dimension=384):
    vectors = np.random.default_rng(seed).normal(size=(rows, dimension))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.row("R55")
@given(st.integers(0, 2**32 - 1), st.integers(1, 40))
def test_cosines_on_the_lattice_are_exact_in_any_order_of_summation(seed, rows):
    matrix = ranking.to_lattice(unit_rows(seed, rows))
    query = ranking.to_lattice(unit_rows(seed + 1, 1))[0]
    exact = np.clip((matrix.astype(np.float64) * query.astype(np.float64)).sum(axis=1), 0, 1)
    order = np.random.default_rng(seed).permutation(matrix.shape[1])
    assert ranking.passage_scores(matrix, query).tolist() == exact.tolist()
    assert ranking.passage_scores(matrix[:, order].copy(), query[order]).tolist() == exact.tolist()
    assert np.array_equal(matrix, matrix.astype(np.float16).astype(np.float32))


def test_rounding_to_the_lattice_moves_a_cosine_by_less_than_a_thousandth():
    left, right = unit_rows(1, 200), unit_rows(2, 200)
    rounded = (ranking.to_lattice(left) * ranking.to_lattice(right)).sum(axis=1)
    assert np.abs(rounded - (left * right).sum(axis=1)).max() < 1e-3


def test_title_scores_are_the_mean_of_both_directions():
    axes = np.eye(3, dtype=np.float32)
    scores = ranking.title_scores(axes[:2], [axes[:1], axes[:2], axes[2:]])
    assert scores.tolist() == [0.75, 1.0, 0.0]


def test_word_scores_are_shares_of_the_ceiling():
    assert ranking.word_scores(np.array([0.0, 2.0, 4.0]), 4.0).tolist() == [0, 0.5, 1]
    assert ranking.word_scores(np.zeros(2), 0.0).tolist() == [0, 0]


def test_the_weights_of_the_blend_sum_to_one():
    assert ranking.blend(np.ones(1), np.ones(1), np.ones(1)).tolist() == [1.0]


def test_ties_come_in_the_order_of_rows():
    scores, eligible = np.array([0.5, 0.9, 0.5, 0.0, 0.9]), np.array([True, True, True, True, False])
    assert ranking.top(scores, eligible, 10).tolist() == [1, 0, 2]
    assert ranking.top(scores, eligible, 1).tolist() == [1]


@pytest.mark.row("2.7")
@pytest.mark.parametrize(
    ("query", "vague"),
    [
        ("how do I change this?", True),
        ("help", True),
        ("I have a question about this page", True),
        ("why is it not working?", True),
        ("reset password", False),
        ("change my invoice", False),
        ("SSO", False),
    ],
)
def test_a_query_without_a_subject_is_vague(query, vague):
    assert ranking.is_vague(tokenize(query)) is vague


@pytest.mark.row("2.7")
def test_the_page_lifts_only_its_articles_and_a_vague_query_more():
    scores, boosted = np.array([0.2, 0.2]), np.array([True, False])
    assert ranking.page_boost(scores, boosted, vague=False) == pytest.approx([0.248, 0.2])
    assert ranking.page_boost(scores, boosted, vague=True) == pytest.approx([0.68, 0.2])


@pytest.mark.row("2.7")
def test_the_page_makes_no_answer_of_what_does_not_answer():
    scores, boosted = np.array([0.1, 0.3]), np.array([True, False])
    lifted = ranking.page_boost(scores, boosted, vague=False)
    assert lifted.argmax() == 1


def test_a_hint_lifts_by_its_cosine_and_only_what_was_found():
    scores, hint = np.array([0.4, 0.4, 0.0]), np.array([0.8, 0.0, 1.0])
    assert ranking.lean(scores, hint) == pytest.approx([0.52, 0.4, 0.0])


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_a_hint_never_overrules_a_clear_match_nor_leaves_the_scale(low, cosine):
    clear = min(1.0, low + ranking.HINT_WEIGHT + 1e-9)
    lifted = ranking.lean(np.array([clear, low]), np.array([0.0, cosine]))
    assert lifted[0] >= lifted[1]
    assert lifted.max() <= 1


@pytest.mark.row("2.6")
@pytest.mark.parametrize(
    ("similarity", "words", "best_answer", "expected"),
    [
        ([0.7, 0.9], [0.5, 1.0], 0.59, 0),  # 0.7 · 0.7 + 0.3 · 0.5 = 0.64
        ([0.7, 0.9], [0.5, 1.0], 0.60, None),  # not clearly nearer
        ([0.7, 0.9], [0.5, 1.0], 0.70, None),
        ([0.49, 0.9], [1.0, 1.0], 0.1, None),  # not near
        ([0.5, 0.9], [0.4, 1.0], 0.1, 0),
        ([0.6, 0.9], [0.0, 1.0], 0.1, None),  # no rare word in common
    ],
)
def test_an_exclusion_must_be_near_and_clearly_nearer_than_any_answer(
    similarity, words, best_answer, expected
):
    eligible = np.array([True, False])
    found = ranking.find_exclusion(np.array(similarity), np.array(words), eligible, best_answer)
    assert found == expected
