"""Intents themselves: create, edit, activate, archive, and the guide's six to start from.

Does not decide whether an intent can be trained on: a draft may be as empty as it likes.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from core import activity
from core.actors import Actor
from core.errors import Conflict, InvalidInput
from core.transitions import move
from intents.models import Intent
from intents.services.limits import limit_override_record, limit_respect
from intents.workflow import INTENT_MOVES

EDITABLE = ("label", "description", "resolution", "resolution_reason", "category_id", "owner_id")

STARTERS = (
    (
        "billing_inquiry",
        "Billing inquiry",
        "Invoices, charges, payment methods and plan prices. Not: refunds that are disputed.",
        Intent.Resolution.AI_ASSISTED,
    ),
    (
        "feature_request",
        "Feature request",
        "Wishes for something that the product does not do yet. Not: something that used to work.",
        Intent.Resolution.AI_ASSISTED,
    ),
    (
        "bug_report",
        "Bug report",
        "Something that should work and does not. Not: signing in.",
        Intent.Resolution.AI_ASSISTED,
    ),
    (
        "account_access",
        "Account access",
        "Signing in, passwords, two-factor codes, locked accounts.",
        Intent.Resolution.AI_RESOLVABLE,
    ),
    (
        "integration_setup",
        "Integration setup",
        "Connecting another product, API keys, webhooks, single sign-on set-up.",
        Intent.Resolution.AI_ASSISTED,
    ),
    (
        "data_export",
        "Data export",
        "Getting one's data out: exports, downloads, reports as files.",
        Intent.Resolution.AI_RESOLVABLE,
    ),
)


def intent_create(
    *,
    actor: Actor,
    slug: str,
    label: str,
    description: str = "",
    resolution: str = Intent.Resolution.AI_ASSISTED,
    resolution_reason: str = "",
    category_id: int | None = None,
    owner_id: int | None = None,
    state: str = Intent.State.DRAFT,
) -> Intent:
    """Write a new intent; refuse a slug that is taken (code slug_taken).

    One that is active from the start keeps to the limit of services.limits.
    """
    intent = Intent(
        slug=slug,
        label=label,
        description=description,
        resolution=resolution,
        resolution_reason=resolution_reason,
        category_id=category_id,
        owner_id=owner_id,
        state=state,
    )
    _check_fields(intent)
    try:
        with transaction.atomic():
            if state == Intent.State.ACTIVE:
                limit_respect(actor=actor)
            intent.save(force_insert=True)
            activity.record(actor, "intent.created", intent, after=_record(intent))
    except IntegrityError as error:
        raise Conflict(f"There is an intent {slug} already.", code="slug_taken") from error
    return intent


def intent_update(*, actor: Actor, intent: Intent, **changes: Any) -> Intent:
    """Write what differs of the fields in EDITABLE; refuse any other."""
    unknown = set(changes) - set(EDITABLE)
    if unknown:
        raise InvalidInput(
            f"{', '.join(sorted(unknown))} of an intent cannot be edited.", code="not_editable"
        )
    with transaction.atomic():
        current = Intent.objects.select_for_update().get(pk=intent.pk)
        before = {name: getattr(current, name) for name in changes if getattr(current, name) != changes[name]}
        if before:
            for name in before:
                setattr(current, name, changes[name])
            _check_fields(current)
            current.save(update_fields=[*before, "updated_at"])
            after = {name: changes[name] for name in before}
            activity.record(actor, "intent.updated", current, before=before, after=after)
    return current


def intent_activate(*, actor: Actor, intent: Intent, override_reason: str = "") -> None:
    """Take a draft or archived intent into the next training.

    Refused beyond the limit of services.limits (code too_many_intents), unless somebody with the permission
    intents.override_intent_limit gives a reason, which is kept.
    """
    with transaction.atomic():
        overridden = limit_respect(actor=actor, override_reason=override_reason)
        _move(actor, intent, Intent.State.ACTIVE, "intent.activated")
        if overridden is not None:
            limit_override_record(actor=actor, intent=intent, at=overridden)


def intent_archive(*, actor: Actor, intent: Intent) -> None:
    """Leave an intent out of every later training; the live model keeps knowing it until the next release."""
    _move(actor, intent, Intent.State.ARCHIVED, "intent.archived")


def starter_intents_load(*, actor: Actor) -> list[Intent]:
    """Create those of the guide's six starter intents that are missing; return the new ones.

    Idempotent by slug; an intent that people have edited stays as it is. All of them or none: refused where
    they would exceed the limit of services.limits.
    """
    known = set(Intent.objects.filter(slug__in=[s[0] for s in STARTERS]).values_list("slug", flat=True))
    with transaction.atomic():
        return [
            intent_create(
                actor=actor,
                slug=slug,
                label=label,
                description=description,
                resolution=resolution,
                state=Intent.State.ACTIVE,
            )
            for slug, label, description, resolution in STARTERS
            if slug not in known
        ]


def _move(actor: Actor, intent: Intent, to: str, verb: str) -> None:
    before = intent.state
    with transaction.atomic():
        move(intent, to=to, allowed=INTENT_MOVES)
        activity.record(actor, verb, intent, before={"state": before}, after={"state": to})


def _check_fields(intent: Intent) -> None:
    try:
        intent.clean_fields()
    except ValidationError as error:
        raise InvalidInput(
            "Some fields are not right.", code="invalid_intent", extra={"fields": error.message_dict}
        ) from error


def _record(intent: Intent) -> dict[str, Any]:
    return {name: getattr(intent, name) for name in ("slug", "state", *EDITABLE)}
