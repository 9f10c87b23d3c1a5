"""Imports by upload: the phrasings are kept between preview and application, then forgotten."""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import astuple
from datetime import timedelta
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from core import activity
from core.actors import Actor
from core.errors import InvalidInput
from core.permissions import require
from core.transitions import move
from intents.exchange.applying import PERMISSION, phrasings_import
from intents.exchange.contracts import Phrasing, Problem, Reading
from intents.exchange.planning import Plan, plan
from intents.exchange.reading import read
from intents.models import PhrasingImport

MAX_UPLOAD_BYTES = 10 * 1024**2
MAX_UPLOAD_PHRASINGS = 5_000  # so that preview and application stay within a request
KEPT_DAYS = 7
IMPORT_MOVES: dict[str, tuple[str, ...]] = {"ready": ("done", "dropped"), "done": (), "dropped": ()}


def import_read(*, name: str, data: bytes, source: str) -> Reading:
    """Read an uploaded file; refuse one that is too large, or that cannot be read, with file and line."""
    if len(data) > MAX_UPLOAD_BYTES:
        raise InvalidInput(
            f"The file is larger than {MAX_UPLOAD_BYTES // 1024**2} MB. Import it with the command "
            "import_intents, or in parts.",
            code="too_large",
        )
    if not data.strip():
        raise InvalidInput("The file is empty.", code="empty_file")
    with tempfile.NamedTemporaryFile() as kept:
        kept.write(data)
        kept.flush()
        reading = read(Path(kept.name), source, name=Path(name.replace("\\", "/")).name)
    if len(reading.phrasings) > MAX_UPLOAD_PHRASINGS:
        raise InvalidInput(
            f"An upload takes at most {MAX_UPLOAD_PHRASINGS:,} phrasings, not {len(reading.phrasings):,}. "
            "Import it with the command import_intents, or in parts.",
            code="too_many_rows",
        )
    return reading


def import_create(*, actor: Actor, name: str, source: str, reading: Reading) -> PhrasingImport:
    """Keep what was read for the preview; forgets uploads that nobody came back to for a week."""
    require(actor, PERMISSION)
    oldest = timezone.now() - timedelta(days=KEPT_DAYS)
    with transaction.atomic():
        PhrasingImport.objects.filter(state="ready", created_at__lt=oldest).update(
            state="dropped", rows=[], problems=[]
        )
        batch = PhrasingImport.objects.create(
            file_name=Path(name.replace("\\", "/")).name[:200],
            source=source,
            rows=[[p.text, p.label, p.where, p.origin, p.source_ref] for p in reading.phrasings],
            problems=[astuple(problem) for problem in reading.problems],
            ignored=dict(reading.ignored),
            created_by_id=actor.user_id,
        )
        activity.record(actor, "phrasingimport.uploaded", batch, after={"rows": len(batch.rows)})
    return batch


def import_plan(batch: PhrasingImport) -> Plan:
    """Return what would become of each row now."""
    return plan(_reading(batch))


def import_apply(*, actor: Actor, batch: PhrasingImport) -> Plan:
    """Take the rows in, keep the counts and forget the texts; done once."""
    require(actor, PERMISSION)
    with transaction.atomic():
        reading = _reading(batch)
        move(batch, to="done", allowed=IMPORT_MOVES, finished_at=timezone.now(), rows=[], problems=[])
        found = phrasings_import(actor=actor, reading=reading)
        result = {**found.counts, "new_intents": found.new_intents}
        PhrasingImport.objects.filter(pk=batch.pk).update(result=result)
        activity.record(actor, "phrasingimport.applied", batch, after=result)
    batch.result = result
    return found


def import_drop(*, actor: Actor, batch: PhrasingImport) -> None:
    """Forget the rows of an import that is not wanted."""
    require(actor, PERMISSION)
    with transaction.atomic():
        move(batch, to="dropped", allowed=IMPORT_MOVES, finished_at=timezone.now(), rows=[], problems=[])
        activity.record(actor, "phrasingimport.dropped", batch)


def _reading(batch: PhrasingImport) -> Reading:
    return Reading(
        [Phrasing(text, label, where, origin, source) for text, label, where, origin, source in batch.rows],
        [Problem(*problem) for problem in batch.problems],
        Counter(batch.ignored),
    )
