"""The pure parts of the health check: pairs, label errors, harmful phrasings, confusions, coverage."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from intents.health.coverage import Reading, coverage_of
from intents.health.granularity import confused_intents
from intents.health.held_out import HeldOut, held_out
from intents.health.influence import RIDGE, _margins, _predicted_without, _solved, harmful_phrasings
from intents.health.label_errors import label_errors
from intents.health.pairs import conflicts, repetitions
from intents.health.samples import Samples
from nlp.encoder import Encoding, load_encoder
from supportadmin.demo.content import read_intents, read_test_questions
from tests.intents.phrases import PHRASES


def silent(done: int, total: int, message: str) -> None:
    """Report progress to nobody."""


def samples_of(vectors: np.ndarray, intents: list[int]) -> Samples:
    """Return phrasings with these unit vectors, numbered from 100."""
    rows = [(100 + i, intent, f"phrasing {i}") for i, intent in enumerate(intents)]
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    encodings = [Encoding(v[None].astype(np.float32), v.astype(np.float32)) for v in unit]
    return Samples.of(rows, encodings, {pk: f"Intent {pk}" for pk in set(intents)})


def at_cosine(cosine: float) -> np.ndarray:
    """Return a unit vector with this cosine to (1, 0, 0, 0)."""
    return np.array([cosine, np.sqrt(1 - cosine**2), 0.0, 0.0])


BASE = np.array([1.0, 0.0, 0.0, 0.0])


@pytest.mark.row("3.5")
@pytest.mark.parametrize(
    ("cosine", "is_found", "is_critical"),
    [(0.84, False, False), (0.8501, True, False), (0.94, True, False), (0.9501, True, True), (1, True, True)],
)
def test_conflicts_are_moderate_from_085_and_critical_from_095(
    cosine: float, is_found: bool, is_critical: bool
) -> None:
    found = conflicts(samples_of(np.stack([BASE, at_cosine(cosine)]), [1, 2]))
    assert [(p.a, p.b, p.is_critical) for p in found.found] == ([(0, 1, is_critical)] if is_found else [])
    assert repetitions(samples_of(np.stack([BASE, at_cosine(cosine)]), [1, 2])).total == 0


@pytest.mark.row("3.5")
def test_repetitions_are_pairs_within_one_intent_from_095() -> None:
    vectors = np.stack([BASE, at_cosine(0.97), at_cosine(0.9)])
    found = repetitions(samples_of(vectors, [1, 1, 1]))
    assert [(p.a, p.b) for p in found.found] == [(1, 2), (0, 1)]
    assert conflicts(samples_of(vectors, [1, 1, 1])).total == 0


@given(st.integers(0, 2**32 - 1), st.integers(2, 40), st.integers(1, 4))
@settings(max_examples=30, deadline=None)
def test_every_pair_is_compared_once_whatever_the_blocks(seed: int, n: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    samples = samples_of(rng.normal(size=(n, 3)) + 2, rng.integers(k, size=n).tolist())
    cosines = samples.vectors @ samples.vectors.T
    expected = {
        (a, b)
        for a in range(n)
        for b in range(a + 1, n)
        if cosines[a, b] >= 0.85 and samples.intents[a] != samples.intents[b]
    }
    found = conflicts(samples)
    assert {(p.a, p.b) for p in found.found} <= expected
    assert found.total == len(expected)


def real_samples(count: int) -> tuple[list[tuple[int, int, str]], dict[int, str]]:
    """Return so many real-ish phrasings of the demo's intents as (id, intent, text), and the labels."""
    content = read_intents()
    number = {intent["slug"]: k for k, intent in enumerate(content, start=1)}
    pairs = [(number[i["slug"]], e["text"]) for i in content for e in i["examples"]]
    pairs += [
        (number[u["intent"]], u["text"]) for u in read_test_questions()["utterances"] if u.get("intent")
    ]
    pairs += [(number[slug], text) for slug, texts in PHRASES.items() if slug in number for text in texts]
    pairs += [(number[i["slug"]], i["description"]) for i in content]
    rows = [(pk, intent, text) for pk, (intent, text) in enumerate(pairs[:count])]
    assert len(rows) == count
    return rows, {number[i["slug"]]: i["label"] for i in content}


@pytest.mark.row("3.10")
@pytest.mark.parametrize("seed", [1, 2])
def test_of_20_seeded_swaps_in_300_at_least_14_are_among_the_first_30(seed: int) -> None:
    rows, names = real_samples(300)
    rng = np.random.default_rng(seed)
    swapped = rng.permutation(300)[:20].tolist()
    for i in swapped:
        others = [pk for pk in names if pk != rows[i][1]]
        rows[i] = (i, int(rng.choice(others)), rows[i][2])
    encoder = load_encoder()
    samples = Samples.of(rows, encoder.encode_tokens([text for _, _, text in rows]), names)
    found = label_errors(samples, held_out(samples, encoder.encode_tokens, silent))
    first = [error.row for error in found.found[:30]]
    assert len(set(first) & set(swapped)) >= 14
    assert all(error.suggested in names for error in found.found)
    assert all(error.suggested != rows[error.row][1] for error in found.found)


