"""Check the health of the data set: gather the active phrasings, examine them, keep the report.

Works in a job; writes one HealthReport and one line of the activity log. Changes no phrasing.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import numpy as np
from django.db import transaction
from django.utils import timezone

from core import activity, jobs
from core.actors import Actor
from core.errors import Conflict, Unavailable
from core.models import Job
from core.permissions import require
from intents.artefacts import encoder
from intents.health.coverage import Coverage, Reading, coverage_of
from intents.health.granularity import confused_intents
from intents.health.held_out import held_out
from intents.health.influence import harmful_phrasings
from intents.health.label_errors import label_errors
from intents.health.pairs import Pairs, conflicts, repetitions
from intents.health.samples import Samples
from intents.inference import classify_all
from intents.models import Example, HealthReport, Intent, Release
from intents.scoring import balanced_sample
from nlp.encoder import Encoding
from tickets.selectors import closing_times, recent_openings

TASK = "intents.tasks.check_health"
PERMISSION = "intents.change_example"
KEPT_REPORTS = 10
MAX_SAMPLES = 5_000  # above it a sample balanced over the intents: bounds time and memory
RECENT_TICKETS = 500  # enough for a share within five points
STALE_DAYS = 365
MAX_STALE = 500
ENCODING_BATCH = 256
STEPS = 10  # of the progress bar; the folds take six

Progress = Callable[[int, int, str], None]


def dataset_fingerprint() -> str:
    """Return the sha256 of what a check depends on: phrasings with their intents, names, the live release."""
    digest = hashlib.sha256()
    for row in Example.objects.trained_on().values_list("pk", "intent_id").iterator():
        digest.update(f"{row[0]}:{row[1]};".encode())
    for name in Intent.objects.active().order_by("pk").values_list("pk", "label"):
        digest.update(f"{name[0]}={name[1]};".encode())
    live = Release.objects.live().values_list("number", flat=True).first()
    digest.update(f"{live}".encode())
    return digest.hexdigest()


def latest_health_report() -> HealthReport | None:
    """Return the newest report."""
    return HealthReport.objects.order_by("-pk").first()


def health_check_job() -> Job | None:
    """Return the check that is queued or running, else the newest one, if any."""
    newest = Job.objects.filter(task=TASK).order_by("-created_at")
    return newest.filter(state__in=(Job.State.QUEUED, Job.State.RUNNING)).first() or newest.first()


def health_check_start(*, actor: Actor) -> Job:
    """Queue a check; one that is queued already is returned. Refused where there is nothing to check."""
    require(actor, PERMISSION)
    if not Example.objects.trained_on().exists():
        raise Conflict("There are no active phrasings to check yet.", code="no_examples")
    return jobs.enqueue(TASK, dedupe_key=TASK, requested_by=actor.label)


def health_check_run(*, progress: Progress, requested_by: str = "") -> HealthReport:
    """Examine all active phrasings and keep the report; older ones than the last ten are dropped."""
    started = time.perf_counter()
    fingerprint = dataset_fingerprint()
    progress(0, STEPS, "Reading the phrasings")
    samples, total = _gathered()
    content: dict[str, Any] = {"examples": total, "intents": len(samples.names), "sampled": len(samples)}
    content |= _examined(samples, progress)
    progress(STEPS - 1, STEPS, "Asking the live model about recent tickets")
    content |= {"stale": _stale(), "coverage": _coverage()}
    with transaction.atomic():
        report = HealthReport.objects.create(
            fingerprint=fingerprint,
            content=content,
            seconds=round(time.perf_counter() - started, 2),
            requested_by=requested_by[:150],
        )
        activity.record(Actor.system(TASK), "dataset.checked", report, after={"examples": total})
        kept = HealthReport.objects.order_by("-pk").values_list("pk", flat=True)[:KEPT_REPORTS]
        HealthReport.objects.exclude(pk__in=list(kept)).delete()
    return report


def _gathered() -> tuple[Samples, int]:
    """Return the phrasings to examine with their vectors, and how many there are in all."""
    rows = list(Example.objects.trained_on().values_list("pk", "intent_id", "text"))
    total = len(rows)
    if total > MAX_SAMPLES:
        y = np.array([intent for _, intent, _ in rows])
        rows = [rows[i] for i in balanced_sample(y, MAX_SAMPLES, 0)]
    names = dict(Intent.objects.active().values_list("pk", "label"))
    return Samples.of(rows, _encoded([text for _, _, text in rows]), names), total


def _encoded(texts: list[str]) -> list[Encoding]:
    found: list[Encoding] = []
    for first in range(0, len(texts), ENCODING_BATCH):
        found += encoder().encode_tokens(texts[first : first + ENCODING_BATCH])
    return found


def _examined(samples: Samples, progress: Progress) -> dict[str, Any]:
    """Return what the pure modules say, with the ids of rows in the place of positions."""
    if not len(samples):
        return {"conflicts": _pairs(samples, Pairs((), 0)), "repetitions": _pairs(samples, Pairs((), 0))}
    progress(1, STEPS, "Comparing phrasings with each other")
    found = {
        "conflicts": _pairs(samples, conflicts(samples)),
        "repetitions": _pairs(samples, repetitions(samples)),
    }
    judged = held_out(
        samples, encoder().encode_tokens, lambda done, _, words: progress(1 + done, STEPS, words)
    )
    progress(7, STEPS, "Looking for label errors")
    errors = label_errors(samples, judged)
    confused = confused_intents(samples, judged)
    progress(8, STEPS, "Looking for phrasings that do harm")
    harmful = harmful_phrasings(samples)
    place = _placed(samples)
    return {
        **found,
        "label_errors": {
            "checked": errors.checked,
            "too_few": list(errors.too_few),
            "findings": [
                {
                    "examples": [place(e.row)],
                    "score": round(e.score, 4),
                    "suggested": e.suggested,
                    "confidence": round(e.confidence, 4),
                    "is_likely": e.is_likely,
                }
                for e in errors.found
            ],
        },
        "harmful": {
            "checked": harmful.checked,
            "accuracy": round(harmful.accuracy, 4),
            "findings": [
                {
                    "examples": [place(h.row)],
                    "effect": round(h.effect, 4),
                    "gain": h.gain,
                    "helped": [int(samples.ids[i]) for i in h.helped],
                }
                for h in harmful.found
            ],
        },
        "merges": {"checked": len(judged.rows), "findings": [asdict(pair) for pair in confused]},
    }


def _placed(samples: Samples) -> Callable[[int], list[int]]:
    """Return a function from a position to [example id, intent id]."""
    return lambda row: [int(samples.ids[row]), int(samples.intents[row])]


def _pairs(samples: Samples, pairs: Pairs) -> dict[str, Any]:
    place = _placed(samples)
    return {
        "checked": len(samples),
        "total": pairs.total,
        "findings": [
            {"examples": [place(p.a), place(p.b)], "similarity": round(p.similarity, 4)} for p in pairs.found
        ],
    }


def _stale() -> dict[str, Any]:
    """Return the phrasings whose source ticket was closed more than STALE_DAYS ago, the oldest first."""
    rows = Example.objects.trained_on().filter(origin=Example.Origin.TICKET)
    sources = list(rows.values_list("pk", "intent_id", "source_ref"))
    closed = closing_times({ref for _, _, ref in sources})
    oldest = timezone.now() - timedelta(days=STALE_DAYS)
    stale = sorted(
        (closed[ref], pk, intent) for pk, intent, ref in sources if ref in closed and closed[ref] < oldest
    )
    return {
        "checked": sum(ref in closed for _, _, ref in sources),
        "without_ticket": sum(ref not in closed for _, _, ref in sources),
        "findings": [
            {"examples": [[pk, intent]], "closed_on": at.date().isoformat()}
            for at, pk, intent in stale[:MAX_STALE]
        ],
    }


def _coverage() -> dict[str, Any] | None:
    """Return how the live model understands the newest tickets; None where nothing is live or no tickets."""
    tickets = recent_openings(limit=RECENT_TICKETS)
    if not tickets:
        return None
    texts = [ticket.text for ticket in tickets]
    try:
        answers = classify_all(texts)
    except Unavailable:
        return None
    read = [
        Reading(t.ticket_id, t.category_id, t.category, answer.intent, not answer.is_fallback)
        for t, answer in zip(tickets, answers, strict=True)
    ]
    found: Coverage = coverage_of(read, np.stack([e.sentence for e in _encoded(texts)]))
    newest, oldest = tickets[0].closed_at, tickets[-1].closed_at
    return {**asdict(found), "newest": newest.date().isoformat(), "oldest": oldest.date().isoformat()}
