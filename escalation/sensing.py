"""Read danger in a customer's words by models: anger, and sentences that mean what hard rules listen for.

Every part of the text is weighed by itself too, so that a threat does not drown in a long message. The
encoder's vectors are those that the classifier needs anyway (it keeps them for a moment). Where the words are
disguised, what they disguise is read as well. Lists of terms are left to the rules, which can be edited
(escalation.firing). Decides nothing: rules have thresholds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from django.conf import settings

from core import warmup
from escalation.contracts import Amount, Sign
from escalation.meanings import Meanings, meanings_encode
from escalation.money import amounts_find
from escalation.normalisation import readings
from escalation.selectors import anger_calibration
from escalation.triggers import ANGER
from nlp.anger import AngerDetector, load_detector
from nlp.cleaning import clean
from nlp.encoder import Encoding, SentenceEncoder, load_encoder, part_of

MAX_PARTS = 12  # of a longer message the last part holds the rest
MIN_WORDS = 2  # a shorter part says little by itself
SPAN_WORDS = 8  # of the words shown as evidence of anger, where a sentence is longer
_END = re.compile(r"(?<=[.!?…])[\"'”)]*\s+|\n+|(?<=[;:])\s+")
_WORD = re.compile(r"\w+")
_SPAN_WORD = re.compile(r"\S+")
_LETTERS = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Sensed:
    """What was read: a sign for each trigger, and the sums of money that the text names."""

    signs: tuple[Sign, ...]
    amounts: tuple[Amount, ...]


@dataclass(frozen=True, slots=True)
class Senses:
    """The models of one process: share it between threads."""

    encoder: SentenceEncoder
    detector: AngerDetector
    meanings: Meanings


@lru_cache(maxsize=2)
def load_senses(encoder_path: str) -> Senses:
    """Return the process-wide models; raises what a damaged or missing file raises."""
    encoder = load_encoder(encoder_path)
    return Senses(encoder, load_detector(), meanings_encode(encoder.encode))


def sense(text: str) -> Sensed:
    """Return the signs in one message, with the team's active recalibration of anger; one query."""
    senses = load_senses(settings.ENCODER_PATH)
    return sense_with(senses, text, recalibrate=anger_calibration(senses.detector.version))


def sense_with(senses: Senses, text: str, *, recalibrate: Callable[[float], float] = float) -> Sensed:
    """Return the signs in ``text``; ``recalibrate`` maps the detector's score of anger."""
    found: dict[str, Sign] = {}
    for reading in _readings(text):
        for sign in _signs(senses, reading, text):
            if sign.trigger not in found or sign.score > found[sign.trigger].score:
                found[sign.trigger] = sign
    anger = found[ANGER]
    found[ANGER] = Sign(ANGER, round(recalibrate(anger.score), 4), anger.text)
    return Sensed(tuple(found.values()), amounts_find(text))


def parts_of(text: str) -> Iterator[tuple[int, int]]:
    """Yield the stretches of ``text`` that are sentences or lines of at least MIN_WORDS words."""
    start, count = 0, 1
    for cut in _END.finditer(text):
        if count == MAX_PARTS:
            break
        if len(_WORD.findall(text, start, cut.start())) >= MIN_WORDS:
            yield start, cut.start()
            start, count = cut.end(), count + 1
    if start < len(text):
        yield start, len(text)


def _readings(text: str) -> list[str]:
    """Return the text as the classifier reads it, and without its disguise where it wears one."""
    shown = clean(text) or text
    undisguised = readings(text)[-1].text
    if _LETTERS.findall(undisguised) == _LETTERS.findall(" ".join(shown.casefold().split())):
        return [shown]
    return [shown, undisguised]


def _signs(senses: Senses, reading: str, original: str) -> Iterator[Sign]:
    encoding, offsets = senses.encoder.encode_with_offsets(reading)
    stretches, encodings = [(0, len(reading))], [encoding]
    for start, end in parts_of(reading):
        part = part_of(encoding, offsets, start, end)
        if part is not None and end - start < len(reading.strip()):
            stretches.append((start, end))
            encodings.append(part)
    yield _anger_sign(senses, reading, original, stretches, encodings, offsets)
    vectors = np.stack([one.sentence for one in encodings])
    for name, likeness in senses.meanings.likeness(vectors).items():
        best = int(likeness.argmax())
        start, end = stretches[best]
        yield Sign(name, round(float(likeness[best]), 4), _evidence(reading[start:end], original))


def _anger_sign(
    senses: Senses,
    reading: str,
    original: str,
    stretches: list[tuple[int, int]],
    encodings: list[Encoding],
    offsets: np.ndarray,
) -> Sign:
    """Return the strongest anger of the message and its parts, with the words that weighed most."""
    fits = senses.detector.fingerprint == senses.encoder.fingerprint
    texts = [reading[start:end] for start, end in stretches]
    scores = senses.detector.scores(texts, encodings if fits else [None] * len(texts))
    start, end = stretches[int(scores.argmax())]
    if fits:
        weights = senses.detector.token_weights(encodings[0])
        start, end = heaviest(reading, offsets, weights, start, end)
    return Sign(ANGER, round(float(scores.max()), 4), _evidence(reading[start:end], original))


def heaviest(text: str, offsets: np.ndarray, weights: np.ndarray, start: int, end: int) -> tuple[int, int]:
    """Return the run of at most SPAN_WORDS words within [start, end) whose tokens weigh most together.

    ``weights`` (T,) are of the tokens at ``offsets`` (T, 2); words that weigh less than the average of the
    stretch end a run.
    """
    words = [match.span() for match in _SPAN_WORD.finditer(text, start, end)]
    if len(words) <= SPAN_WORDS:
        return start, end
    each = np.asarray(
        [
            float(weights[(offsets[:, 0] >= a) & (offsets[:, 1] <= b) & (offsets[:, 1] > a)].sum())
            for a, b in words
        ]
    )
    gain = np.concatenate([[0.0], np.cumsum(each - each.mean())])
    _, first, last = max(
        (gain[last] - gain[first], first, last)
        for first in range(len(words))
        for last in range(first + MIN_WORDS, min(first + SPAN_WORDS, len(words)) + 1)
    )
    return words[first][0], words[last - 1][1]


def _evidence(words: str, original: str) -> str:
    """Return ``words`` where the customer wrote them so; a disguised message is shown whole, as written."""
    words = words.strip()
    return words if words and words in original else original.strip()


def anger_score(text: str) -> tuple[float, str]:
    """Return the detector's own score of anger, before any recalibration, and the detector's version."""
    senses = load_senses(settings.ENCODER_PATH)
    scores = [sign.score for sign in sense_with(senses, text).signs if sign.trigger == ANGER]
    return scores[0], senses.detector.version


def warm_up() -> None:
    """Load the models, so that the first message waits for none."""
    load_senses(settings.ENCODER_PATH)


warmup.register(warm_up)
