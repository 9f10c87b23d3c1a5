"""What a person says about a sampled turn, kept once, and taken back. Counts no rates.

The same verdict sent twice is kept once, by the key that the browser made. A verdict that is taken back stays
as a row with the time of that; the person gets the turn again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import IntegrityError
from django.utils import timezone

from core import activity
from core.actors import Actor
from core.errors import Conflict, InvalidInput, NotAllowed, NotFound
from core.leases import is_held_by_other
from core.models import User
from core.writing import write_transaction
from runtime.models import SampledTurn, Verdict
from runtime.verdicts import workflow
from runtime.verdicts.claiming import person_of


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict as it is kept, and whether it was kept before."""

    verdict: Verdict
    is_new: bool


def verdict_record(
    *,
    actor: Actor,
    key: UUID,
    sampled_id: int,
    answer: str,
    seconds: float,
    reason: str = "",
    note: str = "",
) -> Judged:
    """Keep what a person says about a turn; idempotent by ``key``.

    Refuses with does_not_fit (over for a turn that stayed, under for one that was escalated), reason_missing,
    note_missing, already_judged (by this person), judged_meanwhile, claimed (by somebody else); nothing is
    written then.
    """
    person = person_of(actor)
    note = note.strip()
    _check_words(answer, reason, note)
    try:
        with write_transaction():
            sampled = _locked(sampled_id)
            known = _kept_already(key, person, sampled_id)
            if known is not None:
                return known
            _check_fit(sampled, answer)
            verdict = _new_verdict(key, sampled, person, answer, reason, note, seconds)
            verdict.save(force_insert=True)
            _count(sampled, missing=sampled.missing - 1)
            activity.record(actor, "turn.judged", sampled, after=verdict.as_record())
    except IntegrityError as error:
        _kept_already(key, person, sampled_id)  # of another turn: key_taken
        raise Conflict("Somebody else has judged it in the meantime.", code="judged_meanwhile") from error
    return Judged(verdict, is_new=True)


def verdict_undo(*, actor: Actor, key: UUID) -> Judged:
    """Take one's own verdict back; idempotent. Where a second person judged too, theirs becomes the first."""
    person = person_of(actor)
    with write_transaction():
        verdict = Verdict.objects.select_related("sampled").filter(key=key).first()
        if verdict is None:
            raise NotFound("There is no such verdict.", code="no_verdict")
        if verdict.person_id != person:
            raise NotAllowed("Only your own verdicts can be taken back.", code="not_yours")
        sampled = _locked(verdict.sampled_id)
        now = timezone.now()
        if not Verdict.objects.standing().filter(pk=verdict.pk).update(undone_at=now):
            return Judged(Verdict.objects.get(pk=verdict.pk), is_new=False)
        verdict.undone_at = now
        if verdict.role == workflow.FIRST:
            sampled.verdicts.standing().filter(role=workflow.SECOND).update(role=workflow.FIRST)
        _count(
            sampled,
            missing=sampled.missing + 1,
            claimed_by_id=person,
            claimed_until=now + timedelta(seconds=workflow.LEASE_SECONDS),
        )
        activity.record(actor, "turn.verdict_undone", sampled, before=verdict.as_record())
    return Judged(verdict, is_new=True)


def _check_words(answer: str, reason: str, note: str) -> None:
    if answer not in workflow.ANSWERS:
        raise InvalidInput("Say right, over, under or cannot tell.", code="bad_answer")
    reasons = workflow.REASONS.get(answer)
    if reasons and reason not in reasons:
        raise InvalidInput("Say why: choose one of the reasons.", code="reason_missing")
    if not reasons and reason:
        raise InvalidInput("Only a wrong decision has a reason.", code="reason_without_fault")
    if reason == workflow.OTHER and not note:
        raise InvalidInput("“Something else” wants a note that says what.", code="note_missing")
    if len(note) > workflow.MAX_NOTE:
        raise InvalidInput(f"A note has at most {workflow.MAX_NOTE:,} characters.", code="note_too_long")


def _check_fit(sampled: SampledTurn, answer: str) -> None:
    if answer == workflow.OVER and not sampled.stratum.escalated:
        raise InvalidInput("This turn was not escalated, so it cannot be one too many.", code="does_not_fit")
    if answer == workflow.UNDER and sampled.stratum.escalated:
        raise InvalidInput("This turn was escalated, so none is missing.", code="does_not_fit")


def _kept_already(key: UUID, person: int, sampled_id: int) -> Judged | None:
    verdict = Verdict.objects.filter(key=key).first()
    if verdict is None:
        return None
    if verdict.person_id != person or verdict.sampled_id != sampled_id:
        raise Conflict("This key belongs to another verdict.", code="key_taken")
    return Judged(verdict, is_new=False)


def _locked(sampled_id: int) -> SampledTurn:
    rows = SampledTurn.objects.select_for_update().filter(pk=sampled_id)
    sampled = rows.first()
    if sampled is None:
        raise NotFound("This turn has left the sample.", code="turn_gone")
    return sampled


def _new_verdict(
    key: UUID, sampled: SampledTurn, person_id: int, answer: str, reason: str, note: str, seconds: float
) -> Verdict:
    standing = list(sampled.verdicts.standing())
    if any(verdict.person_id == person_id for verdict in standing):
        raise Conflict("You have judged this turn already.", code="already_judged")
    if sampled.missing == 0:
        raise Conflict("Somebody else has judged it in the meantime.", code="judged_meanwhile")
    if is_held_by_other(sampled, person_id):
        raise Conflict("Somebody else is at this turn now.", code="claimed")
    person = User.objects.get(pk=person_id)
    return Verdict(
        key=key,
        sampled=sampled,
        person=person,
        person_name=(person.get_full_name() or person.get_username())[:150],
        role=workflow.SECOND if standing else workflow.FIRST,
        answer=answer,
        reason=reason,
        note=note,
        seconds=round(min(max(seconds, 0.0), workflow.MAX_SECONDS), 1),
    )


def _count(
    sampled: SampledTurn, *, missing: int, claimed_by_id: int | None = None, claimed_until: object = None
) -> None:
    SampledTurn.objects.filter(pk=sampled.pk).update(
        missing=missing, claimed_by=claimed_by_id, claimed_until=claimed_until
    )
