"""The frozen test set of a pilot: drawn once, learned from by nobody, answered once by every version.

A case is the opening of a ticket whose category is mapped to exactly one active intent. Decides nothing about
releases; "week 1 against now" is shown by the pages.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db import IntegrityError, transaction

from core import activity, jobs
from core.actors import Actor
from core.draws import draw
from core.errors import Conflict
from core.models import Job
from core.permissions import require
from core.proportions import Share
from intents.artefacts import artefact_load
from intents.classifier import ArtefactRefused
from intents.gate import Answer, PairedAnswer, chance, change_counts, pair
from intents.models import ModelVersion
from intents.phrasings import text_hash
from intents.provenance import example_hashes, example_references
from intents.selectors import live_release
from nlp.cleaning import clean
from pilot.models import Draft, FrozenCase, FrozenJudgement, Pilot
from pilot.replay.mapped import intents_by_category
from pilot.replay.reading import learned_by
from pilot.replay.weeks import scope_of
from pilot.workflow import LIVE_SOURCE
from runtime.models import Conversation
from tickets.histories import TicketHistory, ticket_histories, tickets_of
from tickets.messages import tickets_by_reference

JUDGE_TASK = "pilot.tasks.judge_frozen"
PERMISSION = "pilot.add_replayrun"
MAX_CASES = 200
LOOKED_AT = 5  # times as many tickets as cases are looked at
LEFT_TO_PLAY = 4  # a rehearsal keeps three of four tickets to play
BATCH = 100
MAX_WEEKS = 60


@dataclass(frozen=True, slots=True)
class Compared:
    """A week's version against another on the same frozen cases; McNemar's exact ``p``."""

    week: date
    before: int
    after: int
    right_before: Share
    right_after: Share
    counts: dict[str, int]
    p: float
    flips: tuple[PairedAnswer, ...]


def is_frozen_text(text: str) -> bool:
    """Tell whether a text counts as the same as a frozen case of any pilot: no model may learn from it."""
    return FrozenCase.objects.filter(text_hash=text_hash(text)).exists()


def is_frozen_ticket(ticket_id: int) -> bool:
    """Tell whether a ticket is a frozen case of any pilot."""
    return FrozenCase.objects.filter(ticket_id=ticket_id).exists()


def frozen_cases_ensure(pilot: Pilot) -> int:
    """Draw the pilot's frozen set once it is locked; return its size. Nothing is added to a set that exists.

    Up to MAX_CASES openings, by a lot that only pilot and ticket decide; no example's words, no example's
    ticket, and no ticket that the pilot has played.
    """
    known = FrozenCase.objects.filter(pilot=pilot).count()
    if known or pilot.locked_at is None:
        return known
    cases = _drawn(pilot)
    try:
        with transaction.atomic():
            FrozenCase.objects.bulk_create(cases)
            if cases:
                after = {"cases": len(cases)}
                activity.record(Actor.system("frozen test set"), "frozen_set.drawn", pilot, after=after)
    except IntegrityError:  # another process has drawn it at the same moment
        return FrozenCase.objects.filter(pilot=pilot).count()
    return len(cases)


def frozen_judge_start(*, actor: Actor, pilot: Pilot) -> Job:
    """Queue asking the versions of the pilot's weeks and the live one."""
    require(actor, PERMISSION)
    if not frozen_cases_ensure(pilot):
        raise Conflict(
            "There is no frozen test set yet: no ticket of the scope is in a category that is mapped to "
            "exactly one active intent.",
            code="no_frozen_cases",
        )
    return jobs.enqueue(
        JUDGE_TASK, dedupe_key=f"{JUDGE_TASK}:{pilot.pk}", requested_by=actor.label, pilot_id=pilot.pk
    )


def frozen_judge(*, pilot_id: int, progress: jobs.Progress | None = None) -> list[int]:
    """Ask every version that answered last in a week, and the live one; return those that were asked.

    A version is asked once. One whose file cannot be read any more is left out.
    """
    pilot = Pilot.objects.get(pk=pilot_id)
    if not frozen_cases_ensure(pilot):
        return []
    wanted = {version for _, version in versions_by_week(pilot)}
    if (live := live_version()) is not None:
        wanted.add(live)
    known = set(FrozenJudgement.objects.filter(pilot=pilot).values_list("model_version", flat=True))
    asked: list[int] = []
    for number in sorted(wanted - known):
        if progress is not None:
            progress.stop_if_cancelled()
            progress(len(asked), len(wanted - known), f"Asking version {number}")
        version = ModelVersion.objects.filter(number=number).first()
        if version is not None and _ask(pilot, version):
            asked.append(number)
    return asked


