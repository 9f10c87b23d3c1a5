"""Train the detector of anger (nlp.anger) on labelled texts, when its file is built.

Attention heads over frozen token vectors are trained by Adam (Kingma & Ba 2015) on all labels of the data at
once, the anger that is wanted as the last one: learning 28 emotions keeps the heads from learning by heart.
Decides neither what counts as anger nor where a threshold lies (scripts/build_anger_detector.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from nlp.anger import VECTOR_SCALE, Attention, Terms
from nlp.hashed_terms import BUCKETS, term_buckets, weighted

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8
MAX_TOKENS = 64


@dataclass(frozen=True, slots=True)
class AttentionSettings:
    """How the heads are trained; chosen on the dev part of GoEmotions."""

    heads: int = 8
    width: int = 32
    epochs: int = 3
    batch: int = 128
    learning_rate: float = 1.5e-3  # falls linearly to 0
    decay: float = 0.1
    dropout: float = 0.2
    weight_of_anger: float = 5.0  # against each of the other labels
    seed: int = 0


def fit_attention(
    tokens: Sequence[np.ndarray],
    labels: np.ndarray,
    settings: AttentionSettings,
    *,
    progress: Callable[[str], None] = lambda line: None,
) -> Attention:
    """Return the heads for ``tokens`` (each (T, d)) and ``labels`` (n, k), of which the last is the anger.

    A label of NaN is unknown and teaches nothing; one between 0 and 1 is a doubtful one.
    """
    rng = np.random.default_rng(settings.seed)
    dimension, outputs = tokens[0].shape[1], labels.shape[1]
    known = ~np.isnan(labels)
    prior = np.nanmean(labels, axis=0).clip(1e-3, 1 - 1e-3)
    inner = settings.heads * settings.width
    parameters = {
        "queries": rng.normal(0, 0.05, (dimension, settings.heads)),
        "values": rng.normal(0, 0.05, (dimension, inner)),
        "bias": np.zeros(inner),
        "weights": rng.normal(0, 0.05, (inner, outputs)),
        "intercept": np.log(prior / (1 - prior)),
    }
    parameters = {name: value.astype(np.float32) for name, value in parameters.items()}
    first = {name: np.zeros_like(value) for name, value in parameters.items()}
    second = {name: np.zeros_like(value) for name, value in parameters.items()}
    importance = np.ones(outputs, dtype=np.float32)
    importance[-1] = settings.weight_of_anger
    lengths = np.asarray([min(len(text), MAX_TOKENS) for text in tokens])
    batches = -(-len(tokens) // settings.batch)
    step, steps = 0, settings.epochs * batches
    for epoch in range(settings.epochs):
        order = np.argsort(lengths + 4 * rng.random(len(tokens)))  # texts of about one length: little padding
        for place in rng.permutation(batches):
            rows = order[place * settings.batch : (place + 1) * settings.batch]
            target = np.where(known[rows], labels[rows], 0).astype(np.float32)
            gradients = _gradients(
                *_padded([tokens[row] for row in rows]),
                target,
                known[rows] * importance,
                parameters,
                (rng.random((len(rows), inner)) > settings.dropout) / np.float32(1 - settings.dropout),
            )
            step += 1
            rate = settings.learning_rate * (1 - (step - 1) / steps)
            for name, gradient in gradients.items():
                first[name] = BETA_1 * first[name] + (1 - BETA_1) * gradient
                second[name] = BETA_2 * second[name] + (1 - BETA_2) * gradient**2
                change = (first[name] / (1 - BETA_1**step)) / (
                    np.sqrt(second[name] / (1 - BETA_2**step)) + EPSILON
                )
                keep = 1.0 if parameters[name].ndim == 1 else 1 - rate * settings.decay
                parameters[name] = ((parameters[name] - rate * change) * keep).astype(np.float32)
        progress(f"attention: epoch {epoch + 1} of {settings.epochs}")
    return Attention(
        parameters["queries"],
        parameters["values"],
        parameters["bias"],
        parameters["weights"][:, -1],
        float(parameters["intercept"][-1]),
    )


def averaged(attentions: Sequence[Attention]) -> Attention:
    """Return the heads of all of these, whose log-odds are the mean of theirs."""
    return Attention(
        np.hstack([each.queries for each in attentions]),
        np.hstack([each.values for each in attentions]),
        np.concatenate([each.bias for each in attentions]),
        np.concatenate([each.weights for each in attentions]) / len(attentions),
        float(np.mean([each.intercept for each in attentions])),
    )


def fit_terms(texts: Sequence[str], y: np.ndarray, *, strength: float = 2.0) -> Terms:
    """Return the linear model over hashed terms; ``strength`` is the inverse regularisation."""
    bags = [term_buckets(text) for text in texts]
    frequency = np.zeros(BUCKETS)
    for buckets, _ in bags:
        frequency[buckets] += 1
    rarity = (np.log((1 + len(texts)) / (1 + frequency)) + 1).astype(np.float32)
    matrix = csr_matrix(
        (
            np.concatenate([weighted(counts, rarity[buckets]) for buckets, counts in bags]),
            np.concatenate([buckets for buckets, _ in bags]),
            np.concatenate([[0], np.cumsum([len(buckets) for buckets, _ in bags])]),
        ),
        shape=(len(texts), BUCKETS),
    )
    model = LogisticRegression(C=strength, solver="liblinear", random_state=0).fit(matrix, y)
    return Terms(model.coef_[0].astype(np.float32), rarity, float(model.intercept_[0]))


def fit_mix(features: np.ndarray, y: np.ndarray, weights: np.ndarray, *, strength: float = 1.0) -> np.ndarray:
    """Return how much each feature (n, k; the last is 1) weighs in the log-odds, (k,)."""
    model = LogisticRegression(C=strength, max_iter=2000).fit(features[:, :-1], y, sample_weight=weights)
    return np.asarray([*model.coef_[0], model.intercept_[0]])


def _padded(tokens: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return the texts of a batch as one array (n, T, d), scaled, and which of it is there, (n, T)."""
    width = min(max(len(text) for text in tokens), MAX_TOKENS)
    padded = np.zeros((len(tokens), width, tokens[0].shape[1]), dtype=np.float32)
    there = np.zeros((len(tokens), width), dtype=bool)
    for row, text in enumerate(tokens):
        length = min(len(text), width)
        padded[row, :length] = text[:length]
        there[row, :length] = True
    return padded * VECTOR_SCALE, there


