"""What a person says about a draft, kept once, sent where it may be, and taken back.

The same review sent twice is kept once, by the key that the browser made. A review that is taken back stays
as a row with the time of that; the person gets the draft again. What a customer has read cannot be taken
back. Makes no corrections: those are read off the reviews (pilot.corrections).
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
from pilot import workflow
from pilot.drafts.claiming import LEASE_SECONDS, person_of
from pilot.drafts.contracts import Reviewed
from pilot.drafts.queue import standing
from pilot.drafts.sending import draft_locked, draft_send, text_checked, why_not_sent
from pilot.models import Draft, Review
from pilot.models.drafts import MAX_NOTE

MAX_SECONDS = 3_600.0  # of one review: longer means that the person was away
MAX_TIER = 64


@dataclass(frozen=True, slots=True)
class _Said:
    """One review in words, checked as far as that goes without the draft."""

    outcome: str
    verdict: str
    tier: str
    final_text: str
    note: str


def review_record(
    *,
    actor: Actor,
    key: UUID,
    draft_id: int,
    outcome: str,
    verdict: str,
    seconds: float,
    tier: str = "",
    final_text: str = "",
    note: str = "",
) -> Reviewed:
    """Keep what a person says of a draft and, in assist, send it; idempotent by ``key``.

    Refuses with bad_outcome, bad_verdict, approved_is_correct, tier_missing, tier_without_segment,
    empty_text, text_too_long, text_without_edit, not_edited, note_too_long, nothing_to_approve,
    undone_action, already_reviewed (by this person), reviewed_meanwhile, claimed (by somebody else);
    nothing is written or sent then.
    """
    person_id = person_of(actor)
    said = _read(outcome, verdict, tier.strip(), final_text, note.strip())
    try:
        with write_transaction():
            draft = draft_locked(draft_id)
            known = _kept_already(key, person_id, draft)
            if known is not None:
                return known
            _check_draft(draft, said)
            review = _new_review(key, draft, person_id, said, seconds)
            note_on_sending = _send(draft, review)
            review.save(force_insert=True)
            _count(draft, missing=draft.missing - 1)
            sent = not note_on_sending
            activity.record(actor, "draft.reviewed", draft, after={**_record(review), "sent": sent})
    except IntegrityError as error:
        raise _clash(key, person_id, draft_id) from error
    return Reviewed(review, is_new=True, sent=sent, sends_note=note_on_sending)


def review_undo(*, actor: Actor, key: UUID) -> Reviewed:
    """Take one's own review back; idempotent. Where a second person reviewed too, theirs becomes the first.

    Refuses with already_sent where the customer has the text, second_stands where in assist somebody has
    reviewed it after.
    """
    person_id = person_of(actor)
    with write_transaction():
        found = Review.objects.filter(key=key).first()
        if found is None:
            raise NotFound("There is no such review.", code="no_review")
        if found.person_id != person_id:
            raise NotAllowed("Only your own reviews can be taken back.", code="not_yours")
        draft = draft_locked(found.draft_id)
        review = Review.objects.get(pk=found.pk)
        if review.undone_at is not None:
            return Reviewed(review, is_new=False, sent=False, sends_note=why_not_sent(draft))
        _check_undo(draft, review)
        now = timezone.now()
        Review.objects.filter(pk=review.pk).update(undone_at=now)
        review.undone_at = now
        if review.role == workflow.FIRST:
            standing().filter(draft=draft, role=workflow.SECOND).update(role=workflow.FIRST)
        _count(
            draft,
            missing=draft.missing + 1,
            claimed_by_id=person_id,
            claimed_until=now + timedelta(seconds=LEASE_SECONDS),
        )
        activity.record(actor, "draft.review_undone", draft, before=_record(review))
    return Reviewed(review, is_new=True, sent=False, sends_note=why_not_sent(draft))


def _read(outcome: str, verdict: str, tier: str, final_text: str, note: str) -> _Said:
    if outcome not in Review.Outcome.values:
        raise InvalidInput("Approve, edit or reject.", code="bad_outcome")
    if verdict not in Review.Verdict.values:
        raise InvalidInput("Say what the draft is: choose one of the verdicts.", code="bad_verdict")
    if outcome == workflow.APPROVED and verdict != workflow.CORRECT:
        raise InvalidInput("What is approved as it was is correct.", code="approved_is_correct")
    if verdict == workflow.WRONG_SEGMENT and not tier:
        raise InvalidInput("Say for which kind of account it is wrong.", code="tier_missing")
    if verdict != workflow.WRONG_SEGMENT and tier:
        raise InvalidInput("Only “wrong for this kind of account” names one.", code="tier_without_segment")
    if len(tier) > MAX_TIER:
        raise InvalidInput(f"A kind of account has at most {MAX_TIER} characters.", code="tier_too_long")
    if len(note) > MAX_NOTE:
        raise InvalidInput(f"A note has at most {MAX_NOTE:,} characters.", code="note_too_long")
    if outcome == workflow.EDITED:
        final_text = text_checked(final_text)
    elif final_text:
        raise InvalidInput("Only an edited draft comes with a text.", code="text_without_edit")
    return _Said(outcome, verdict, tier, final_text, note)


def _check_draft(draft: Draft, said: _Said) -> None:
    reply = draft.turn.reply.strip()
    if said.outcome == workflow.APPROVED and not reply:
        raise InvalidInput("There is no draft to approve: edit or reject it.", code="nothing_to_approve")
    if said.outcome == workflow.EDITED and _lines(said.final_text) == _lines(reply):
        raise InvalidInput("The text is the draft's own: approve it, or change it.", code="not_edited")


def _lines(text: str) -> list[str]:
    return text.splitlines()  # a browser sends other line ends than the draft has


def _new_review(key: UUID, draft: Draft, person_id: int, said: _Said, seconds: float) -> Review:
    before = list(standing().filter(draft=draft))
    if any(review.person_id == person_id for review in before):
        raise Conflict("You have reviewed this draft already.", code="already_reviewed")
    if draft.missing == 0:
        raise _meanwhile()
    if is_held_by_other(draft, person_id):
        raise Conflict("Somebody else is at this draft now.", code="claimed")
    person = User.objects.get(pk=person_id)
    return Review(
        key=key,
        draft=draft,
        person=person,
        person_name=(person.get_full_name() or person.get_username())[:150],
        role=workflow.SECOND if before else workflow.FIRST,
        outcome=said.outcome,
        verdict=said.verdict,
        tier=said.tier,
        final_text=said.final_text,
        note=said.note,
        seconds=round(min(max(seconds, 0.0), MAX_SECONDS), 1),
    )


def _send(draft: Draft, review: Review) -> str:
    """Send what the first reviewer lets through; return why nothing is sent, or ""."""
    if review.outcome == workflow.REJECTED:
        return why_not_sent(draft) or "Rejected: nothing is sent, the customer still waits for an answer."
    if review.role != workflow.FIRST:
        return "A second opinion: nothing is sent by it."
    approved = review.outcome == workflow.APPROVED
    text = draft.turn.reply if approved else review.final_text
    return draft_send(draft, text=text, approved=approved, by=review.person_name)


def _check_undo(draft: Draft, review: Review) -> None:
    if review.role != workflow.FIRST:
        return
    if draft.sent_via == Draft.SentVia.DESK and review.outcome != workflow.REJECTED:
        raise Conflict("The customer has this text already; it cannot be taken back.", code="already_sent")
    if not why_not_sent(draft) and standing().filter(draft=draft, role=workflow.SECOND).exists():
        raise Conflict("Somebody has given a second opinion on it; it stays.", code="second_stands")


def _kept_already(key: UUID, person_id: int, draft: Draft) -> Reviewed | None:
    review = Review.objects.filter(key=key).first()
    if review is None:
        return None
    if review.person_id != person_id or review.draft_id != draft.pk:
        raise Conflict("This key belongs to another review.", code="key_taken")
    is_own = review.role == workflow.FIRST and review.outcome != workflow.REJECTED
    sent = is_own and review.undone_at is None and draft.sent_via == Draft.SentVia.DESK
    return Reviewed(review, is_new=False, sent=sent, sends_note="" if sent else why_not_sent(draft))


def _clash(key: UUID, person_id: int, draft_id: int) -> Conflict:
    taken = Review.objects.filter(key=key).exclude(person=person_id, draft=draft_id).exists()
    return Conflict("This key belongs to another review.", code="key_taken") if taken else _meanwhile()


def _meanwhile() -> Conflict:
    return Conflict("Somebody else has reviewed it in the meantime.", code="reviewed_meanwhile")


def _count(
    draft: Draft, *, missing: int, claimed_by_id: int | None = None, claimed_until: object = None
) -> None:
    Draft.objects.filter(pk=draft.pk).update(
        missing=min(missing, 2), claimed_by=claimed_by_id, claimed_until=claimed_until
    )


def _record(review: Review) -> dict[str, object]:
    """Return the fields that the activity log keeps: no words of customers."""
    return {
        "review": review.pk,
        "role": review.role,
        "outcome": review.outcome,
        "verdict": review.verdict,
        "tier": review.tier,
    }