def versions_by_week(pilot: Pilot) -> list[tuple[date, int]]:
    """Return each week of the pilot with the version that answered last in it, oldest first (one query)."""
    rows = (
        Draft.objects.filter(pilot=pilot, turn__model_version__isnull=False)
        .order_by("week", "happened_at", "turn_id")
        .values_list("week", "turn__model_version")
    )
    found: dict[date, int] = {}
    for week, version in rows.iterator(chunk_size=2_000):
        found[week] = version or 0
    return sorted(found.items())[:MAX_WEEKS]


def live_version() -> int | None:
    """Return the number of the version that is live now."""
    release = live_release()
    return release.model_version.number if release else None


def compared(pilot: Pilot, *, week: date, before: int, after: int) -> Compared | None:
    """Return how two versions answered the same frozen cases; None where one has not been asked."""
    said, says = _answers(pilot, before), _answers(pilot, after)
    if said is None or says is None:
        return None
    pairs = pair(said, says)
    counts = change_counts(pairs)
    return Compared(
        week,
        before,
        after,
        Share(sum(one.before.is_right for one in pairs), len(pairs)),
        Share(sum(one.after.is_right for one in pairs), len(pairs)),
        counts,
        chance(counts["fixed"], counts["broken"]),
        tuple(one for one in pairs if one.change in ("fixed", "broken", "moved")),
    )


def _answers(pilot: Pilot, version: int) -> list[Answer] | None:
    """Return what a version answered; None where it has not been asked."""
    judged = FrozenJudgement.objects.filter(pilot=pilot, model_version=version).first()
    if judged is None:
        return None
    cases = {case.pk: case for case in FrozenCase.objects.filter(pilot=pilot)[: 2 * MAX_CASES]}
    return [
        Answer(f"frozen:{pk}", cases[pk].text, cases[pk].expected, predicted, confidence, is_fallback)
        for pk, predicted, confidence, is_fallback in judged.rows
        if pk in cases
    ]


def _ask(pilot: Pilot, version: ModelVersion) -> bool:
    """Keep the version's answers, but for cases that it has learned from all the same (by tagging, say)."""
    learned = learned_by(version)
    cases = [
        (case.pk, case.text)
        for case in FrozenCase.objects.filter(pilot=pilot).order_by("pk")
        if case.ticket_id not in learned.tickets and not learned.trained.knows(case.text)
    ]
    rows: list[list[object]] = []
    try:
        classifier = artefact_load(version)
    except ArtefactRefused:
        return False
    for first in range(0, len(cases), BATCH):
        batch = cases[first : first + BATCH]
        answers = classifier.predict([clean(text) for _, text in batch])
        rows += [
            [pk, answer.label, round(float(answer.confidence), 6), bool(answer.is_fallback)]
            for (pk, _), answer in zip(batch, answers, strict=True)
        ]
    FrozenJudgement.objects.get_or_create(pilot=pilot, model_version=version.number, defaults={"rows": rows})
    return True


def _drawn(pilot: Pilot) -> list[FrozenCase]:
    mapped = {pk: slugs[0] for pk, slugs in intents_by_category().items() if len(slugs) == 1}
    if not mapped:
        return []
    taken = set(tickets_by_reference(example_references()).values())
    played = Conversation.objects.filter(pilot_id=pilot.pk, ticket__isnull=False)
    taken |= {ticket_id or 0 for ticket_id in played.values_list("ticket_id", flat=True)}
    free = [pk for pk, _ in tickets_of(scope_of(pilot)) if pk not in taken]
    most = MAX_CASES if pilot.source == LIVE_SOURCE else min(MAX_CASES, len(free) // LEFT_TO_PLAY)
    lot = sorted(free, key=lambda pk: draw(f"{pilot.pk}:{pk}", "frozen test set"))[: MAX_CASES * LOOKED_AT]
    found: dict[str, tuple[TicketHistory, str]] = {}
    for ticket in ticket_histories(lot):
        slug = mapped.get(ticket.category_id or 0)
        if slug and ticket.opening:
            found.setdefault(text_hash(ticket.opening), (ticket, slug))
    examples = example_hashes(list(found))
    return [
        FrozenCase(
            pilot=pilot, ticket_id=ticket.ticket_id, text=ticket.opening, text_hash=digest, expected=slug
        )
        for digest, (ticket, slug) in found.items()
        if digest not in examples
    ][:most]
