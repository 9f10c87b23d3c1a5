"""A linear map of the embedding space in which the examples of one intent stand closer together.

Trained by the supervised contrastive loss (Khosla et al. 2020) on mean vectors, starting at the identity.
Being linear it acts on token vectors and mean vectors alike, so the encoder itself stays frozen. Does not
decide where the map is used.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8  # Adam's usual constants (Kingma & Ba 2015)


@dataclass(frozen=True, slots=True)
class AdapterSettings:
    """How the map is trained; chosen together with intents.scoring.Settings."""

    steps: int = 30
    batch: int = 128  # rows of one step: pairs of one class each
    learning_rate: float = 1e-3  # falls linearly to 0
    temperature: float = 0.1
    seed: int = 0


def fit_adapter(sentences: np.ndarray, y: np.ndarray, settings: AdapterSettings) -> np.ndarray:
    """Return the map for row vectors, (d, d) float32; the identity when no class has two examples."""
    dimension = sentences.shape[1]
    shape = (dimension, dimension)
    change: np.ndarray = np.zeros(shape, dtype=np.float32)
    first: np.ndarray = np.zeros(shape, dtype=np.float32)
    second: np.ndarray = np.zeros(shape, dtype=np.float32)
    rng = np.random.default_rng(settings.seed)
    waiting: list[np.ndarray] = []
    for step in range(1, settings.steps + 1):
        waiting = waiting or _pair_batches(y, settings.batch, rng)
        if not waiting:
            break
        rows = waiting.pop()
        gradient = _gradient(sentences[rows], y[rows], change, settings.temperature)
        first = (BETA_1 * first + (1 - BETA_1) * gradient).astype(np.float32)
        second = (BETA_2 * second + (1 - BETA_2) * gradient**2).astype(np.float32)
        rate = settings.learning_rate * (1 - (step - 1) / settings.steps)
        spread = np.sqrt(second / (1 - BETA_2**step)) + EPSILON
        change -= (rate * (first / (1 - BETA_1**step)) / spread).astype(np.float32)
    return np.eye(dimension, dtype=np.float32) + change


def adapted(vectors: np.ndarray, adapter: np.ndarray) -> np.ndarray:
    """Return ``vectors`` (n, d) mapped by ``adapter`` (d, k), rows of unit length."""
    mapped = vectors @ adapter
    return mapped / np.maximum(np.linalg.norm(mapped, axis=1, keepdims=True), 1e-9)


def _pair_batches(y: np.ndarray, size: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Cut all rows into random pairs of one class and deal the pairs into batches."""
    pairs: list[np.ndarray] = []
    for label in np.unique(y):
        rows = rng.permutation(np.flatnonzero(y == label))
        pairs += [rows[i : i + 2] for i in range(0, len(rows) - 1, 2)]
    order = rng.permutation(len(pairs))
    per_batch = size // 2
    whole = max(1, len(pairs) // per_batch) * per_batch  # a rest too small for a batch waits for next time
    return [
        np.concatenate([pairs[j] for j in order[i : i + per_batch]])
        for i in range(0, min(whole, len(pairs)), per_batch)
    ]


def _gradient(x: np.ndarray, y: np.ndarray, change: np.ndarray, temperature: float) -> np.ndarray:
    """Return the gradient of the supervised contrastive loss of one batch by ``change``, (d, d)."""
    mapped = x + x @ change
    norms = np.maximum(np.linalg.norm(mapped, axis=1, keepdims=True), 1e-9)
    unit = mapped / norms
    logits = unit @ unit.T / temperature
    np.fill_diagonal(logits, -np.inf)
    softmax = np.exp(logits - logits.max(axis=1, keepdims=True))
    softmax /= softmax.sum(axis=1, keepdims=True)
    same = (y[:, None] == y[None, :]).astype(np.float32)
    np.fill_diagonal(same, 0)
    partners = same.sum(axis=1, keepdims=True)
    by_logits = (softmax - same / np.maximum(partners, 1)) * (partners > 0) / len(y)
    by_unit = (by_logits + by_logits.T) @ unit / temperature
    by_mapped = (by_unit - unit * (unit * by_unit).sum(axis=1, keepdims=True)) / norms
    return x.T @ by_mapped
