"""The phrasings that a health check looks at, with their sentence vectors. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nlp.encoder import Encoding


@dataclass(frozen=True, slots=True)
class Samples:
    """n active phrasings: ``ids`` and ``intents`` (n,) int of rows, ``texts``, and their encodings.

    ``names`` maps an intent's id to its label.
    """

    ids: np.ndarray
    intents: np.ndarray
    texts: tuple[str, ...]
    encodings: tuple[Encoding, ...]
    names: dict[int, str]

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def vectors(self) -> np.ndarray:
        """Return the sentence vectors, (n, d) float32 with rows of unit length."""
        return np.stack([encoding.sentence for encoding in self.encodings])

    @property
    def classes(self) -> np.ndarray:
        """Return the ids of the intents that occur, sorted, (k,)."""
        return np.unique(self.intents)

    @property
    def y(self) -> np.ndarray:
        """Return the position of each phrasing's intent in ``classes``, (n,)."""
        return np.searchsorted(self.classes, self.intents)

    def take(self, rows: np.ndarray) -> Samples:
        """Return the phrasings at ``rows``."""
        return Samples(
            self.ids[rows],
            self.intents[rows],
            tuple(self.texts[i] for i in rows),
            tuple(self.encodings[i] for i in rows),
            self.names,
        )

    @classmethod
    def of(
        cls,
        rows: Sequence[tuple[int, int, str]],
        encodings: Sequence[Encoding],
        names: dict[int, str],
    ) -> Samples:
        """Build from (example id, intent id, text) and one encoding for each."""
        ids = np.array([row[0] for row in rows], dtype=np.int64)
        intents = np.array([row[1] for row in rows], dtype=np.int64)
        return cls(ids, intents, tuple(row[2] for row in rows), tuple(encodings), names)
