"""The live classifier of this process: it follows the release row from request to request.

Each call reads which release is live (one query). When that has changed, one thread loads the new model while
the others go on with the old one; the exchange is a single assignment, so each answer comes from exactly one
complete version. Where the file is damaged the previous model keeps serving and an error is logged. What to
do with an answer is the runtime's business.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import cast

import structlog

from core import warmup
from core.compiled_query import CompiledQuery
from core.errors import Unavailable
from intents.artefacts import artefact_load, encoder
from intents.classifier import ArtefactRefused, IntentClassifier, Prediction
from intents.contracts import Classification, Explanation, IntentScore, NearestExample, TermWeight
from intents.models import ModelVersion, Release
from intents.segments import segments
from nlp.cleaning import clean
from nlp.combining import Combiner

log = structlog.get_logger(__name__)

ALTERNATIVES = 3
NEAREST = 3
TERMS = 5
RETRY_SECONDS = 30.0  # how long a file that was refused is not looked at again
EARLIER_RELEASES = 3  # how many a fresh process tries when the live file is damaged
NO_RELEASE_MESSAGE = (
    "No model is live yet. Train one under Intents → Models in the admin and activate it, "
    "or run `manage.py train_intents --activate`."
)

Key = tuple[int, int, str]  # release id, release number, sha256 of its model file
_live = CompiledQuery(
    lambda: Release.objects.live().values_list("pk", "number", "model_version__artefact_sha256")
)


@dataclass(frozen=True, slots=True)
class Served:
    """A loaded release: the classifier and the examples it was trained on, by position."""

    key: Key
    release: int
    model_version: int
    classifier: IntentClassifier
    examples: tuple[tuple[int, str], ...]
    predict: Combiner[str, Prediction]  # the classifier's, for the threads of this process together


class LiveModel:
    """The model that this process answers with; safe to share between threads."""

    def __init__(self) -> None:
        self._served: Served | None = None
        self._loading = threading.Lock()
        self._refused: Key | None = None
        self._refused_at = 0.0

    def current(self) -> Served:
        """Return the loaded live release, loading it first where it has changed."""
        key = _live_key()
        if key is None:
            raise Unavailable(NO_RELEASE_MESSAGE, code="no_release")
        served = self._served
        if served is not None and (served.key == key or self._lately_refused(key)):
            return served
        if served is None:
            self._loading.acquire()
        elif not self._loading.acquire(blocking=False):
            return served  # another thread is loading the new one
        try:
            return self._follow()
        finally:
            self._loading.release()

    def _follow(self) -> Served:
        """Load what is live by now, holding the lock; fall back to what served before."""
        live = Release.objects.live().select_related("model_version__snapshot").first()
        if live is None:
            raise Unavailable(NO_RELEASE_MESSAGE, code="no_release")
        key = _key(live)
        if self._served is not None and (self._served.key == key or self._lately_refused(key)):
            return self._served
        if not self._lately_refused(key):
            try:
                self._served = _load(live)
            except ArtefactRefused as error:
                self._refused, self._refused_at = key, time.monotonic()
                log.error("live_model_refused", release=live.number, error=error.message)
                if self._served is None:
                    self._served = _load_earlier(live)
        if self._served is None:
            raise Unavailable(
                f"The model file of {live} cannot be used. Activate another version, or train again.",
                code="model_damaged",
            )
        return self._served

    @property
    def is_changing(self) -> bool:
        """Whether a thread is loading another release."""
        return self._loading.locked()

    def _lately_refused(self, key: Key) -> bool:
        return self._refused == key and time.monotonic() - self._refused_at < RETRY_SECONDS


_live_model = LiveModel()


def live_model_problem() -> str:
    """Return why the live release does not answer itself, or "" where it does; "" too where none is live."""
    key = _live_key()
    if key is None:
        return ""
    try:
        served = _live_model.current()
    except Unavailable as refusal:
        return refusal.message
    if served.key == key or _live_model.is_changing:
        return ""
    return f"The file of Release {key[1]} cannot be used, so Release {served.release} answers in its place."


def classify(text: str) -> Classification:
    """Return what the live release says about ``text``; raise Unavailable (no_release) when none is live."""
    served = _live_model.current()
    text = clean(text)
    return _with_segments(served, text, served.predict([text])[0])


def classify_all(texts: Sequence[str]) -> list[Classification]:
    """Return what the live release says about each text, all from one version; looks for no segments."""
    served = _live_model.current()
    return [_classification(served, p) for p in served.predict([clean(text) for text in texts])]


def classifier_of(version: ModelVersion) -> Callable[[str], Classification]:
    """Return a function that says what ``version`` says about a text, whatever is live.

    Its file is read once; raises ArtefactRefused where that cannot be used.
    """
    served = _serve(version, (0, 0, ""))

    def said(text: str) -> Classification:
        text = clean(text)
        return _with_segments(served, text, served.predict([text])[0])

    return said


def explain(text: str) -> Explanation:
    """Return why the live release says what it says: 5 terms, 3 nearest examples."""
    return classify_and_explain(text)[1]


def classify_and_explain(
    text: str, version: ModelVersion | None = None
) -> tuple[Classification, Explanation]:
    """Return the answer and its reasons, both from the same version: the live one, or the one given.

    Another version is read from its file for this call; raises ArtefactRefused where that cannot be used.
    """
    served = _live_model.current() if version is None else _serve(version, (0, 0, ""))
    text = clean(text)
    classification = _with_segments(served, text, served.predict([text])[0])
    reasons = served.classifier.explain(text)
    explanation = Explanation(
        intent=classification.intent,
        confidence=classification.confidence,
        terms=tuple(TermWeight(term, float(weight)) for term, weight in reasons.terms[:TERMS]),
        nearest_examples=classification.nearest_examples,
        release=served.release,
        model_version=served.model_version,
    )
    return classification, explanation


def _with_segments(served: Served, text: str, prediction: Prediction) -> Classification:
    return replace(_classification(served, prediction), segments=segments(text, prediction, served.predict))


def _classification(served: Served, prediction: Prediction) -> Classification:
    others = [(label, score) for label, score in prediction.scores if label != prediction.label]
    return Classification(
        intent=prediction.label,
        confidence=float(prediction.confidence),
        is_fallback=bool(prediction.is_fallback),
        threshold=float(served.classifier.threshold),
        margin=float(prediction.margin),
        alternatives=tuple(IntentScore(label, float(score)) for label, score in others[:ALTERNATIVES]),
        nearest_examples=tuple(
            NearestExample(*served.examples[index], similarity=float(similarity))
            for index, similarity in prediction.nearest[:NEAREST]
        ),
        release=served.release,
        model_version=served.model_version,
    )


def _live_key() -> Key | None:
    return cast(Key | None, _live.first())


def _key(release: Release) -> Key:
    return release.pk, release.number, release.model_version.artefact_sha256


def _load(release: Release) -> Served:
    return _serve(release.model_version, _key(release))


def _serve(version: ModelVersion, key: Key) -> Served:
    classifier = artefact_load(version)
    examples = tuple((example_id, text) for example_id, text, _ in version.snapshot.rows)
    return Served(key, key[1], version.number, classifier, examples, Combiner(classifier.predict))


def _load_earlier(live: Release) -> Served | None:
    """Return the newest earlier release of another version whose file is sound."""
    earlier = Release.objects.filter(number__lt=live.number).exclude(model_version=live.model_version_id)
    for release in earlier.select_related("model_version__snapshot").order_by("-number")[:EARLIER_RELEASES]:
        try:
            return _load(release)
        except ArtefactRefused as error:
            log.error("earlier_model_refused", release=release.number, error=error.message)
    return None


def warm_up() -> None:
    """Load the encoder and what is live, so that the first request waits for neither."""
    encoder()
    with suppress(Unavailable):
        classify("Where do I find my invoice?")


warmup.register(warm_up)
