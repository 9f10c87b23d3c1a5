"""How far two people who judged the same things agree. Pure; says where there is too little to say.

Cohen's κ (Cohen 1960) is agreement beyond what their habits alone would give: 1 is perfect, 0 is chance.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import cohen_kappa_score

FEW_PAIRS = 20  # under so many things that two people judged an agreement says nothing
FEW_OF_AN_ANSWER = 5
_ALL_THE_SAME = "not defined: all answers are the same"
MODERATE, GOOD = 0.6, 0.8  # McHugh 2012: under 0.6 is weak, from 0.8 strong


@dataclass(frozen=True, slots=True)
class DoubleTag:
    """One thing, such as a customer's message, with what two people said of it."""

    first_person: str
    first_answer: str
    second_person: str
    second_answer: str

    @property
    def agrees(self) -> bool:
        """Whether both said the same."""
        return self.first_answer == self.second_answer


@dataclass(frozen=True, slots=True)
class Agreement:
    """κ of ``n`` things, None where ``why_not`` says why; ``agreed`` of them got the same answer."""

    name: str
    n: int
    agreed: int
    kappa: float | None
    why_not: str = ""

    @property
    def tone(self) -> str:
        """How good it is: good, warn or bad; empty where it is not known."""
        if self.kappa is None:
            return ""
        return "good" if self.kappa >= GOOD else "warn" if self.kappa >= MODERATE else "bad"


@dataclass(frozen=True, slots=True)
class Confusion:
    """Two answers that were given to the same thing, and how often."""

    one: str
    other: str
    count: int


def pair_agreements(tags: Sequence[DoubleTag]) -> list[Agreement]:
    """Return the agreement of each two people, the busiest pair first."""
    pairs: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for tag in tags:
        said = {tag.first_person: tag.first_answer, tag.second_person: tag.second_answer}
        if len(said) == 2:
            one, other = sorted(said)
            pairs.setdefault((one, other), []).append((said[one], said[other]))
    found = [_agreement(" and ".join(people), answers) for people, answers in pairs.items()]
    return sorted(found, key=lambda a: (-a.n, a.name))


def overall_agreement(tags: Sequence[DoubleTag]) -> Agreement:
    """Return the agreement of all first with all second answers."""
    return _agreement("Everybody", [(tag.first_answer, tag.second_answer) for tag in tags])


def answer_agreements(tags: Sequence[DoubleTag]) -> list[Agreement]:
    """Return each answer against all others; ``n`` are the things to which at least one person gave it."""
    answers = sorted({answer for tag in tags for answer in (tag.first_answer, tag.second_answer)})
    found = []
    for answer in answers:
        said = [(tag.first_answer == answer, tag.second_answer == answer) for tag in tags]
        n = sum(one or other for one, other in said)
        both = sum(one and other for one, other in said)
        if len(said) < FEW_PAIRS:
            found.append(Agreement(answer, n, both, None, _too_few(len(said))))
        elif n < FEW_OF_AN_ANSWER:
            found.append(Agreement(answer, n, both, None, "too few"))
        else:
            kappa = _kappa(said)
            found.append(Agreement(answer, n, both, kappa, "" if kappa is not None else _ALL_THE_SAME))
    return sorted(found, key=lambda a: (-a.n, a.name))


def confusions(tags: Sequence[DoubleTag]) -> list[Confusion]:
    """Return the pairs of answers that people gave to the same thing, the most frequent first."""
    counts = Counter(tuple(sorted((t.first_answer, t.second_answer))) for t in tags if not t.agrees)
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return [Confusion(names[0], names[1], count) for names, count in ordered]


def _too_few(n: int) -> str:
    return f"too few: {n} of at least {FEW_PAIRS}"


def _agreement(name: str, answers: Sequence[tuple[str, str]]) -> Agreement:
    agreed = sum(one == other for one, other in answers)
    if len(answers) < FEW_PAIRS:
        return Agreement(name, len(answers), agreed, None, _too_few(len(answers)))
    kappa = _kappa(answers)
    return Agreement(name, len(answers), agreed, kappa, "" if kappa is not None else _ALL_THE_SAME)


def _kappa(answers: Sequence[tuple[object, object]]) -> float | None:
    """Return Cohen's κ, or None where both gave one and the same answer throughout."""
    if len({answer for pair in answers for answer in pair}) < 2:
        return None
    kappa = float(cohen_kappa_score([one for one, _ in answers], [other for _, other in answers]))
    return None if np.isnan(kappa) else kappa
