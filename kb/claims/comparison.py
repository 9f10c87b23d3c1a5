"""Which two claims cannot both hold: another figure, the opposite, another place, another plan. Pure.

Two claims are compared when they speak of the same thing: by the stems that they share and by how like their
subjects are to a sentence encoder. Claims for different plans are for different readers and never conflict.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from kb.claims import wording
from kb.claims.extraction import Claim, claims_of, stem
from kb.claims.quantities import Quantity

# Chosen on the first half of tests/kb/contradiction_pairs.jsonl and the demo's articles: docs/measuring.md.
LIKENESS = 0.60  # cosine of the two subjects
STRONG_LIKENESS = 0.70  # where no figure is compared
OVERLAP = 0.5  # of the shorter claim's stems
STRONG_OVERLAP = 0.6  # of both claims' stems together
FEWEST_SHARED = 2

PRICE_STEMS = frozenset(stem(word) for word in wording.PRICE_WORDS)

Encode = Callable[[Sequence[str]], np.ndarray]


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two claims and what they differ in: "duration", "money $", "yes or no", "place", "plan" …"""

    one: Claim
    other: Claim
    differs_in: str


def conflicts(one: str, other: str, encode: Encode) -> list[Conflict]:
    """Return the conflicts between the claims of two short texts."""
    left, right = list(claims_of(one)), list(claims_of(other))
    if not left or not right:
        return []
    likeness = encode([claim.subject for claim in left]) @ encode([claim.subject for claim in right]).T
    found = []
    for row, a in enumerate(left):
        for column, b in enumerate(right):
            differs_in = difference(a, b, float(likeness[row, column]))
            if differs_in:
                found.append(Conflict(a, b, differs_in))
    return found


def difference(one: Claim, other: Claim, likeness: float) -> str:
    """Return what two claims differ in so that they cannot both hold; "" where they can.

    ``likeness`` is the cosine of their subjects.
    """
    if _is_price_of_a_plan(one) and _is_price_of_a_plan(other) and one.plans == other.plans:
        return _figure(one.figures, other.figures)
    shared = one.words & other.words
    if not shared:
        return ""
    overlap = len(shared) / min(len(one.words), len(other.words))
    turned = _turned(one, other)
    all_words = (one.words | other.words) - {stem(word) for pair in turned for word in pair}
    of_both = len(shared) / len(all_words)
    is_same = one.words == other.words or len(shared) >= FEWEST_SHARED
    if overlap < OVERLAP or likeness < (LIKENESS if is_same else STRONG_LIKENESS):
        return ""
    if one.plans and other.plans and not one.plans & other.plans:
        return "plan" if _is_elsewhere(one, other) and of_both >= STRONG_OVERLAP else ""
    if any(a and b and not a & b for a, b in zip(one.scopes, other.scopes, strict=True)):
        return ""
    figure = "" if turned else _figure(one.figures, other.figures)
    if figure:
        return figure
    if not is_same or of_both < STRONG_OVERLAP or likeness < STRONG_LIKENESS:
        return ""
    if (one.is_denied != other.is_denied) != (len(turned) % 2 == 1):
        is_statement = one.has_verb and other.has_verb and not (one.has_condition or other.has_condition)
        return "yes or no" if is_statement else ""
    return "place" if _leads_elsewhere(one.path, other.path) else ""


def _figure(one: tuple[Quantity, ...], other: tuple[Quantity, ...]) -> str:
    """Return a dimension in which no figure of the one can be a figure of the other."""
    for dimension in {figure.dimension for figure in one}:
        left = [figure for figure in one if figure.dimension == dimension]
        pairs = [(a, b) for a in left for b in other if a.is_comparable(b)]
        if pairs and all(a.excludes(b) for a, b in pairs):
            return dimension
    return ""


def _is_price_of_a_plan(claim: Claim) -> bool:
    """Tell whether the claim says what one plan costs, and nothing else: then the plan is its subject."""
    is_money = bool(claim.figures) and all(figure.dimension.startswith("money") for figure in claim.figures)
    return is_money and len(claim.plans) == 1 and claim.words <= PRICE_STEMS and not claim.is_denied


def _turned(one: Claim, other: Claim) -> frozenset[frozenset[str]]:
    """Return the pairs of opposite words of which each claim has one."""
    return wording.OPPOSITES & {
        frozenset((a, b)) for a in one.opposites - other.opposites for b in other.opposites - one.opposites
    }


def _leads_elsewhere(one: str, other: str) -> bool:
    """Tell whether both name a place, and not two of one menu."""
    return bool(one and other) and stem(one.split(" > ")[0]) != stem(other.split(" > ")[0])


def _is_elsewhere(one: Claim, other: Claim) -> bool:
    """Tell whether both name the plan in which the same thing is to be had."""
    return all(wording.ONLY_THERE.search(claim.sentence) for claim in (one, other))
