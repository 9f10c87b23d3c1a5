"""Test phrases, which no training takes, and asking the versions for their answers to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db import IntegrityError, transaction

from core import activity, jobs
from core.actors import Actor
from core.errors import Conflict, InvalidInput
from core.transitions import move
from intents.artefacts import artefact_load
from intents.classifier import ArtefactRefused
from intents.judgements import MAX_CASES, active_cases, cases_sha256, has_answered
from intents.models import CaseRun, EvaluationCase, Example, Intent, ModelVersion
from intents.phrasings import is_storable, text_hash
from intents.selectors import live_release
from intents.workflow import (
    EXAMPLE_MOVES,
    MAX_BULK_EXAMPLES,
    MAX_EXAMPLE_LENGTH,
    MIN_REAL_EXAMPLES,
)
from nlp.cleaning import clean

TASK = "intents.tasks.judge"
BATCH = 100
KEPT_RUNS = 3  # per version: the newest sets of test phrases
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class NewCase:
    """A test phrase to add; without an intent it is off-topic."""

    text: str
    intent: Intent | None
    origin: str
    source_ref: str = ""
    must_pass: bool = False


@dataclass(frozen=True, slots=True)
class RefusedCase:
    """A test phrase that was not added, and why."""

    text: str
    code: str
    message: str


def case_add(*, actor: Actor, case: NewCase) -> EvaluationCase:
    """Add one test phrase, or refuse it with the reason."""
    added, refused = cases_add(actor=actor, cases=[case])
    for problem in refused:
        raise InvalidInput(problem.message, code=problem.code)
    return added[0]


def cases_add(
    *, actor: Actor, cases: Sequence[NewCase]
) -> tuple[tuple[EvaluationCase, ...], tuple[RefusedCase, ...]]:
    """Add the sound ones in one transaction and say why the others are not. Idempotent by text."""
    if len(cases) > MAX_BULK_EXAMPLES:
        raise InvalidInput(f"Add at most {MAX_BULK_EXAMPLES} phrases at a time.", code="too_many_rows")
    room = MAX_CASES - EvaluationCase.objects.filter(state=EvaluationCase.State.ACTIVE).count()
    texts = [" ".join(clean(case.text).split()) if is_storable(case.text) else "" for case in cases]
    digests = [text_hash(text) for text in texts]
    known = dict(EvaluationCase.objects.filter(text_hash__in=digests).values_list("text_hash", "state"))
    trained = set(Example.objects.active().filter(text_hash__in=digests).values_list("text_hash", flat=True))
    fresh: dict[str, EvaluationCase] = {}
    refused: list[RefusedCase] = []
    for case, text, digest in zip(cases, texts, digests, strict=True):
        problem = _problem(case, text)
        if not problem and (digest in known or digest in fresh):
            hint = "; restore it there" if known.get(digest) == EvaluationCase.State.RETIRED else ""
            problem = ("duplicate", f"It is among the test phrases already{hint}.")
        if not problem and digest in trained:
            problem = (
                "is_example",
                "It is an example that models learn from. Use the example's own button to test with it.",
            )
        if not problem and len(fresh) >= room:
            problem = ("too_many_cases", f"There are {MAX_CASES} test phrases. Retire some first.")
        if problem:
            refused.append(RefusedCase(text[:200] or case.text[:200], *problem))
            continue
        fresh[digest] = EvaluationCase(
            text=text,
            text_hash=digest,
            intent=case.intent,
            must_pass=case.must_pass,
            origin=case.origin,
            source_ref=case.source_ref.strip(),
            created_by_id=actor.user_id,
        )
    added = tuple(fresh.values())
    if added:
        _insert(actor, added)
    return added, tuple(refused)


def case_from_example(*, actor: Actor, example: Example, must_pass: bool = False) -> EvaluationCase:
    """Take a phrasing out of the training for good and test with it; at least eight real ones must stay."""
    with transaction.atomic():
        intent = Intent.objects.select_for_update().get(pk=example.intent_id)
        real = intent.examples.filter(state=Example.State.ACTIVE).exclude(origin=Example.Origin.SYNTHETIC)
        if example.origin != Example.Origin.SYNTHETIC and real.count() <= MIN_REAL_EXAMPLES:
            raise Conflict(
                f"{intent.label} would keep fewer than {MIN_REAL_EXAMPLES} real phrasings. "
                "Add others first, then test with this one.",
                code="too_few_examples",
            )
        move(example, to=Example.State.RETIRED, allowed=EXAMPLE_MOVES)
        activity.record(
            actor, "example.retired", example, before={"state": "active"}, after={"state": "retired"}
        )
        new = NewCase(example.text, intent, example.origin, example.source_ref, must_pass)
        return case_add(actor=actor, case=new)


def case_retire(*, actor: Actor, case: EvaluationCase) -> None:
    """Test with this phrase no longer."""
    _move_case(actor, case, EvaluationCase.State.RETIRED)


def case_restore(*, actor: Actor, case: EvaluationCase) -> None:
    """Test with a retired phrase again, unless models learn from it by now."""
    if Example.objects.active().filter(text_hash=case.text_hash).exists():
        raise Conflict("Models learn from this phrase by now; it tests nothing.", code="is_example")
    _move_case(actor, case, EvaluationCase.State.ACTIVE)


def case_must_pass(*, actor: Actor, case: EvaluationCase, must_pass: bool) -> None:
    """Say whether a version that answers this phrase wrongly may go live."""
    with transaction.atomic():
        changed = EvaluationCase.objects.filter(pk=case.pk, must_pass=not must_pass)
        if changed.update(must_pass=must_pass):
            activity.record(
                actor,
                "test_phrase.changed",
                case,
                before={"must_pass": not must_pass},
                after={"must_pass": must_pass},
            )
    case.must_pass = must_pass


def judging_start(*, actor: Actor, version: ModelVersion) -> None:
    """Queue asking the version, and the live one to compare with."""
    if version.state != ModelVersion.State.READY:
        raise Conflict(f"{version} cannot be asked: only a ready version can.", code="version_not_ready")
    with transaction.atomic():
        jobs.enqueue(TASK, dedupe_key=f"{TASK}:{version.pk}", requested_by=actor.label, version_id=version.pk)


def judging_run(*, version_id: int, progress: Progress | None = None) -> int:
    """Ask the version, and the live one, for their answers to the test phrases; return how many those are.

    Idempotent: the same version is asked once about the same phrases. A live model whose file cannot be read
    is left out; what was compared is what both have answered.
    """
    version = ModelVersion.objects.get(pk=version_id)
    cases = active_cases()
    release = live_release()
    _ask(version, cases, progress)
    if release is not None and release.model_version_id != version.pk:
        try:
            _ask(release.model_version, cases, progress)
        except ArtefactRefused:
            return len(cases)
    return len(cases)


def _ask(version: ModelVersion, cases: list[tuple[int, str, str, bool]], progress: Progress | None) -> None:
    if has_answered(version, cases):
        return
    classifier = artefact_load(version)
    rows: list[list[object]] = []
    for first in range(0, len(cases), BATCH):
        if progress is not None:
            progress(first, len(cases), f"Asking {version}")
        batch = cases[first : first + BATCH]
        answers = classifier.predict([clean(text) for _, text, _, _ in batch])
        rows += [
            [pk, answer.label, round(answer.confidence, 6), bool(answer.is_fallback)]
            for (pk, *_), answer in zip(batch, answers, strict=True)
        ]
    CaseRun.objects.get_or_create(version=version, cases_sha256=cases_sha256(cases), defaults={"rows": rows})
    kept = CaseRun.objects.filter(version=version).order_by("-id").values_list("pk", flat=True)[:KEPT_RUNS]
    CaseRun.objects.filter(version=version).exclude(pk__in=list(kept)).delete()


def _insert(actor: Actor, cases: Sequence[EvaluationCase]) -> None:
    try:
        with transaction.atomic():
            EvaluationCase.objects.bulk_create(cases)
            for case in cases:
                after = {"intent": case.intent.slug if case.intent else None, "must_pass": case.must_pass}
                activity.record(actor, "test_phrase.added", case, after=after)
    except IntegrityError as error:
        raise Conflict(
            "Somebody else has just added one of these phrases. Send them again.", code="stale_cases"
        ) from error


def _move_case(actor: Actor, case: EvaluationCase, to: str) -> None:
    before = case.state
    with transaction.atomic():
        move(case, to=to, allowed=EXAMPLE_MOVES)
        activity.record(
            actor, f"test_phrase.{to}", case, before={"state": before}, after={"state": case.state}
        )


def _problem(case: NewCase, text: str) -> tuple[str, str] | None:
    if not text:
        return "empty", "There is no text that can be stored."
    if len(text) > MAX_EXAMPLE_LENGTH:
        return "too_long", f"The text is longer than {MAX_EXAMPLE_LENGTH} characters."
    if case.origin not in Example.Origin.values:
        return "bad_origin", f"The origin must be one of {', '.join(Example.Origin.values)}."
    if not is_storable(case.source_ref) or len(case.source_ref) > 200:
        return "bad_source", "The source reference takes at most 200 ordinary characters."
    if case.origin != Example.Origin.SYNTHETIC and not case.source_ref.strip():
        return "no_source", "Name the ticket or review that these words come from, or mark them synthetic."
    return None
