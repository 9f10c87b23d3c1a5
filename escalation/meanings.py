"""Semantic neighbours: how near a sentence is to what a trigger listens for, by its vector. Pure.

For each meaning data/meanings.toml has sentences that express it and near ones that do not. The likeness is a
kernel estimate over both: with w(x) = exp(SHARPNESS · cosine), the weight of the yes-sentences as a share of
all, each side as the mean of its NEAREST best. It is 0 where even the nearest yes-sentence is further away
than LEAST_COSINE: far from everything says nothing. The sentences are encoded with whatever encoder serves.
Chosen on development sentences apart from the test sets (docs/adr/0011). Decides no threshold.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

SENTENCES_FILE = Path(__file__).parent / "data" / "meanings.toml"
SHARPNESS = 12.0
NEAREST = 2
# Of 1,200 messages of BANKING77 and of CLINC150 (valid) 0.45 takes 5 and 4 for legal ones, 0.5 takes 1 and 0.
LEAST_COSINE: Mapping[str, float] = {"legal": 0.5, "billing_dispute": 0.5, "human_request": 0.45}

Encode = Callable[[Sequence[str]], np.ndarray]


@dataclass(frozen=True, slots=True)
class Meanings:
    """The encoded sentences of each meaning: those that express it (n, d), those that do not (m, d)."""

    sides: Mapping[str, tuple[np.ndarray, np.ndarray]]

    def likeness(self, vectors: np.ndarray) -> dict[str, np.ndarray]:
        """Return for each meaning how near each row of ``vectors`` (n, d) is to it, (n,) in [0, 1]."""
        return {
            name: _likeness(vectors @ yes.T, vectors @ no.T, LEAST_COSINE[name])
            for name, (yes, no) in self.sides.items()
        }


def meanings_encode(encode: Encode) -> Meanings:
    """Return the sentences of the data file, encoded."""
    with SENTENCES_FILE.open("rb") as stream:
        sentences: dict[str, dict[str, list[str]]] = tomllib.load(stream)
    common = sentences["other"]["no"]
    return Meanings(
        {
            name: (encode(sentences[name]["yes"]), encode([*sentences[name]["no"], *common]))
            for name in LEAST_COSINE
        }
    )


def _likeness(yes: np.ndarray, no: np.ndarray, least: float) -> np.ndarray:
    near, far = _mean_of_best(yes), _mean_of_best(no)
    share = 1 / (1 + np.exp(-SHARPNESS * (near - far)))
    return np.where(yes.max(axis=1) < least, 0.0, share)


def _mean_of_best(cosines: np.ndarray) -> np.ndarray:
    best = np.partition(cosines, -NEAREST, axis=1)[:, -NEAREST:]
    return np.asarray(best.mean(axis=1))
