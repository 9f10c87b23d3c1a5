"""Eight-bit weights: what they keep of the vectors, and that a text's vectors are its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.byte_weights import BLOCK, quantised, with_byte_weights
from nlp.encoder import SentenceEncoder, bundled_folder, load_encoder

TEXTS = ["Where is my invoice?", "I can't log in since this morning", "ok", "Please cancel my plan " * 12]


def test_the_bundled_encoder_says_what_its_full_weights_say() -> None:
    full = SentenceEncoder(bundled_folder()).encode(TEXTS)
    assert (load_encoder().encode(TEXTS) * full).sum(axis=1).min() > 0.99


def test_the_vectors_of_a_text_do_not_depend_on_the_texts_beside_it() -> None:
    encoder = load_encoder()
    encoder.clear_cache()
    together = encoder.encode_tokens(TEXTS)
    for text, encoding in zip(TEXTS, together, strict=True):
        encoder.clear_cache()
        np.testing.assert_array_equal(encoder.encode_tokens([text])[0].tokens, encoding.tokens)


def test_models_and_indexes_of_the_full_weights_are_told_apart() -> None:
    assert load_encoder().fingerprint != SentenceEncoder(bundled_folder()).fingerprint


def test_every_matrix_of_the_encoder_has_eight_bits() -> None:
    model_path = bundled_folder() / "onnx" / "model.onnx"
    edited = with_byte_weights(model_path)
    assert edited.count(b"MatMulNBits") == 36  # six of each of the six layers
    assert 10_600_000 < len(edited) < 11_500_000  # 10.6 million weights: one byte each, and scales


@given(st.integers(0, 1000), st.integers(1, 3), st.integers(1, 5))
def test_a_weight_is_off_by_half_a_step_of_its_block_at_most(seed: int, blocks: int, outer: int) -> None:
    weights = np.random.default_rng(seed).normal(size=(blocks * BLOCK, outer)).astype(np.float32)
    numbers, scales = quantised(weights)
    restored = (numbers.astype(np.float32) - 128) * scales[:, :, None]
    off = np.abs(restored - weights.T.reshape(restored.shape))
    assert (off <= scales[:, :, None] * 0.5001).all()


def test_weights_of_zero_stay_zero() -> None:
    numbers, _ = quantised(np.zeros((BLOCK, 2), dtype=np.float32))
    assert (numbers == 128).all()


def test_what_is_not_a_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"\x0f")
    with pytest.raises(ValueError, match="wire type"):
        with_byte_weights(path)
