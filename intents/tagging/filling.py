"""Filling the inbox: which customers' messages wait for a person, and what the live model says of each.

Can be repeated: new tickets join, the undecided are asked anew after a release, what has become an example
elsewhere leaves. What a person has touched or holds stays as it is. The model works outside of any
transaction. Without a live model the largest categories come first and nothing is suggested.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from django.db import transaction
from django.utils import timezone

from core import activity, jobs
from core.actors import Actor
from core.errors import Unavailable
from core.models import Job
from core.permissions import require
from intents.artefacts import encoder
from intents.dataset import Dataset
from intents.inference import classify_all
from intents.models import EvaluationCase, Example, TaggingItem
from intents.phrasings import is_storable, text_hash
from intents.selectors import live_release
from intents.tagging import workflow
from intents.tagging.claiming import TAG
from intents.tagging.policy import tagging_policy
from intents.tagging.sampling import Candidate, Place, draw, near_duplicates, queue
from intents.tagging.suggesting import SUGGESTED, suggest
from intents.workflow import MAX_EXAMPLE_LENGTH
from nlp.cleaning import clean
from tickets.messages import (
    CustomerMessage,
    category_volumes,
    customer_messages,
    still_told,
    tickets_with_messages,
)
from tickets.selectors import audit_state

TASK = "intents.tasks.fill_tagging_inbox"
BATCH = 64
KNOWN_VECTORS = 5_000  # how many touched messages new ones are compared with
ORDERED = ("position", "is_random", "volume", "doubles", "vector", "encoder")

Tell = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Filled:
    """What a filling did: messages that came, that were asked anew, that left; ``release`` that was asked."""

    added: int
    asked: int
    removed: int
    waiting: int
    release: int | None
    seen: list[int]


@dataclass(slots=True)
class _Row:
    """A message that may wait: a row that is there, or a new one."""

    item: TaggingItem
    vector: np.ndarray | None = None
    asked: bool = False


def inbox_fill_start(*, actor: Actor) -> Job:
    """Queue a filling; one that waits already is enough."""
    require(actor, TAG)
    with transaction.atomic():
        job = jobs.enqueue(TASK, dedupe_key=f"{TASK}:asked", requested_by=actor.label, is_asked_for=True)
        activity.record(actor, "tagging_inbox.filled", job)
    return job


def inbox_seen() -> list[int]:
    """Return what makes a filling worthwhile when it changes: tickets, categories, release, length."""
    live = live_release()
    return [*audit_state(), live.number if live else 0, tagging_policy().queue_size]


def inbox_is_current() -> bool:
    """Whether nothing has changed since the last filling, and half of the inbox still waits."""
    done = Job.objects.filter(task=TASK, state=Job.State.SUCCEEDED, result__has_key="seen")
    last = done.order_by("-finished_at").first()
    if last is None or last.result.get("seen") != inbox_seen():
        return False
    return 2 * TaggingItem.objects.untouched(timezone.now()).count() >= int(last.result.get("waiting", 0))


def inbox_job() -> Job | None:
    """Return the filling that is due or runs."""
    under_way = Job.objects.filter(task=TASK, state__in=(Job.State.QUEUED, Job.State.RUNNING))
    return under_way.filter(available_at__lte=timezone.now()).first()


def inbox_fill(
    *, progress: Tell | None = None, pool: int = workflow.POOL, ask_at_most: int | None = None
) -> Filled:
    """Fill the inbox from up to ``pool`` messages that are not in it, and order what waits.

    With ``ask_at_most`` the model is asked about the first so many only; the next filling goes on.
    """
    tell = progress or _silent
    tell(0, 3, "Reading closed tickets")
    seen = inbox_seen()
    removed = _forget_gone()
    rows = [_Row(item) for item in TaggingItem.objects.untouched(timezone.now())]
    rows += [_Row(item) for item in _new_items(pool, {row.item.ticket_id for row in rows})]
    volumes = category_volumes()
    for row in rows:
        row.item.volume, row.item.doubles = volumes.get(row.item.category_id or 0, 1), 0
    rows = _without(rows, _doubled_words(rows))
    rows.sort(key=lambda row: row.item.pk is None)  # those that wait already stand for their doubles
    asked = rows if ask_at_most is None else [rows[p.index] for p in _places(rows, ask_at_most)]
    _encode(asked, tell)
    rows = _without(rows, _doubled_meaning(asked))
    release = _ask([row for row in asked if row in rows], tell)
    places = _places(rows, tagging_policy().queue_size)
    tell(3, 3, "Ordering")
    return _store(rows, places, removed, release, seen)


def _new_items(pool: int, open_tickets: set[int]) -> list[TaggingItem]:
    """Return unsaved items for tickets that have none: unknown texts of a storable length.

    The pool, drawn evenly, holds the tickets of open messages too, so that filling again changes nothing.
    """
    touched = set(TaggingItem.objects.values_list("ticket_id", flat=True)) - open_tickets
    tickets = [pk for pk in tickets_with_messages() if pk not in touched]
    tickets.sort(key=lambda pk: draw(str(pk), "pool"))
    items: dict[str, TaggingItem] = {}
    for message in customer_messages(pk for pk in tickets[:pool] if pk not in open_tickets):
        item = _item(message)
        if item is not None:
            items.setdefault(item.text_hash, item)
    hashes = list(items)
    known = _in_use(hashes)
    known |= set(TaggingItem.objects.filter(text_hash__in=hashes).values_list("text_hash", flat=True))
    return [item for digest, item in items.items() if digest not in known]


def _in_use(digests: list[str]) -> set[str]:
    """Return the hashes of texts that are an example or a test phrase, in whatever state."""
    return {
        digest
        for model in (Example, EvaluationCase)
        for digest in model.objects.filter(text_hash__in=digests).values_list("text_hash", flat=True)
    }


def _item(message: CustomerMessage) -> TaggingItem | None:
    text = " ".join(clean(message.text).split()) if is_storable(message.text) else ""
    if not text or len(text) > MAX_EXAMPLE_LENGTH:
        return None
    return TaggingItem(
        text=text,
        text_hash=text_hash(text),
        ticket_id=message.ticket_id,
        source_ref=message.reference,
        category_id=message.category_id,
        closed_at=message.closed_at,
    )


def _forget_gone() -> int:
    """Remove what nobody has touched and what is gone at the source or an example by now."""
    untouched = list(
        TaggingItem.objects.untouched(timezone.now()).values_list("pk", "ticket_id", "text_hash")
    )
    told = still_told([ticket for _, ticket, _ in untouched])
    digests = [digest for _, _, digest in untouched]
    examples = _in_use(digests)
    gone = [pk for pk, ticket, digest in untouched if ticket not in told or digest in examples]
    return _delete(gone)


def _delete(ids: list[int]) -> int:
    deleted = TaggingItem.objects.untouched(timezone.now()).filter(pk__in=ids).delete()[1]
    return deleted.get("intents.TaggingItem", 0)


def _without(rows: list[_Row], doubles: dict[int, _Row | None]) -> list[_Row]:
    """Leave out rows (by id) that double another one, which then stands for them."""
    for original in doubles.values():
        if original is not None:
            original.item.doubles += 1
    return [row for row in rows if id(row) not in doubles]


def _doubled_words(rows: list[_Row]) -> dict[int, _Row | None]:
    """Return rows whose words are nearly those of an earlier row."""
    first: dict[int, _Row] = {}
    doubles: dict[int, _Row | None] = {}
    groups = Dataset(tuple(row.item.text for row in rows), ("",) * len(rows)).groups()
    for row, group in zip(rows, groups.tolist(), strict=True):
        if first.setdefault(group, row) is not row:
            doubles[id(row)] = first[group]
    return doubles


def _doubled_meaning(rows: list[_Row]) -> dict[int, _Row | None]:
    """Return rows whose sentence vector nearly is that of an earlier row, or of a touched message."""
    if not rows:
        return {}
    fingerprint = encoder().fingerprint
    here = [row.item.pk for row in rows if row.item.pk]
    touched = TaggingItem.objects.filter(encoder=fingerprint).exclude(pk__in=here).exclude(vector=b"")
    known = [unpacked(v) for v in touched.order_by("-pk").values_list("vector", flat=True)[:KNOWN_VECTORS]]
    vectors = np.stack([row.vector for row in rows if row.vector is not None])
    found = near_duplicates(
        vectors, np.stack(known) if known else np.zeros((0, vectors.shape[1])), workflow.NEAR_DUPLICATE_COSINE
    )
    return {
        id(row): None if double < 0 else rows[double]
        for row, double in zip(rows, found, strict=True)
        if double is not None
    }


def _encode(rows: list[_Row], tell: Tell) -> None:
    """Give each row its sentence vector, computed where it is not stored."""
    fingerprint = encoder().fingerprint
    missing = []
    for row in rows:
        if row.item.encoder == fingerprint and row.item.vector:
            row.vector = unpacked(row.item.vector)
        else:
            missing.append(row)
    for first in range(0, len(missing), BATCH):
        tell(first, 2 * len(missing), "Looking for messages that say the same")
        batch = missing[first : first + BATCH]
        for row, vector in zip(batch, encoder().encode([r.item.text for r in batch]), strict=True):
            row.vector = vector
            row.item.vector, row.item.encoder = packed(vector), fingerprint


def _ask(rows: list[_Row], tell: Tell) -> int | None:
    """Ask the live model about each row that it has not been asked about; return the release."""
    live = live_release()
    if live is None:
        return None
    waiting = [row for row in rows if row.item.release != live.number]
    release: int | None = live.number
    for first in range(0, len(waiting), BATCH):
        tell(len(waiting) + first, 2 * len(waiting), "Asking the live model")
        batch = waiting[first : first + BATCH]
        try:
            answers = classify_all([row.item.text for row in batch])
        except Unavailable:  # its file is damaged: the inbox works without suggestions
            return None
        for row, answer in zip(batch, answers, strict=True):
            suggest(row.item, answer)
            row.asked = True
            release = answer.release
    return release


def _places(rows: list[_Row], size: int) -> list[Place]:
    return queue([Candidate(r.item.text_hash, r.item.volume, r.item.margin) for r in rows], size)


def _store(
    rows: list[_Row], places: list[Place], removed: int, release: int | None, seen: list[int]
) -> Filled:
    """Write the order, the new rows and the new suggestions; what has no place any more leaves."""
    kept = []
    for position, place in enumerate(places, start=1):
        item = rows[place.index].item
        item.position, item.is_random = position, place.is_random
        kept.append(item)
    new = [item for item in kept if item.pk is None]
    old = [item for item in kept if item.pk is not None]
    with transaction.atomic():
        present = {item.pk for item in old}
        stale = TaggingItem.objects.untouched(timezone.now()).exclude(pk__in=present)
        removed += _delete(list(stale.values_list("pk", flat=True)))
        free = set(TaggingItem.objects.untouched(timezone.now()).values_list("pk", flat=True))
        TaggingItem.objects.bulk_update(
            [item for item in old if item.pk in free], [*SUGGESTED, *ORDERED], batch_size=100
        )
        TaggingItem.objects.bulk_create(new, ignore_conflicts=True, batch_size=200)
    return Filled(
        added=len(new),
        asked=sum(row.asked for row in rows),
        removed=removed,
        waiting=TaggingItem.objects.waiting().count(),
        release=release,
        seen=seen,
    )


def packed(vector: np.ndarray) -> bytes:
    """Return a unit vector as it is stored: float16, little endian."""
    stored: bytes = np.ascontiguousarray(vector, dtype="<f2").tobytes()
    return stored


def unpacked(stored: bytes | memoryview) -> np.ndarray:
    """Return a stored vector, (d,) float32 of unit length."""
    vector = np.frombuffer(bytes(stored), dtype="<f2").astype(np.float32)
    return vector / max(float(np.linalg.norm(vector)), 1e-6)


def _silent(done: int, total: int, message: str) -> None:
    """Report progress to nobody."""
