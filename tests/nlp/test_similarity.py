"""Late-interaction similarity against its definition."""

from __future__ import annotations

import numpy as np
import pytest

from nlp import similarity
from nlp.similarity import PositionBank, TokenBank, max_similarities


def _texts(n: int, seed: int, longest: int = 9) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    texts = [rng.normal(size=(rng.integers(1, longest), 8)) for _ in range(n)]
    return [(t / np.linalg.norm(t, axis=1, keepdims=True)).astype(np.float32) for t in texts]


def _by_definition(a: np.ndarray, b: np.ndarray) -> float:
    cosines = a @ b.T
    return float((cosines.max(axis=1).mean() + cosines.max(axis=0).mean()) / 2)


@pytest.mark.parametrize(("n", "m", "cells"), [(1, 40, 10**6), (30, 40, 10**6), (30, 40, 2000), (40, 1, 1)])
def test_max_similarity_follows_its_definition_in_blocks_of_any_size(
    monkeypatch: pytest.MonkeyPatch, n: int, m: int, cells: int
) -> None:
    monkeypatch.setattr(similarity, "BLOCK_CELLS", cells)
    a, b = _texts(n, 1), _texts(m, 2)
    found = max_similarities(TokenBank.of(a), PositionBank.of(TokenBank.of(b)))
    np.testing.assert_allclose(found, [[_by_definition(x, y) for y in b] for x in a], atol=1e-6)


def test_a_bank_with_itself_is_symmetric_with_ones() -> None:
    bank = TokenBank.of(_texts(25, 3))
    found = max_similarities(bank, PositionBank.of(bank))
    np.testing.assert_allclose(found, found.T, atol=1e-6)
    np.testing.assert_allclose(np.diag(found), 1, atol=1e-6)


def test_a_position_bank_holds_first_tokens_of_the_longest_text_first() -> None:
    texts = [np.full((length, 2), length, dtype=np.float32) for length in (1, 3, 2)]
    bank = PositionBank.of(TokenBank.of(texts))
    assert bank.order.tolist() == [1, 2, 0]
    assert bank.counts.tolist() == [3, 2, 1]
    assert bank.columns[0].tolist() == [3, 2, 1, 3, 2, 3]


def test_taking_texts_from_a_bank_keeps_their_tokens() -> None:
    texts = _texts(6, 4)
    taken = TokenBank.of(texts).take(np.array([4, 0]))
    np.testing.assert_array_equal(taken.vectors, np.vstack([texts[4], texts[0]]))
    assert taken.lengths.tolist() == [len(texts[4]), len(texts[0])]
