"""Example phrasings: add one or many, retire, restore, move between intents.

A phrasing stands in one place only: a second one is refused with the place where the first one is. Whether
there are enough of them is decided at training.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import IntegrityError, transaction

from core import activity
from core.actors import Actor
from core.errors import Conflict, InvalidInput
from core.transitions import move
from intents.models import EvaluationCase, Example, Intent
from intents.phrasings import is_storable, text_hash
from intents.workflow import EXAMPLE_MOVES, MAX_BULK_EXAMPLES, MAX_EXAMPLE_LENGTH
from nlp.cleaning import clean

IS_TEST_PHRASE = ("is_test_phrase", "Models are tested with this phrase, so none may learn it.")


@dataclass(frozen=True, slots=True)
class NewExample:
    """A phrasing to add; ``source_ref`` names the ticket or review, and is needed unless it is synthetic."""

    text: str
    origin: str
    source_ref: str = ""


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that was not added: its number from 1, its text, and why."""

    row: int
    text: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class BulkReport:
    """What became of each row: every row is either among ``added`` or among ``refused``."""

    added: tuple[Example, ...]
    refused: tuple[RefusedRow, ...]


def example_add(*, actor: Actor, intent: Intent, text: str, origin: str, source_ref: str = "") -> Example:
    """Add one phrasing, or refuse it with the reason."""
    report = examples_add(actor=actor, intent=intent, rows=[NewExample(text, origin, source_ref)])
    for refused in report.refused:
        raise InvalidInput(refused.message, code=refused.code)
    return report.added[0]


def examples_add(*, actor: Actor, intent: Intent, rows: Sequence[NewExample]) -> BulkReport:
    """Add the sound rows in one transaction and report the others row by row. Idempotent by text."""
    if len(rows) > MAX_BULK_EXAMPLES:
        raise InvalidInput(f"Add at most {MAX_BULK_EXAMPLES} examples at a time.", code="too_many_rows")
    refused: list[RefusedRow] = []
    fresh: dict[str, tuple[int, Example]] = {}
    texts = [_cleaned(row.text) for row in rows]
    places = _places(text_hash(text) for text in texts)
    tests = _test_phrases(text_hash(text) for text in texts)
    for number, (text, row) in enumerate(zip(texts, rows, strict=True), start=1):
        problem = _problem(text, row)
        digest = text_hash(text)
        if not problem and digest in fresh:
            problem = ("duplicate", f"The same phrasing as row {fresh[digest][0]}.")
        if not problem:
            problem = _taken(places.get(digest, ()), intent)
        if not problem and digest in tests:
            problem = IS_TEST_PHRASE
        if problem:
            refused.append(RefusedRow(number, text[:200], *problem))
            continue
        example = Example(
            intent=intent,
            text=text,
            text_hash=digest,
            origin=row.origin,
            source_ref=row.source_ref.strip(),
            created_by_id=actor.user_id,
        )
        fresh[digest] = (number, example)
    examples = tuple(example for _, example in fresh.values())
    if examples:
        _insert(actor, intent, examples)
    return BulkReport(examples, tuple(refused))


def example_problem(*, intent: Intent, row: NewExample) -> tuple[str, str] | None:
    """Return code and message of what would refuse this row, or None; writes nothing."""
    text = _cleaned(row.text)
    digest = text_hash(text)
    problem = _problem(text, row) or _taken(_places([digest]).get(digest, ()), intent)
    return problem or (IS_TEST_PHRASE if _test_phrases([digest]) else None)


def examples_check(*, rows: Sequence[tuple[str, NewExample]]) -> list[tuple[str, str] | None]:
    """Return for each (slug of the intent, phrasing) what would refuse it, or None; writes nothing.

    Earlier rows count for later ones. Two queries for each thousand rows.
    """
    texts = [_cleaned(row.text) for _, row in rows]
    digests = [text_hash(text) for text in texts]
    places: dict[str, list[Example]] = {}
    tests: set[str] = set()
    for first in range(0, len(digests), MAX_BULK_EXAMPLES):
        places |= _places(digests[first : first + MAX_BULK_EXAMPLES])
        tests |= _test_phrases(digests[first : first + MAX_BULK_EXAMPLES])
    fresh: dict[str, str] = {}
    found: list[tuple[str, str] | None] = []
    for (slug, row), text, digest in zip(rows, texts, digests, strict=True):
        problem = _problem(text, row) or _taken_by_slug(places.get(digest, ()), slug)
        if not problem and digest in fresh:
            same = fresh[digest] == slug
            words = "The same phrasing stands further up" + ("." if same else f", for {fresh[digest]}.")
            problem = ("duplicate" if same else "in_other_intent", words)
        if not problem and digest in tests:
            problem = IS_TEST_PHRASE
        if not problem:
            fresh[digest] = slug
        found.append(problem)
    return found


