"""Giving people the next drafts, so that no two hold the same one. Decides nothing about a draft."""

from __future__ import annotations

from collections.abc import Collection

from core.actors import Actor
from core.errors import NotAllowed, NotFound
from core.leases import rows_lease, rows_release
from core.permissions import require
from pilot.drafts.collecting import drafts_collect
from pilot.drafts.contracts import Offer
from pilot.drafts.offers import offers_of
from pilot.drafts.queue import ORDER, not_reviewed_by, waiting
from pilot.drafts.sending import REVIEW
from pilot.models import Draft

LEASE_SECONDS = 300
MAX_TAKEN = 10


def person_of(actor: Actor) -> int:
    """Return the id of the person who acts; only people review."""
    require(actor, REVIEW)
    if actor.user_id is None:
        raise NotAllowed("Only a person can review a draft.", code="not_a_person")
    return actor.user_id


def drafts_take(
    *,
    actor: Actor,
    want: int,
    held: Collection[int] = (),
    pilot_id: int | None = None,
    skipped: Collection[int] = (),
) -> list[Offer]:
    """Claim up to ``want`` more drafts for this person and renew the claims on those ``held``.

    By priority, then by when the customer wrote; those ``skipped`` are left to others.
    """
    person_id = person_of(actor)
    drafts_collect(pilot_id=pilot_id)
    taken = rows_lease(
        Draft.objects.filter(missing__gt=0),
        not_reviewed_by(waiting(pilot_id), person_id).exclude(pk__in=skipped),
        person_id=person_id,
        held=held,
        want=max(0, min(want, MAX_TAKEN)),
        seconds=LEASE_SECONDS,
        order=ORDER,
    )
    return offers_of(taken)


def drafts_release(*, actor: Actor, held: Collection[int]) -> int:
    """Give back what the person holds and has not reviewed; return how many."""
    person_id = person_of(actor)
    return rows_release(Draft.objects.filter(missing__gt=0), person_id=person_id, held=held)


def offer_of(draft_id: int) -> Offer:
    """Return one draft as its reviewer sees it."""
    found = offers_of(Draft.objects.filter(pk=draft_id))
    if not found:
        raise NotFound("This draft is gone: its conversation was erased.", code="draft_gone")
    return found[0]
