"""``benchmark figures``: how long the figures of a pilot with many conversations take, and how many queries.

The rows are drawn at random, the same each time: eight weeks in which the agent gets better, one or two turns
each, reviews, ratings, handoffs and customers who come back.
"""

from __future__ import annotations

import json
import random
import resource
import statistics
import tempfile
import time
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from core.errors import Conflict
from core.models import User
from pilot.drafts.collecting import draft_of
from pilot.figures.interactions import interactions_of
from pilot.models import Draft, Pilot, Review
from runtime.models import Conversation, Feedback, Trace, Turn
from supportadmin.benchmarks.imports import manage

WEEKS = 8
TIMES = 3
BATCH = 2_000
CUSTOMERS_EACH = 3  # conversations
INTENTS = ("data_export", "billing_inquiry", "password_reset", "invite_people", "integrations")
USUAL_TARGETS = {"resolution_rate": 0.6, "csat": 0.8, "escalation_rate": 0.25, "time_to_resolution": 30}


def measure(conversations: int) -> dict[str, Any]:
    """Do as ``measure_here`` in a database of its own, which is thrown away."""
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "result.json"
        manage(folder, "migrate", "--verbosity=0")
        manage(
            *(folder, "benchmark", "figures", "--here", f"--conversations={conversations}"),
            f"--json={result}",
        )
        figures: dict[str, Any] = json.loads(result.read_text())
        return figures


def measure_here(conversations: int) -> dict[str, Any]:
    """Fill the database, count and open the page some times; refused where pilots or people are."""
    if Pilot.objects.exists() or User.objects.exists():
        raise Conflict("This database is in use. Measure without --here.", code="not_empty")
    pilot = fill(conversations)
    before = _memory_mb()
    counting = [_seconds(lambda: interactions_of(pilot)) for _ in range(TIMES)]
    after = _memory_mb()
    browser = Client(SERVER_NAME="localhost")
    reader = User.objects.create_superuser("benchmark")
    browser.force_login(reader, backend="django.contrib.auth.backends.ModelBackend")
    address = reverse("admin:pilot_figures", args=(pilot.pk,))
    pages = [_seconds(lambda: _open(browser, address)) for _ in range(TIMES)]
    with CaptureQueriesContext(connection) as captured:
        _open(browser, address)
    return {
        "conversations": conversations,
        "drafts": Draft.objects.count(),
        "counting_seconds": round(statistics.median(counting), 3),
        "page_seconds": round(statistics.median(pages), 3),
        "page_queries": len(captured),
        "memory_mb": round(after - before, 1),
    }


def fill(conversations: int, *, seed: int = 5) -> Pilot:
    """Make a full-stage pilot with so many conversations in the last WEEKS weeks, and return it."""
    rng, now = random.Random(seed), timezone.now()  # noqa: S311  # nosec B311 - the same draw each time
    begins = now - timedelta(weeks=WEEKS)
    pilot = Pilot.objects.create(
        name="Benchmark",
        channel="email",
        state=Pilot.State.RUNNING,
        stage=Pilot.Stage.FULL,
        review_percent=30,
        started_at=begins,
        locked_at=begins,
        targets=USUAL_TARGETS,
        baseline={
            "csat": {"part": 700, "whole": 1000},
            "escalation_rate": {"part": 300, "whole": 1000},
            "time_to_resolution": {"minutes": 95.0, "n": 900},
        },
    )
    numbers = iter(range(conversations))
    while batch := list(islice(numbers, BATCH)):
        _batch(pilot, batch, conversations, begins, rng)
    return pilot


def _batch(pilot: Pilot, numbers: list[int], of: int, begins: datetime, rng: random.Random) -> None:
    made, turns, texts = [], [], list(_turns(pilot, numbers, of, begins, rng))
    for conversation, of_it in texts:
        made.append(conversation)
        turns.extend(of_it)
    times = [turn.created_at for turn in turns]
    Conversation.objects.bulk_create(made)
    Turn.objects.bulk_create(turns)
    for turn, at in zip(turns, times, strict=True):
        turn.created_at = at
    Turn.objects.bulk_update(turns, ["created_at"], batch_size=500)
    signs = [{"trigger": "anger", "score": 0.1, "text": ""}]
    Trace.objects.bulk_create(
        Trace(turn=turn, facts={"signs": signs}, steps=[], total_ms=9) for turn in turns
    )
    drafts = Draft.objects.bulk_create(draft_of(turn, pilot) for turn in turns)
    Review.objects.bulk_create(
        _review(draft, rng, (draft.happened_at - begins) / timedelta(weeks=WEEKS))
        for draft in drafts
        if draft.in_sample
    )
    rated = [turn for turn in turns if turn.decision == "answer" and rng.random() < 0.2]
    Feedback.objects.bulk_create(
        Feedback(turn=turn, csat=rng.choice((5, 5, 5, 4, 4, 3, 2)), given_by="bot") for turn in rated
    )


def _turns(
    pilot: Pilot, numbers: list[int], of: int, begins: datetime, rng: random.Random
) -> Iterator[tuple[Conversation, list[Turn]]]:
    for number in numbers:
        progress = number / of
        at = begins + timedelta(weeks=WEEKS) * progress
        conversation = Conversation(
            id=uuid.UUID(int=rng.getrandbits(128), version=4),
            channel="email",
            pilot_id=pilot.pk,
            customer_external_id=f"c-{rng.randrange(max(1, of // CUSTOMERS_EACH))}",
        )
        drawn = rng.random()
        last = "answer" if drawn < 0.55 + 0.25 * progress else "escalate" if drawn < 0.88 else "clarify"
        decisions = ("clarify", last) if rng.random() < 0.4 else (last,)
        intent = rng.choice(INTENTS)
        yield (
            conversation,
            [
                Turn(
                    conversation=conversation,
                    number=place + 1,
                    text="How do I export everything?",
                    pilot_id=pilot.pk,
                    decision=decision,
                    reason="low_confidence" if decision == "escalate" else "answered",
                    rule_trigger="low_confidence" if decision == "escalate" else "",
                    mode="live",
                    delivered=True,
                    reply="Under Settings, Data.",
                    intent=intent,
                    is_fallback=False,
                    created_at=at + timedelta(minutes=place * rng.expovariate(1 / 12)),
                )
                for place, decision in enumerate(decisions)
            ],
        )


def _review(draft: Draft, rng: random.Random, progress: float) -> Review:
    is_right = rng.random() < 0.7 + 0.2 * progress
    return Review(
        key=uuid.UUID(int=rng.getrandbits(128), version=4),
        draft=draft,
        person_name="Rae",
        role="first",
        outcome="approved" if is_right else "edited",
        verdict="correct" if is_right else "wrong_fact",
        final_text="" if is_right else "Under Settings, Exports.",
        seconds=20,
    )


def _open(browser: Client, address: str) -> None:
    response = browser.get(address, secure=True)
    if response.status_code != 200:
        raise RuntimeError(f"The page of figures answered {response.status_code}.")


def _seconds(act: Any) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def _memory_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