@pytest.mark.row("3.10")
def test_intents_with_under_five_phrasings_are_named_and_not_judged() -> None:
    intents = [1] * 5 + [2] * 4 + [3] * 5
    samples = samples_of(np.random.default_rng(0).normal(size=(14, 8)), intents)
    probabilities = np.full((14, 3), 0.05)
    probabilities[:, 0] = 0.9  # everything looks like intent 1
    found = label_errors(samples, HeldOut(np.arange(14), probabilities))
    assert (found.too_few, found.checked) == ((2,), 10)
    assert {error.row for error in found.found} == set(range(9, 14))
    assert {error.suggested for error in found.found} == {1}


def test_with_one_intent_there_is_nothing_to_tell() -> None:
    samples = samples_of(np.random.default_rng(0).normal(size=(6, 4)), [1] * 6)
    judged = held_out(samples, lambda texts: [], silent)
    assert label_errors(samples, judged).found == ()
    assert harmful_phrasings(samples).found == ()
    assert confused_intents(samples, judged) == ()


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_the_closed_form_equals_a_fit_without_both_rows(seed: int) -> None:
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(9, 4))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    targets = np.eye(3)[rng.integers(3, size=9)]
    inverse, weights = _solved(vectors, targets)
    i, j = rng.permutation(9)[:2].tolist()
    found = _predicted_without(np.array([i]), inverse, weights, targets)[0, j]
    kept = [row for row in range(9) if row not in (i, j)]
    kernel = np.exp(-2.0 * np.maximum(2 - 2 * vectors @ vectors.T, 0))
    fitted = np.linalg.solve(kernel[np.ix_(kept, kept)] + RIDGE * np.eye(7), targets[kept])
    assert_allclose(found, kernel[j, kept] @ fitted, atol=1e-8)


def test_margins_are_the_own_score_less_the_best_other() -> None:
    scores = np.array([[0.7, 0.2, 0.1], [0.3, 0.5, 0.9]])
    assert_allclose(_margins(scores, np.array([0, 1])), [0.5, -0.4])


def test_a_phrasing_in_the_wrong_intent_does_harm_and_sound_ones_do_not() -> None:
    rng = np.random.default_rng(3)
    centres = np.eye(12)[:3]
    vectors = np.repeat(centres, 8, axis=0) + rng.normal(scale=0.05, size=(24, 12))
    intents = [1] * 8 + [2] * 8 + [3] * 8
    assert harmful_phrasings(samples_of(vectors, intents)).found == ()
    intents[4] = 3
    found = harmful_phrasings(samples_of(vectors, intents))
    assert found.found[0].row == 4
    assert found.found[0].effect >= 0.2
    assert set(found.found[0].helped) <= set(range(8)) - {4}
    assert found.checked == 24


def judged_as(intents: list[int], predicted: list[int]) -> tuple[Samples, HeldOut]:
    """Return phrasings of intents 1 to 3 and what they were taken for."""
    vectors = np.random.default_rng(0).normal(size=(len(intents), 4))
    probabilities = np.eye(3)[np.array(predicted) - 1] * 0.8 + 0.05
    return samples_of(vectors, intents), HeldOut(np.arange(len(intents)), probabilities)


def test_intents_that_are_taken_for_each_other_both_ways_are_to_merge() -> None:
    intents = [1] * 8 + [2] * 8 + [3] * 8
    both = [2, 2, 1, 1, 1, 1, 1, 1] + [1, 1, 1, 2, 2, 2, 2, 2] + [3] * 8
    [pair] = confused_intents(*judged_as(intents, both))
    assert (pair.a, pair.b, pair.a_as_b, pair.b_as_a, pair.share) == (1, 2, 2, 3, 5 / 16)
    one_way = [2] * 6 + [1] * 2 + [2] * 8 + [3] * 8
    assert confused_intents(*judged_as(intents, one_way)) == ()


def test_coverage_counts_by_category_and_puts_like_messages_together() -> None:
    rng = np.random.default_rng(0)
    missed = np.eye(16)[0] + rng.normal(scale=0.02, size=(5, 16))
    strange = np.eye(16)[5:9]
    understood = np.eye(16)[10:12]
    vectors = np.vstack([missed, strange, understood])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    readings = [Reading(i, 7, "Refunds", "billing", False) for i in range(5)]
    readings += [Reading(i, None, "", "billing", False) for i in range(5, 9)]
    readings += [Reading(i, 8, "Sign-in", "account_access", True) for i in range(9, 11)]
    found = coverage_of(readings, vectors)
    assert (found.understood, found.tickets, found.volume) == (2, 11, {"account_access": 2})
    lines = [(line.category, line.understood, line.tickets) for line in found.categories]
    assert lines == [("Refunds", 0, 5), ("", 0, 4), ("Sign-in", 2, 2)]
    assert (found.topics[0].tickets, found.topics[0].category) == (5, "Refunds")
    assert set(found.topics[0].typical) <= set(range(5))
