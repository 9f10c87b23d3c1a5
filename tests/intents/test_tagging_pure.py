"""Sampling, agreement and naming: what needs no database."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from core.agreement import (
    Confusion,
    DoubleTag,
    answer_agreements,
    confusions,
    overall_agreement,
    pair_agreements,
)
from intents.tagging.naming import slug_of
from intents.tagging.sampling import Candidate, draw, is_double, near_duplicates, priority, queue

CANDIDATES = st.lists(
    st.builds(
        Candidate,
        key=st.text(min_size=1, max_size=8),
        volume=st.integers(0, 1_000),
        margin=st.one_of(st.none(), st.floats(0, 1)),
    ),
    max_size=60,
    unique_by=lambda c: c.key,
)


@pytest.mark.row("3.8")
def test_the_smaller_the_margin_the_earlier_the_message_and_volume_weighs() -> None:
    candidates = [
        Candidate("sure", 10, 0.9),
        Candidate("unsure", 10, 0.1),
        Candidate("middling", 10, 0.5),
        Candidate("rare and unsure", 1, 0.1),
    ]
    assert [candidates[p.index].key for p in queue(candidates, 4, random_share=0)] == [
        "unsure",
        "middling",
        "sure",
        "rare and unsure",
    ]
    assert priority(Candidate("x", 10, 0.1)) == pytest.approx(9)
    assert priority(Candidate("x", 0, 0.25)) == pytest.approx(0.75)


@pytest.mark.row("3.8")
def test_without_a_model_the_largest_categories_come_first() -> None:
    candidates = [Candidate("a", 3, None), Candidate("b", 90, None), Candidate("c", 20, None)]
    assert [p.index for p in queue(candidates, 3, random_share=0)] == [1, 2, 0]


@pytest.mark.row("3.8")
@given(CANDIDATES, st.integers(0, 70))
def test_a_queue_has_each_message_once_and_a_tenth_at_random_places(
    candidates: list[Candidate], size: int
) -> None:
    places = queue(candidates, size)
    assert len(places) == min(size, len(candidates))
    assert len({p.index for p in places}) == len(places)
    assert sum(p.is_random for p in places) == int(0.1 * len(places) + 0.5)
    assert places == queue(candidates, size)


@pytest.mark.row("3.8")
def test_the_random_tenth_does_not_depend_on_what_the_model_thinks() -> None:
    sure = [Candidate(f"m{n}", 5, 0.99) for n in range(200)]
    unsure = [Candidate(f"m{n}", 50, n / 200) for n in range(200)]
    chosen = [{p.index for p in queue(c, 100) if p.is_random} for c in (sure, unsure)]
    assert chosen[0] == chosen[1]
    assert len(chosen[0]) == 10


@pytest.mark.row("3.8")
def test_random_messages_stand_evenly_among_the_others() -> None:
    places = queue([Candidate(f"m{n}", 5, n / 200) for n in range(200)], 100)
    at = [number for number, place in enumerate(places) if place.is_random]
    assert all(later - earlier == 10 for earlier, later in itertools.pairwise(at))


def test_draws_are_even_and_independent_of_each_other() -> None:
    one = np.array([draw(str(n), "double") for n in range(4_000)])
    other = np.array([draw(str(n), "random") for n in range(4_000)])
    assert 0.48 < one.mean() < 0.52
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.05


@pytest.mark.row("3.9")
@given(st.text(max_size=20), st.integers(0, 100), st.integers(0, 100))
def test_raising_the_share_only_adds_messages_that_two_people_get(key: str, one: int, other: int) -> None:
    low, high = sorted((one, other))
    assert is_double(key, high) or not is_double(key, low)
    assert not is_double(key, 0)
    assert is_double(key, 100)


@pytest.mark.row("3.8")
def test_near_duplicates_name_the_row_they_double_or_a_known_one() -> None:
    vectors = np.array([[1, 0], [0.999, 0.045], [0, 1], [0.7, 0.714], [0.05, 0.9987]], dtype=np.float64)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    assert near_duplicates(vectors, np.zeros((0, 2)), 0.95) == [None, 0, None, None, 2]
    assert near_duplicates(vectors, np.array([[0.0, 1.0]]), 0.95) == [None, 0, -1, None, -1]
    assert near_duplicates(np.zeros((0, 2)), np.zeros((0, 2)), 0.95) == []


def test_a_row_that_doubles_another_stands_for_nobody_across_blocks() -> None:
    angles = np.linspace(0, np.pi / 2, 600)
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    doubles = near_duplicates(vectors, np.zeros((0, 2)), 0.99)
    kept = [n for n, double in enumerate(doubles) if double is None]
    assert all(double in kept for double in doubles if double is not None)
    near = vectors[kept] @ vectors[kept].T - np.eye(len(kept))
    assert near.max() < 0.99


def _tags(n: int, differing: int, *, one: str = "kim", other: str = "lee") -> list[DoubleTag]:
    names = ("billing", "bugs", "exports")
    tags = [DoubleTag(one, names[i % 3], other, names[i % 3]) for i in range(n - differing)]
    return tags + [DoubleTag(one, "billing", other, "bugs") for _ in range(differing)]


@pytest.mark.row("3.9")
def test_kappa_is_cohens_of_the_pair_whoever_was_first() -> None:
    tags = [
        tag if n % 2 else DoubleTag(tag.second_person, tag.second_answer, tag.first_person, tag.first_answer)
        for n, tag in enumerate(_tags(30, 6))
    ]
    expected = cohen_kappa_score(
        [t.first_answer if t.first_person == "kim" else t.second_answer for t in tags],
        [t.second_answer if t.first_person == "kim" else t.first_answer for t in tags],
    )
    found = pair_agreements(tags)
    assert [(a.name, a.n, a.agreed) for a in found] == [("kim and lee", 30, 24)]
    assert found[0].kappa == pytest.approx(float(expected))


@pytest.mark.row("3.9")
def test_under_twenty_doubly_tagged_messages_it_says_too_few() -> None:
    found = overall_agreement(_tags(19, 2))
    assert (found.kappa, found.why_not, found.n, found.agreed) == (None, "too few: 19 of at least 20", 19, 17)
    assert all(a.kappa is None and a.why_not.startswith("too few") for a in answer_agreements(_tags(19, 2)))
    assert overall_agreement(_tags(20, 2)).kappa is not None


@pytest.mark.row("3.9")
def test_each_answer_is_measured_against_the_rest_with_its_own_n() -> None:
    tags = [*_tags(28, 2), DoubleTag("kim", "refund", "lee", "refund")]
    found = {a.name: a for a in answer_agreements(tags)}
    assert (found["exports"].n, found["exports"].agreed, found["exports"].kappa) == (8, 8, 1.0)
    assert found["billing"].agreed == 9
    assert found["billing"].n == 11
    assert 0 < (found["billing"].kappa or 0) < 1
    assert (found["refund"].kappa, found["refund"].why_not) == (None, "too few")


@pytest.mark.row("3.9")
def test_where_all_answers_are_the_same_kappa_is_not_defined() -> None:
    found = overall_agreement([DoubleTag("kim", "billing", "lee", "billing")] * 25)
    assert (found.kappa, found.agreed) == (None, 25)
    assert found.why_not == "not defined: all answers are the same"


@pytest.mark.row("3.9")
def test_confusions_count_pairs_of_answers_in_either_order() -> None:
    tags = [
        DoubleTag("kim", "a", "lee", "b"),
        DoubleTag("lee", "b", "kim", "a"),
        DoubleTag("kim", "c", "lee", "a"),
    ]
    assert confusions([*tags, DoubleTag("kim", "a", "lee", "a")]) == [
        Confusion("a", "b", 2),
        Confusion("a", "c", 1),
    ]


@pytest.mark.row("3.9")
def test_people_who_guess_have_a_kappa_near_nought() -> None:
    dice = random.Random(5)
    tags = [DoubleTag("kim", dice.choice("abc"), "lee", dice.choice("abc")) for _ in range(2_000)]
    assert abs(overall_agreement(tags).kappa or 1) < 0.05


@pytest.mark.parametrize(
    ("label", "slug"),
    [
        ("Label printing", "label_printing"),
        ("  Größe & Gewicht! ", "groe_gewicht"),
        ("2FA reset", "intent_2fa_reset"),
        ("???", ""),
        ("x" * 90, "x" * 60),
    ],
)
def test_a_slug_is_made_of_the_label(label: str, slug: str) -> None:
    assert slug_of(label) == slug


@given(st.text(max_size=100))
def test_a_slug_is_empty_or_takes_the_form_that_bots_may_see(label: str) -> None:
    slug = slug_of(label)
    assert slug == "" or (slug[0].isalpha() and slug.replace("_", "a").isalnum() and slug.isascii())
    assert len(slug) <= 60
