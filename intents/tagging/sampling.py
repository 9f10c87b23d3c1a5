"""Which messages are worth a person's look, and in what order. Pure and deterministic.

Uncertainty sampling (Lewis & Gale 1994) by the margin between the two best intents, weighted with how many
tickets the category has; a share is drawn whatever the model thinks, so that figures estimated from it are
not skewed towards hard cases. Draws depend on the text alone: filling again gives the same choice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.draws import draw
from intents.tagging.workflow import RANDOM_SHARE

BLOCK_ROWS = 256
NOT_ASKED = 0.5


@dataclass(frozen=True, slots=True)
class Candidate:
    """A message by its key; ``volume`` is the tickets of its category, ``margin`` None without a model."""

    key: str
    volume: int
    margin: float | None


@dataclass(frozen=True, slots=True)
class Place:
    """One place of the queue: the candidate's index, and whether it was drawn at random."""

    index: int
    is_random: bool


def is_double(key: str, percent: int) -> bool:
    """Return whether a message goes to two people; raising the share only adds messages."""
    return 100 * draw(key, "double") < percent


def priority(candidate: Candidate) -> float:
    """Return uncertainty (1 − margin) × volume; a message of no category counts as one ticket.

    One that the model has not been asked about stands between the sure and the unsure ones.
    """
    uncertainty = NOT_ASKED if candidate.margin is None else 1.0 - candidate.margin
    return uncertainty * max(candidate.volume, 1)


def queue(candidates: Sequence[Candidate], size: int, random_share: float = RANDOM_SHARE) -> list[Place]:
    """Return at most ``size`` places, best first, with the random ones evenly among them."""
    size = min(size, len(candidates))
    by_draw = sorted(range(len(candidates)), key=lambda i: (draw(candidates[i].key, "random"), i))
    at_random = by_draw[: int(size * random_share + 0.5)]
    drawn = set(at_random)
    by_priority = sorted(
        (i for i in range(len(candidates)) if i not in drawn),
        key=lambda i: (-priority(candidates[i]), candidates[i].key),
    )
    places: list[Place] = []
    given, chosen = 0, iter(by_priority)
    for position in range(1, size + 1):
        if given < len(at_random) and given < int(position * random_share + 0.5):
            places.append(Place(at_random[given], True))
            given += 1
        else:
            places.append(Place(next(chosen), False))
    return places


def near_duplicates(vectors: np.ndarray, known: np.ndarray, at_least: float) -> list[int | None]:
    """Return for each row the earlier row that it doubles, −1 where it doubles a known one, or None.

    ``vectors`` (n, d) and ``known`` (m, d) are of unit length; a row that doubles another stands for nobody.
    """
    doubles: list[int | None] = [None] * len(vectors)
    is_kept = np.zeros(len(vectors), dtype=bool)
    for first in range(0, len(vectors), BLOCK_ROWS):
        block = vectors[first : first + BLOCK_ROWS]
        to_known = (block @ known.T).max(axis=1) if len(known) else np.full(len(block), -1.0)
        to_earlier = block @ vectors[: first + len(block)].T
        for row in range(len(block)):
            index = first + row
            near = np.flatnonzero((to_earlier[row, :index] >= at_least) & is_kept[:index])
            if to_known[row] >= at_least:
                doubles[index] = -1
            elif len(near):
                doubles[index] = int(near[0])
            else:
                is_kept[index] = True
    return doubles
