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
from nlp.encoder import Encoding, SentenceEncoder, load_encoder, mean_vector, tokens_within

MAX_PARTS = 12  # of a longer message the last part holds the rest
MIN_WORDS = 2  # a shorter part says little by itself
ALONE = 0.7  # log-odds less for a sentence than for the whole message: cut out it is more easily misread
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


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A sentence, or the whole text: where it stands, which tokens it has, and its vector."""

    start: int
    end: int
    inside: np.ndarray
    vector: np.ndarray


def _stretches(text: str, encoding: Encoding, offsets: np.ndarray) -> list[_Stretch]:
    """Return the whole text and, where it has several, its sentences."""
    found = [_Stretch(0, len(text), np.ones(len(encoding.tokens), dtype=bool), encoding.sentence)]
    for start, end in parts_of(text):
        inside = tokens_within(offsets, start, end)
        if inside.any() and end - start < len(text.strip()):
            found.append(_Stretch(start, end, inside, mean_vector(encoding.tokens[inside])))
    return found


def _signs(senses: Senses, reading: str, original: str) -> Iterator[Sign]:
    encoding, offsets = senses.encoder.encode_with_offsets(reading)
    stretches = _stretches(reading, encoding, offsets)
    yield _anger_sign(senses, reading, original, stretches, encoding, offsets)
    for name, likeness in senses.meanings.likeness(np.stack([s.vector for s in stretches])).items():
        best = int(likeness.argmax())
        words = reading[stretches[best].start : stretches[best].end]
        yield Sign(name, round(float(likeness[best]), 4), _evidence(words, original))


def _anger_sign(
    senses: Senses,
    reading: str,
    original: str,
    stretches: list[_Stretch],
    encoding: Encoding,
    offsets: np.ndarray,
) -> Sign:
    """Return the strongest anger of the message and its sentences, with the words that weighed most."""
    detector = senses.detector
    fits = detector.fingerprint == senses.encoder.fingerprint
    read = detector.read(encoding.tokens) if fits else None
    scores = [
        detector.score(
            reading[one.start : one.end],
            read.contributions(one.inside) if read else None,
            less=ALONE if place else 0.0,
        )
        for place, one in enumerate(stretches)
    ]
    best = int(np.argmax(scores))
    start, end = stretches[best].start, stretches[best].end
    if read:
        start, end = heaviest(reading, offsets, read.contributions(), start, end)
    return Sign(ANGER, round(scores[best], 4), _evidence(reading[start:end], original))


def heaviest(text: str, offsets: np.ndarray, weights: np.ndarray, start: int, end: int) -> tuple[int, int]:
    """Return the SPAN_WORDS words within [start, end) whose tokens weigh most together.

    ``weights`` (T,) are of the tokens at ``offsets`` (T, 2).
    """
    words = [match.span() for match in _SPAN_WORD.finditer(text, start, end)]
    if len(words) <= SPAN_WORDS:
        return start, end
    each = np.asarray([float(weights[tokens_within(offsets, *word)].sum()) for word in words])
    first = int(np.convolve(each, np.ones(SPAN_WORDS), "valid").argmax())
    return words[first][0], words[first + SPAN_WORDS - 1][1]


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
