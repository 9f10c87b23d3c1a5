"""Clusters of vectors: found without their number, the same each time, from nothing to many."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp import clustering
from nlp.cluster_merging import propose_merges
from nlp.clustering import assign, cluster, split


def groups(sizes: list[int], *, seed: int = 1, spread: float = 0.25) -> tuple[np.ndarray, np.ndarray]:
    """Return unit vectors around random directions, and the group of each."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(len(sizes), 384))
    truth = np.repeat(np.arange(len(sizes)), sizes)
    vectors = centres[truth] + spread * random.normal(size=(len(truth), 384))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), truth


@pytest.mark.row("1.4")
def test_groups_are_found_without_their_number_and_numbered_by_size() -> None:
    vectors, truth = groups([40, 10, 25, 30, 60, 15])
    found = cluster(vectors)
    assert found.sizes.tolist() == [60, 40, 30, 25, 15, 10]
    for label in range(6):
        assert len(set(truth[found.labels == label])) == 1
    assert np.allclose(np.linalg.norm(found.centroids, axis=1), 1, atol=1e-5)


@pytest.mark.row("1.4")
def test_the_same_rows_and_seed_make_the_same_clusters_in_any_order() -> None:
    vectors, _ = groups([30, 20, 25, 18])
    first = cluster(vectors, seed=3)
    assert np.array_equal(cluster(vectors, seed=3).labels, first.labels)
    order = np.random.default_rng(5).permutation(len(vectors))
    assert np.array_equal(cluster(vectors[order]).labels, first.labels[order])


@pytest.mark.parametrize("n", [0, 1, 2, 3, 5, 8])
def test_few_rows_are_clustered_too(n: int) -> None:
    vectors, _ = groups([n]) if n else (np.zeros((0, 384), dtype=np.float32), None)
    found = cluster(vectors)
    assert (len(found.labels), int(found.sizes.sum())) == (n, n)


def test_beyond_the_limit_a_sample_is_fitted_and_the_rest_assigned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clustering, "MAX_FITTED", 200)
    vectors, truth = groups([300, 200, 100, 150])
    found = cluster(vectors, seed=1)
    assert found.settings["rows_fitted"] == 200
    assert found.sizes.tolist() == [300, 200, 150, 100]
    assert [len(set(truth[found.labels == label])) for label in range(4)] == [1, 1, 1, 1]


def test_new_rows_go_to_the_nearest_centroid_and_strangers_are_below_the_least_similarity() -> None:
    vectors, _ = groups([40, 30, 20])
    found = cluster(vectors)
    best, near = assign(vectors, found.centroids, found.mean)
    assert np.array_equal(best, found.labels)
    assert (near >= found.least_similarity).mean() >= 0.97
    strangers, _ = groups([10], seed=99)
    assert (assign(strangers, found.centroids, found.mean)[1] < found.least_similarity).all()


def test_one_cluster_is_split_by_content_unless_all_say_the_same() -> None:
    vectors, truth = groups([30, 12])
    labels = split(vectors)
    assert np.array_equal(labels, truth)
    assert split(np.repeat(vectors[:1], 5, axis=0)).tolist() == [0] * 5


@pytest.mark.row("1.5")
@given(st.lists(st.integers(1, 500), min_size=0, max_size=60))
@settings(max_examples=40, deadline=None)
def test_a_proposal_has_10_to_15_groups_by_volume_and_loses_no_cluster(sizes: list[int]) -> None:
    random = np.random.default_rng(len(sizes))
    centroids = random.normal(size=(len(sizes), 8)).astype(np.float32)
    centroids /= np.maximum(np.linalg.norm(centroids, axis=1, keepdims=True), 1e-9)
    found = propose_merges(centroids, np.array(sizes, dtype=np.int64))
    assert len(found.core) <= 15
    assert len(found.core) >= min(10, len(sizes))
    assert sorted([place for group in found.core for place in group.clusters] + list(found.rest)) == list(
        range(len(sizes))
    )
    volumes = [group.size for group in found.core]
    assert volumes == sorted(volumes, reverse=True)
    shares = [group.cumulative_share for group in found.core]
    assert shares == sorted(shares)


@pytest.mark.row("1.5")
def test_near_clusters_are_merged_to_reach_coverage_and_far_ones_never_are() -> None:
    vectors, _ = groups([1] * 12, spread=0.0)
    near = np.vstack([vectors, vectors + 0.01, vectors - 0.01])
    near /= np.linalg.norm(near, axis=1, keepdims=True)
    found = propose_merges(near, np.full(36, 10))
    assert [group.clusters for group in found.core[:2]] == [(0, 12, 24), (1, 13, 25)]
    assert found.core[0].cumulative_share == pytest.approx(30 / 360)
    far, _ = groups([1] * 36, spread=0.0)
    assert {len(group.clusters) for group in propose_merges(far, np.full(36, 10)).core} == {1}
