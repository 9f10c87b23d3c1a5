"""The hostile workspace's pilots: drafts, reviews, corrections, weeks, simulations, replays."""

from __future__ import annotations

import uuid
from datetime import date, timedelta

from django.utils import timezone

from pilot.models import (
    Correction,
    Draft,
    FrozenCase,
    Pilot,
    ReplayResult,
    ReplayRun,
    Review,
    Scenario,
    SimulationResult,
    SimulationRun,
    StageMove,
    Suite,
    WeeklyReview,
)
from pilot.simulations.reading import script_of
from pilot.simulations.transcript import PlayedTurn
from runtime.models import Turn
from tests.supportadmin.poison_rows import many
from tests.xss import STEP, fitting
from tickets.models import Ticket

MONDAY = date(2026, 1, 5)


def pilots_poison() -> None:
    """Fill every table of pilots."""
    pilots = _pilots()
    drafts = _drafts(pilots[0])
    _weeks(pilots[0])
    _corrections(drafts)
    _simulations()
    _replays(pilots[0])


def _pilots() -> list[Pilot]:
    """Pilots in every state, each with a signed move."""
    now = timezone.now()
    pilots = many(
        Pilot,
        *("name", "channel", "goal", "created_by"),
        state=lambda n: "running" if n == 0 else ("planned", "ended")[n % 2],
        started_at=now,
        locked_at=lambda n: None if n % 2 == 0 and n else now,
        baseline=lambda n: {"version": 1, "about": fitting(n, 80)},
    )
    many(
        StageMove,
        *("reason", "signed_by"),
        pilot=lambda n: pilots[n],
        verb="halt",
        from_stage="shadow",
        to_stage="shadow",
        gate=lambda n: {"conditions": [{"name": "x", "holds": False, "why": fitting(n, 300)}]},
        bundle=lambda n: {"release": fitting(n, 20)},
    )
    return pilots


def _drafts(pilot: Pilot) -> list[Draft]:
    """Make a reviewed draft of every turn; the texts of each hold all payloads up to the next."""
    now = timezone.now()
    drafts = []
    for number, turn in enumerate(Turn.objects.order_by("pk")):
        draft = Draft.objects.create(
            pilot=pilot,
            turn=turn,
            conversation_id=turn.conversation_id,
            mode="shadow",
            happened_at=now,
            week=MONDAY,
            in_sample=True,
            missing=1,
            sent_text=fitting(number * STEP, 3_900),
            sent_via="api",
            sent_by=fitting(number * STEP, 150),
            sent_at=now,
        )
        Review.objects.create(
            key=uuid.uuid4(),
            draft=draft,
            person_name=fitting(number * STEP, 150),
            role="first",
            outcome="edited",
            verdict="wrong_segment",
            tier=fitting(number * STEP, 60),
            final_text=fitting(number * STEP, 3_900),
            note=fitting(number * STEP, 900),
            seconds=3,
        )
        drafts.append(draft)
    return drafts


def _weeks(pilot: Pilot) -> None:
    many(
        WeeklyReview,
        *("signed_by", "note"),
        pilot=pilot,
        week=lambda n: MONDAY + timedelta(weeks=n),
        figures={},
        actions=lambda n: [fitting(n, 200)],
        signed_at=timezone.now(),
    )


def _corrections(drafts: list[Draft]) -> None:
    now = timezone.now()
    kinds = [("review", "phrasing"), ("review", "voice"), ("incorrect", "article"), ("review", "rule")]
    for number, draft in enumerate(drafts):
        for place, (source, kind) in enumerate(kinds):
            text = fitting((number * len(kinds) + place) * 20, 3_000)
            Correction.objects.create(
                draft=draft,
                review=draft.reviews.first(),
                source=source,
                kind=kind,
                title=fitting(number * STEP + place, 200, True),
                payload={
                    "text": text,
                    "intent": text[:60],
                    "note": text,
                    "term": text[:60],
                    "use": text[:60],
                },
                state="declined",
                decided_by=fitting(number * STEP, 150),
                decided_at=now,
                note=fitting(number * STEP, 300),
            )


def _simulations() -> None:
    suites = many(Suite, *("name", "description", "created_by"))
    script = script_of({"name": "x", "steps": [{"say": "x", "expect": {"decision": "answer"}}]})
    many(
        Scenario,
        *("name", "source_ref", "tags", "updated_by"),
        suite=suites[0],
        definition=lambda n: script.as_json() | {"name": fitting(n, 100, True)},
        source="written",
    )
    runs = many(
        SimulationRun,
        *("problem", "started_by"),
        suite=lambda n: suites[n],
        state="done",
        total=1,
        failed=1,
        finished_at=timezone.now(),
    )
    many(
        SimulationResult,
        "name",
        run=lambda n: runs[n],
        number=1,
        sha256="0" * 64,
        passed=False,
        checks=1,
        failures=lambda n: [
            {"step": 1, "check": "reply", "expected": fitting(n, 300), "got": fitting(n, 300)}
        ],
        transcript=lambda n: [
            PlayedTurn(1, fitting(n, 300), fitting(n + 1, 300), "answer", "answered").as_json()
        ],
        ms=1.0,
    )


def _replays(pilot: Pilot) -> None:
    now = timezone.now()
    runs = many(
        ReplayRun,
        *("name", "channel", "problem", "made_by"),
        model_version=1,
        state="done",
        digest="0" * 64,
        finished_at=now,
    )
    tickets = list(Ticket.objects.order_by("pk")[:20])
    ReplayResult.objects.bulk_create(
        ReplayResult(
            run=runs[0],
            number=number,
            ticket=ticket,
            decision="answer",
            reason="answered",
            intent=fitting(number, 100),
            rule_trigger=fitting(number, 30),
            failed_step=fitting(number, 30),
        )
        for number, ticket in enumerate(tickets)
    )
    FrozenCase.objects.bulk_create(
        FrozenCase(
            pilot=pilot,
            ticket=ticket,
            text=fitting(number * 10, 3_000),
            text_hash=str(number),
            expected=fitting(number, 60),
        )
        for number, ticket in enumerate(tickets)
    )