def _gradients(
    x: np.ndarray,
    there: np.ndarray,
    target: np.ndarray,
    importance: np.ndarray,
    parameters: dict[str, np.ndarray],
    kept: np.ndarray,
) -> dict[str, np.ndarray]:
    """Return the gradient of the weighed cross-entropy of one batch by each parameter."""
    n, width, dimension = x.shape
    heads = parameters["queries"].shape[1]
    looks = np.where(there[:, :, None], x @ parameters["queries"], -1e9)
    looks = np.exp(looks - looks.max(axis=1, keepdims=True))
    looks /= looks.sum(axis=1, keepdims=True)
    says = np.maximum(x @ parameters["values"] + parameters["bias"], 0).reshape(n, width, heads, -1)
    pooled = (looks[:, :, :, None] * says).sum(axis=1).reshape(n, -1) * kept
    scores = pooled @ parameters["weights"] + parameters["intercept"]
    by_scores = ((1 / (1 + np.exp(-scores)) - target) * importance / n).astype(np.float32)
    by_pooled = (by_scores @ parameters["weights"].T * kept).reshape(n, 1, heads, -1)
    by_looks = (says * by_pooled).sum(axis=3)
    by_looks = looks * (by_looks - (looks * by_looks).sum(axis=1, keepdims=True))
    by_says = (looks[:, :, :, None] * by_pooled * (says > 0)).reshape(n * width, -1)
    flat = x.reshape(n * width, dimension)
    return {
        "queries": flat.T @ by_looks.reshape(n * width, heads),
        "values": flat.T @ by_says,
        "bias": by_says.sum(axis=0),
        "weights": pooled.T @ by_scores,
        "intercept": by_scores.sum(axis=0),
    }
