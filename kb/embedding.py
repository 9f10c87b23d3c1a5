"""A published text ready to be searched: its sections with their vectors, and how vectors are stored.

Decides nothing about ranking, or where texts come from.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np

from kb import ranking
from kb.chunking import Chunk, chunk
from nlp.encoder import Encoding

Id = TypeVar("Id", bound=Hashable)


class Encoder(Protocol):
    """What the index needs of a sentence encoder."""

    dimension: int

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Return sentence vectors (n, d)."""

    def encode_tokens(self, texts: Sequence[str]) -> list[Encoding]:
        """Return token and sentence vectors per text."""


@dataclass(frozen=True, slots=True)
class IndexedArticle(Generic[Id]):
    """One published revision, ready to be searched.

    ``vectors`` (len(chunks), d) and ``title_tokens`` (t, d) are float16 on the lattice of ``kb.ranking``.
    """

    article_id: Id
    revision_id: int | None
    title: str
    chunks: tuple[Chunk, ...]
    vectors: np.ndarray
    title_tokens: np.ndarray


def index_article(
    article_id: Id, revision_id: int | None, title: str, markdown: str, encoder: Encoder
) -> IndexedArticle[Id]:
    """Chunk and embed one revision."""
    chunks = chunk(title, markdown)
    vectors = embed_chunks(chunks, encoder)
    return IndexedArticle(article_id, revision_id, title, tuple(chunks), vectors, embed_title(title, encoder))


def embed_chunks(
    chunks: Sequence[Chunk], encoder: Encoder, known: Mapping[str, np.ndarray] | None = None
) -> np.ndarray:
    """Return vectors (n, d) float16; chunks whose ``text_hash`` is in ``known`` are not encoded again."""
    found = dict(known or {})
    fresh = {item.text_hash: item.embed_text for item in chunks if item.text_hash not in found}
    encoded = ranking.to_lattice(encoder.encode(list(fresh.values())))
    found.update(zip(fresh, encoded, strict=True))
    rows = [found[item.text_hash] for item in chunks]
    return np.array(rows, dtype=np.float16).reshape(len(chunks), encoder.dimension)


def embed_title(title: str, encoder: Encoder) -> np.ndarray:
    """Return the title's token vectors (t, d) float16."""
    tokens = encoder.encode_tokens([title])[0].tokens[: ranking.MAX_TITLE_TOKENS]
    return ranking.to_lattice(inner(tokens)).astype(np.float16)


def pack(vectors: np.ndarray) -> bytes:
    """Return lattice vectors as little-endian float16 bytes, row by row."""
    return vectors.astype("<f2").tobytes()


def unpack(data: bytes, dimension: int) -> np.ndarray:
    """Return the vectors (n, dimension) that ``pack`` wrote; raise ValueError on a wrong length."""
    return np.frombuffer(data, dtype="<f2").reshape(-1, dimension)


def inner(tokens: np.ndarray) -> np.ndarray:
    """Drop the encoder's start and end marks, where there is anything between them."""
    return tokens[1:-1] if len(tokens) > 2 else tokens