def example_retire(*, actor: Actor, example: Example) -> None:
    """Leave a phrasing out of later trainings; its text stays, for the history."""
    _move_state(actor, example, Example.State.RETIRED, "example.retired")


def example_restore(*, actor: Actor, example: Example) -> None:
    """Take a retired phrasing back, unless another intent has the same one by now."""
    _refuse_taken(example, example.intent)
    if _test_phrases([example.text_hash]):
        raise Conflict(IS_TEST_PHRASE[1], code=IS_TEST_PHRASE[0])
    _move_state(actor, example, Example.State.ACTIVE, "example.restored")


def example_move(*, actor: Actor, example: Example, to: Intent) -> None:
    """Give a phrasing to another intent; refused where that one has the same phrasing."""
    if example.intent_id == to.pk:
        raise Conflict(f"This example belongs to {to.label} already.", code="already_there")
    _refuse_taken(example, to)
    before = example.intent.slug
    try:
        with transaction.atomic():
            rows = Example.objects.filter(pk=example.pk, intent_id=example.intent_id).update(intent=to)
            if rows == 0:
                raise Conflict("Somebody else has moved this example in the meantime.", code="stale_example")
            activity.record(
                actor, "example.moved", example, before={"intent": before}, after={"intent": to.slug}
            )
    except IntegrityError as error:
        raise Conflict(f"{to.label} has this phrasing by now.", code="duplicate") from error
    example.intent = to


def _insert(actor: Actor, intent: Intent, examples: tuple[Example, ...]) -> None:
    try:
        with transaction.atomic():
            Example.objects.bulk_create(examples)
            activity.record(
                actor,
                "examples.added",
                intent,
                after={"count": len(examples), "example_ids": [example.pk for example in examples]},
            )
    except IntegrityError as error:
        raise Conflict(
            "Somebody else has just added one of these phrasings. Send them again.", code="stale_examples"
        ) from error


def _move_state(actor: Actor, example: Example, to: str, verb: str) -> None:
    before = example.state
    with transaction.atomic():
        move(example, to=to, allowed=EXAMPLE_MOVES)
        activity.record(actor, verb, example, before={"state": before}, after={"state": to})


def _cleaned(text: str) -> str:
    """Return the text as it is stored: plain, on one line, and empty where no database takes it."""
    return " ".join(clean(text).split()) if is_storable(text) else ""


def _problem(text: str, row: NewExample) -> tuple[str, str] | None:
    """Return code and message of what is wrong with the row by itself."""
    if not text:
        return "empty", "There is no text that can be stored."
    if len(text) > MAX_EXAMPLE_LENGTH:
        return "too_long", f"The text is longer than {MAX_EXAMPLE_LENGTH} characters."
    if row.origin not in Example.Origin.values:
        return "bad_origin", f"The origin must be one of {', '.join(Example.Origin.values)}."
    if not is_storable(row.source_ref) or len(row.source_ref) > 200:
        return "bad_source", "The source reference takes at most 200 ordinary characters."
    if row.origin != Example.Origin.SYNTHETIC and not row.source_ref.strip():
        return "no_source", "Name the ticket or review that these words come from, or mark them synthetic."
    return None


def _places(digests: Iterable[str]) -> dict[str, list[Example]]:
    """Return the examples that hold these texts already, by hash."""
    places: dict[str, list[Example]] = {}
    found = Example.objects.filter(text_hash__in=set(digests)).select_related("intent")
    for example in found.order_by("id")[: 10 * MAX_BULK_EXAMPLES]:
        places.setdefault(example.text_hash, []).append(example)
    return places


def _test_phrases(digests: Iterable[str]) -> set[str]:
    """Return which of these texts are active test phrases."""
    active = EvaluationCase.objects.filter(state=EvaluationCase.State.ACTIVE, text_hash__in=set(digests))
    return set(active.values_list("text_hash", flat=True))


def _taken(places: Iterable[Example], intent: Intent) -> tuple[str, str] | None:
    """Return code and message where the phrasing stands already: in ``intent``, or active in another one."""
    for place in places:
        if place.intent_id == intent.pk:
            hint = "; restore it there" if place.state == Example.State.RETIRED else ""
            return "duplicate", f"{intent.label} has it as {place.state} example {place.pk}{hint}."
        if place.state == Example.State.ACTIVE and place.intent.state != Intent.State.ARCHIVED:
            return "in_other_intent", f"It is example {place.pk} of {place.intent.label}; move it from there."
    return None


def _taken_by_slug(places: Sequence[Example], slug: str) -> tuple[str, str] | None:
    """Return the same as _taken for an intent that need not exist yet."""
    own = next((place.intent for place in places if place.intent.slug == slug), None)
    return _taken(places, own or Intent(slug=slug))


def _refuse_taken(example: Example, intent: Intent) -> None:
    others = [e for e in _places([example.text_hash]).get(example.text_hash, []) if e.pk != example.pk]
    problem = _taken(others, intent)
    if problem:
        raise Conflict(problem[1], code=problem[0])
