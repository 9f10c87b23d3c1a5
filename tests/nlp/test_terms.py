"""Names of clusters by the words that set them apart."""

from __future__ import annotations

import numpy as np
import pytest

from nlp.terms import cluster_terms, name_of, representatives

TEXTS = [
    "please reset my password",
    "the password reset never arrives [email]",
    "password reset link is gone",
    "invoice for march is wrong",
    "wrong invoice again, number missing",
    "send the invoice to [email]",
]
LABELS = np.array([0, 0, 0, 1, 1, 1])


@pytest.mark.row("1.4")
def test_terms_are_what_sets_a_group_apart_without_stop_words_and_masks() -> None:
    terms = cluster_terms(TEXTS, LABELS)
    assert terms[0][0] == "password reset"
    assert terms[1][0] == "invoice"
    for term in (word for group in terms for word in group):
        assert not {"the", "email", "please", "my"} & {term.split()[0], term.split()[-1]}


def test_no_words_make_no_terms() -> None:
    assert cluster_terms([], np.array([], dtype=int)) == []
    assert cluster_terms(["", "[email]"], np.array([0, 1])) == [[], []]


@pytest.mark.parametrize(
    ("terms", "taken", "name"),
    [
        (["password reset", "link"], [], "Password reset · link"),
        (["password reset"], ["Password reset"], "Password reset 2"),
        ([], [], "Unnamed"),
        (["x" * 30 + " " + "y" * 70], [], "X" + "x" * 29),
    ],
)
def test_names_are_short_distinct_and_begin_with_a_capital(
    terms: list[str], taken: list[str], name: str
) -> None:
    assert name_of(terms, taken=taken) == name


def test_representatives_are_the_rows_nearest_to_the_centre() -> None:
    vectors = np.array([[1, 0], [0.8, 0.6], [0, 1], [0.6, 0.8]], dtype=np.float32)
    found = representatives(vectors, np.array([0, 0, 1, 1]), np.eye(2, dtype=np.float32), count=1)
    assert [rows.tolist() for rows in found] == [[0], [2]]
