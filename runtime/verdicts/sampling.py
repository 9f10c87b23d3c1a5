"""Which turns are judged: a random sample, stratified and reproducible. Pure; judges no turn.

Strata are escalations by trigger and other turns by decision. Each gets a few places, the rest go by size
(largest remainder), so that rare triggers are seen too; rates are weighted back by the known shares. Within a
stratum the places go by a hash of turn and seed: the same seed draws the same turns.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from core.draws import draw

ESCALATE = "escalate"


def stratum_of(decision: str, trigger: str) -> str:
    """Return the name of the stratum: ``escalate:trigger``, or the decision."""
    return f"{ESCALATE}:{trigger}" if decision == ESCALATE else decision


def is_escalated(stratum: str) -> bool:
    """Return whether the turns of a stratum went to a person."""
    return stratum.startswith(f"{ESCALATE}:")


def allocate(populations: Mapping[str, int], size: int, at_least: int) -> dict[str, int]:
    """Return how many to draw of each stratum: about ``size`` in all, never more than there are.

    Where ``at_least`` of each is more than ``size``, it wins.
    """
    places = {name: min(count, at_least) for name, count in populations.items() if count}
    left = min(size, sum(populations.values())) - sum(places.values())
    while left > 0:
        open_strata = {name: populations[name] - places[name] for name in places}
        rest = sum(open_strata.values())
        shares = {name: left * count / rest for name, count in open_strata.items()}
        given = {name: min(int(share), open_strata[name]) for name, share in shares.items()}
        if not any(given.values()):
            by_remainder = sorted(shares, key=lambda name: (-shares[name], name))
            given = {name: 1 for name in by_remainder[:left] if open_strata[name]}
        for name, count in given.items():
            places[name] += count
        left -= sum(given.values())
    return places


def chosen(turn_ids: Iterable[int], count: int, seed: str) -> list[int]:
    """Return ``count`` of the turns, in the order of the draw."""
    return sorted(turn_ids, key=lambda pk: (draw(str(pk), f"verdict:{seed}"), pk))[:count]


def is_double(turn_id: int, seed: str, percent: int) -> bool:
    """Return whether a turn goes to two people; raising the share only adds turns."""
    return 100 * draw(str(turn_id), f"second verdict:{seed}") < percent


def in_queue_order(turn_ids: Sequence[int], seed: str) -> list[int]:
    """Return the turns of all strata mixed, so that half a queue judged is still a sample of all."""
    return sorted(turn_ids, key=lambda pk: (draw(str(pk), f"queue:{seed}"), pk))
