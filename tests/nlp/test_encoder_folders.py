"""Encoders of one's own: pooling, dimensions, prompts, and the script that makes the folder."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from nlp.byte_weights import _field
from nlp.encoder import EncoderError, SentenceEncoder, bundled_folder, load_encoder

DIMENSION = 768
TEXT = "query : where is my invoice ? i cannot find last bill . how do bake a cake"
WORDS = ["[CLS]", "[SEP]", "[UNK]", *TEXT.split()]
SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "build_encoder.py"


@pytest.fixture(scope="module")
def table() -> np.ndarray:
    """Return word vectors in which "invoice" and "bill" are nearly alike."""
    vectors = np.random.default_rng(0).normal(size=(len(WORDS), DIMENSION)).astype(np.float32)
    vectors[WORDS.index("bill")] = 3 * vectors[WORDS.index("invoice")]
    vectors[WORDS.index("invoice")] *= 3
    return vectors


@pytest.fixture
def source(tmp_path: Path, table: np.ndarray) -> Path:
    """Write a sentence-transformers folder whose model looks words up: 768 dimensions, mean pooling."""
    folder = tmp_path / "source"
    (folder / "onnx").mkdir(parents=True)
    (folder / "onnx" / "model.onnx").write_bytes(_look_up_model(table))
    tokenizer = Tokenizer(models.WordLevel({w: i for i, w in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 0), ("[SEP]", 1)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def test_mean_pooling_is_over_all_tokens_and_any_dimension_will_do(source: Path, table: np.ndarray) -> None:
    encoder = SentenceEncoder(source)
    assert encoder.dimension == DIMENSION
    mean = table[[0, WORDS.index("invoice"), 1]].mean(axis=0)
    np.testing.assert_allclose(encoder.encode(["invoice"])[0], mean / np.linalg.norm(mean), atol=1e-6)


def test_cls_pooling_takes_the_first_token(source: Path, table: np.ndarray) -> None:
    _write(source / "1_Pooling" / "config.json", {"pooling_mode_cls_token": True})
    found = SentenceEncoder(source).encode(["invoice"])[0]
    np.testing.assert_allclose(found, table[0] / np.linalg.norm(table[0]), atol=1e-6)


def test_other_poolings_are_refused(source: Path) -> None:
    _write(source / "1_Pooling" / "config.json", {"pooling_mode_mean_tokens": False})
    with pytest.raises(EncoderError, match="only mean and cls"):
        SentenceEncoder(source)


def test_a_default_prompt_is_pooled_but_is_none_of_the_tokens(source: Path, table: np.ndarray) -> None:
    plain = SentenceEncoder(source)
    _write(
        source / "config_sentence_transformers.json",
        {"prompts": {"q": "query : "}, "default_prompt_name": "q"},
    )
    prompted = SentenceEncoder(source)
    assert prompted.fingerprint != plain.fingerprint
    encoding = prompted.encode_tokens(["my invoice"])[0]
    rows = table[[0, WORDS.index("my"), WORDS.index("invoice"), 1]]
    np.testing.assert_allclose(encoding.tokens, rows / np.linalg.norm(rows, axis=1, keepdims=True), atol=1e-6)
    mean = table[[0, *(WORDS.index(w) for w in ("query", ":", "my", "invoice")), 1]].mean(axis=0)
    np.testing.assert_allclose(encoding.sentence, mean / np.linalg.norm(mean), atol=1e-6)


def test_the_script_copies_a_ready_export_and_checks_it(source: Path, tmp_path: Path) -> None:
    script, target = _script(), tmp_path / "target"
    _write(source / "1_Pooling" / "config.json", {"pooling_mode_mean_tokens": True})
    script.build(source, target, prompt="query : ")
    assert script.check(target).startswith("768 dimensions, ")
    names = sorted(str(p.relative_to(target)) for p in target.rglob("*") if p.is_file())
    assert names == [
        "1_Pooling/config.json",
        "config_sentence_transformers.json",
        "onnx/model.onnx",
        "tokenizer.json",
    ]
    with pytest.raises(EncoderError, match="exists"):
        script.build(source, target)


@pytest.mark.parametrize("name", ["model.onnx_data", "model.onnx.data"])
def test_weights_in_a_file_of_their_own_belong_to_the_encoder(
    source: Path, tmp_path: Path, name: str
) -> None:
    plain = SentenceEncoder(source).fingerprint
    weights = source / "onnx" / name
    weights.write_bytes(b"1")
    first = SentenceEncoder(source).fingerprint
    weights.write_bytes(b"2")
    assert len({plain, first, SentenceEncoder(source).fingerprint}) == 3
    _script().build(source, tmp_path / "target")
    assert (tmp_path / "target" / "onnx" / name).read_bytes() == b"2"


def test_eight_bits_without_a_matrix_to_shorten_are_refused(source: Path, tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="no matrix"):
        _script().build(source, tmp_path / "target", eight_bit=True)
    assert not (tmp_path / "target").exists()


def test_the_script_gives_matrices_eight_bits(tmp_path: Path) -> None:
    script, target = _script(), tmp_path / "target"
    script.build(bundled_folder(), target, eight_bit=True)
    text = ["Where is my parcel with the red shoes?"]
    found, known = SentenceEncoder(target).encode(text), load_encoder().encode(text)
    np.testing.assert_allclose(found, known, atol=1e-5)
    assert SentenceEncoder(bundled_folder()).encode(text) @ found.T == pytest.approx(1, abs=2e-3)


def test_the_script_says_what_is_missing_and_writes_nothing(source: Path, tmp_path: Path) -> None:
    script, target = _script(), tmp_path / "target"
    (source / "onnx" / "model.onnx").unlink()
    with pytest.raises(EncoderError, match="torch, transformers and onnx"):
        script.build(source, target)
    (source / "tokenizer.json").unlink()
    with pytest.raises(EncoderError, match=r"no tokenizer\.json"):
        script.build(source, target)
    assert not target.exists()


def test_an_encoder_that_makes_no_sense_of_texts_is_refused(source: Path, table: np.ndarray) -> None:
    (source / "onnx" / "model.onnx").write_bytes(_look_up_model(np.ones_like(table)))
    with pytest.raises(EncoderError, match="no nearer"):
        _script().check(source)


def _write(path: Path, content: dict[str, object]) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content))


def _script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_encoder", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _look_up_model(table: np.ndarray) -> bytes:
    """Return an ONNX model of one Gather: input_ids (batch, tokens) → last_hidden_state (…, dimension)."""
    node = _text(1, "table") + _text(1, "input_ids") + _text(2, "last_hidden_state") + _text(4, "Gather")
    dims = b"".join(_field(1, 0, d) for d in table.shape)
    constant = dims + _field(2, 0, 1) + _text(8, "table") + _field(9, 2, table.tobytes())
    graph = _field(1, 2, node) + _text(2, "look-up") + _field(5, 2, constant)
    graph += _field(11, 2, _value("input_ids", 7, ["batch", "tokens"]))
    graph += _field(12, 2, _value("last_hidden_state", 1, ["batch", "tokens", "dimension"]))
    opset = _text(1, "") + _field(2, 0, 17)
    return _field(1, 0, 8) + _field(7, 2, graph) + _field(8, 2, opset)


def _value(name: str, element_type: int, axes: list[str]) -> bytes:
    shape = b"".join(_field(1, 2, _text(2, axis)) for axis in axes)
    tensor = _field(1, 0, element_type) + _field(2, 2, shape)
    return _text(1, name) + _field(2, 2, _field(1, 2, tensor))


def _text(number: int, text: str) -> bytes:
    return _field(number, 2, text.encode())
