"""A person's word on a correction: accept, decline, open again. Nothing is learned without it.

Of two people at once one wins. The correction, what is made of it and the activity line are one transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import Any

from django.contrib.auth.models import Permission
from django.utils import timezone

from core import activity
from core.actors import Actor
from core.api import strict_json
from core.errors import Conflict, InvalidInput, NotAllowed
from core.permissions import may, require
from core.transitions import move
from core.writing import write_transaction
from pilot import workflow as w
from pilot.corrections.facts import facts_of
from pilot.corrections.making import correction_make, permissions_of
from pilot.corrections.proposals import Opinion, payload_of, title_of
from pilot.corrections.taking_back import made_take_back
from pilot.models import Correction

DECIDE = "pilot.decide_correction"
MAX_NOTE = 300
FIELDS: Mapping[str, tuple[str, ...]] = {
    w.PHRASING: ("text", "intent"),
    w.POSITIVE: ("text", "intent"),
    w.ARTICLE: ("article_id", "title", "body", "tier", "base_number"),
    w.RULE: ("name", "outcome", "phrases", "intent"),
    w.FLOW: ("step", "field", "text"),
    w.VOICE: ("unwanted", "instead", "reason"),
}


def correction_accept(
    *, actor: Actor, correction: Correction, changes: Mapping[str, Any] = {}, note: str = ""
) -> Correction:
    """Make what is proposed, with the person's ``changes`` to it (FIELDS of its kind).

    Needs pilot.decide_correction and the permission of what is made; writes nothing where it is refused.
    """
    _require_person(actor)
    if unknown := set(changes) - set(FIELDS[correction.kind]):
        raise InvalidInput(f"These are no fields of it: {', '.join(sorted(unknown))}.", code="bad_fields")
    payload = {**correction.payload, **changes}
    _check_text(payload, note)
    _require_all(actor, permissions_of(correction.kind, payload))
    row = copy(correction)
    with write_transaction():
        move(row, to=w.ACCEPTED, allowed=w.CORRECTION, **_decision(actor, note))
        made = correction_make(actor=actor, correction=row, payload=payload).as_json()
        payload.pop("base_number", None)
        Correction.objects.filter(pk=row.pk).update(payload=payload, result=made)
        activity.record(
            actor, "correction.accepted", row, before={"state": w.PROPOSED}, after={"made": made["label"]}
        )
    row.payload, row.result = payload, made
    return row


def correction_decline(*, actor: Actor, correction: Correction, note: str = "") -> Correction:
    """Say that nothing is made of it; it can be opened again."""
    _require_person(actor)
    _check_text({}, note)
    row = copy(correction)
    if row.state == w.ACCEPTED:
        raise Conflict("This is accepted. Take it back first.", code="transition_not_allowed")
    with write_transaction():
        move(row, to=w.DECLINED, allowed=w.CORRECTION, **_decision(actor, note))
        activity.record(
            actor, "correction.declined", row, before={"state": w.PROPOSED}, after={"note": row.note}
        )
    return row


def correction_reopen(*, actor: Actor, correction: Correction) -> tuple[Correction, str]:
    """Open a decided correction again and take back what was made; return it with what became of that."""
    _require_person(actor)
    row = copy(correction)
    before = row.state
    with write_transaction():
        move(
            row,
            to=w.PROPOSED,
            allowed=w.CORRECTION,
            decided_by="",
            decided_at=None,
            note="",
            result={},
        )
        told = made_take_back(actor=actor, made=correction.result) if before == w.ACCEPTED else ""
        activity.record(
            actor, "correction.reopened", row, before={"state": before}, after={"taken_back": told}
        )
    return row, told


def correction_choose_kind(*, actor: Actor, correction: Correction, kind: str) -> Correction:
    """Propose something else because of the same draft: a person knows better what should change."""
    _require_person(actor)
    if kind not in FIELDS or kind == w.POSITIVE:
        raise InvalidInput("Choose what should change instead.", code="bad_kind")
    if correction.state != w.PROPOSED:
        raise Conflict("Only what waits for a decision can propose something else.", code="already_decided")
    same = Correction.objects.filter(draft=correction.draft_id, source=correction.source, kind=kind)
    if same.exclude(pk=correction.pk).exists():
        raise Conflict("There is such a correction of this draft already.", code="duplicate")
    facts = facts_of([correction.draft])[correction.draft_id]
    if kind == w.FLOW and facts.flow is None:
        raise InvalidInput("This draft does not come from a flow.", code="no_flow")
    opinion: Opinion | None = next(
        (one for one in facts.opinions if one.review_id == correction.review_id), None
    )
    before = correction.kind
    changes = {
        "kind": kind,
        "title": title_of(kind, facts, opinion),
        "payload": {
            **payload_of(kind, facts, opinion),
            "chosen_by": actor.label[:150],
            "instead_of": correction.payload.get("instead_of", before),
        },
    }
    with write_transaction():
        rows = Correction.objects.filter(pk=correction.pk, state=w.PROPOSED, kind=before)
        if not rows.update(**changes):
            raise Conflict("Somebody else was faster. Look again.", code="stale_correction")
        activity.record(
            actor, "correction.kind_chosen", correction, before={"kind": before}, after={"kind": kind}
        )
    return Correction.objects.get(pk=correction.pk)


def missing_permissions(actor: Actor, correction: Correction) -> list[str]:
    """Return the names of the permissions that this person lacks to accept it."""
    needed = (DECIDE, *permissions_of(correction.kind, correction.payload))
    return [_name_of(permission) for permission in needed if not may(actor, permission)]


def _require_person(actor: Actor) -> None:
    if actor.user_id is None:
        raise NotAllowed("Only a person can decide what the agent learns.", code="person_required")
    require(actor, DECIDE)


def _require_all(actor: Actor, permissions: tuple[str, ...]) -> None:
    for permission in permissions:
        if not may(actor, permission):
            raise NotAllowed(
                f"To accept this you also need the permission “{_name_of(permission)}”. Somebody who has it "
                "can accept it.",
                extra={"needs": permission},
            )


def _name_of(permission: str) -> str:
    app, codename = permission.split(".")
    row = Permission.objects.filter(content_type__app_label=app, codename=codename).first()
    return row.name if row else permission


def _decision(actor: Actor, note: str) -> dict[str, Any]:
    return {
        "decided_by": actor.label[:150],
        "decided_at": timezone.now(),
        "note": " ".join(note.split()),
    }


def _check_text(payload: Mapping[str, Any], note: str) -> None:
    if len(note) > MAX_NOTE:
        raise InvalidInput(f"The note takes at most {MAX_NOTE} characters.", code="too_long")
    try:
        strict_json.check([dict(payload), note])
    except strict_json.BadJson as error:
        raise InvalidInput(str(error), code="bad_text") from error
