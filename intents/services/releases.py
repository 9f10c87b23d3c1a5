"""Going live and going back: a release row says which model version answers.

The file is checked and loaded before anything is written, so that a bad one never goes live. Every web
process reads the row with each request (intents.inference), so the switch needs no restart. Whether a version
is good enough is for the person who looks at its metrics.
"""

from __future__ import annotations

from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from core import activity
from core.actors import Actor
from core.errors import Conflict, NotAllowed, StaleTransition
from core.transitions import move
from intents.artefacts import artefact_load
from intents.gate import GateReport
from intents.judgements import version_gate
from intents.models import ModelVersion, Release
from intents.workflow import MODEL_VERSION_MOVES

PERMISSION = "intents.release_model"
OVERRIDE = "intents.override_gate"
_STALE = "Somebody else has just released. Reload and look again."


def release_activate(
    *, actor: Actor, version: ModelVersion, note: str = "", override_reason: str = ""
) -> Release:
    """Make ``version`` the one that answers; needs the permission intents.release_model.

    Refuses a version that is not ready, is live already, whose file, encoder or libraries are not those of
    its training, or in whose way a check of intents.gate stands (code gate_closed), unless a person with
    intents.override_gate gives a reason, which is kept with what the checks said.
    """
    _require_permission(actor)
    live = Release.objects.live().select_related("model_version").first()
    if live is not None and live.model_version_id == version.pk:
        raise Conflict(f"{version} is live already, as {live}.", code="already_live")
    _refuse_unready(version)
    artefact_load(version)
    gate = version_gate(version)
    reason = override_reason.strip() if not gate.is_open else ""
    _refuse_closed(actor, version, gate, reason)
    return _switch(
        actor, live, version, verb="release.activated", note=note, gate=gate, override_reason=reason
    )


def release_roll_back(*, actor: Actor, note: str = "") -> Release:
    """Bring back the model version that was live before the present one; needs intents.release_model.

    Rolling back again goes one step further into the past.
    """
    _require_permission(actor)
    live = Release.objects.live().select_related("model_version", "restores").first()
    if live is None:
        raise Conflict("Nothing is live, so there is nothing to roll back.", code="no_release")
    target = release_to_roll_back_to(live)
    if target is None:
        raise Conflict(
            f"{live} is the first release; there is none to go back to.", code="no_earlier_release"
        )
    _refuse_unready(target.model_version)
    artefact_load(target.model_version)
    note = note or f"Back from {live} to {target.model_version}"
    return _switch(actor, live, target.model_version, verb="release.rolled_back", note=note, restores=target)


def release_restore(*, actor: Actor, number: int, note: str = "") -> Release:
    """Bring back the model version of an earlier release by its number; needs intents.release_model.

    It has been live before, so no check stands in its way but that its file is whole.
    """
    _require_permission(actor)
    live = Release.objects.live().select_related("model_version").first()
    named = Release.objects.select_related("model_version", "restores").filter(number=number).first()
    if named is None:
        raise Conflict(f"There is no release {number}.", code="no_such_release")
    if live is not None and live.model_version_id == named.model_version_id:
        raise Conflict(f"{named.model_version} is live already, as {live}.", code="already_live")
    _refuse_unready(named.model_version)
    artefact_load(named.model_version)
    return _switch(
        actor,
        live,
        named.model_version,
        verb="release.rolled_back",
        note=note or f"Back to {named}",
        restores=named.restores or named,
    )


def release_to_roll_back_to(live: Release) -> Release | None:
    """Return the first release of an other version before the one that ``live`` is or restores."""
    origin = live.restores or live
    earlier = Release.objects.filter(number__lt=origin.number, restores=None)
    return (
        earlier.exclude(model_version_id=origin.model_version_id)
        .select_related("model_version")
        .order_by("-number")
        .first()
    )


def model_version_retire(*, actor: Actor, version: ModelVersion) -> None:
    """Take a version out of the choice for good; refused for the live one."""
    with transaction.atomic():
        move(version, to=ModelVersion.State.RETIRED, allowed=MODEL_VERSION_MOVES)
        if Release.objects.live().filter(model_version=version).exists():
            raise Conflict(f"{version} is live. Activate another one first.", code="version_is_live")
        activity.record(actor, "model_version.retired", version)


def _switch(
    actor: Actor,
    live: Release | None,
    version: ModelVersion,
    *,
    verb: str,
    note: str,
    restores: Release | None = None,
    gate: GateReport | None = None,
    override_reason: str = "",
) -> Release:
    """Write the new release in the place of ``live``; StaleTransition where that is live no longer."""
    now = timezone.now()
    try:
        with transaction.atomic():
            if live is not None and not Release.objects.filter(pk=live.pk, is_live=True).update(
                is_live=False, deactivated_at=now
            ):
                raise StaleTransition(_STALE)
            _refuse_unready(ModelVersion.objects.select_for_update().get(pk=version.pk))
            release = Release.objects.create(
                number=(Release.objects.aggregate(last=Max("number"))["last"] or 0) + 1,
                model_version=version,
                restores=restores,
                note=note[:500],
                gate=gate.as_json() if gate else {},
                override_reason=override_reason[:500],
                activated_by_id=actor.user_id,
            )
            before = live.as_record() if live is not None else {}
            activity.record(actor, verb, release, before=before, after=release.as_record())
    except IntegrityError as error:
        raise StaleTransition(_STALE) from error
    return release


def _refuse_unready(version: ModelVersion) -> None:
    if version.state != ModelVersion.State.READY:
        raise Conflict(
            f"{version} is {version.get_state_display().lower()}; only a ready version can go live.",
            code="version_not_ready",
        )


def _refuse_closed(actor: Actor, version: ModelVersion, gate: GateReport, reason: str) -> None:
    """Refuse where a check stands in the way and nobody who may says why it goes live all the same."""
    if gate.is_open:
        return
    if not reason:
        raise Conflict(
            f"{version} cannot go live: " + " ".join(check.message for check in gate.blockers),
            code="gate_closed",
            extra={"checks": [check.code for check in gate.blockers]},
        )
    if not _has_permission(actor, OVERRIDE):
        raise NotAllowed("You may not release a model against its checks; ask your support lead.")


def _has_permission(actor: Actor, permission: str) -> bool:
    """Whether this is the system (a command on this machine) or an active person with the permission."""
    if actor.kind == "system":
        return True
    users = get_user_model().objects.filter(is_active=True)
    user = users.filter(pk=actor.user_id).first() if actor.user_id is not None else None
    return user is not None and user.has_perm(permission)


def _require_permission(actor: Actor) -> None:
    if not _has_permission(actor, PERMISSION):
        raise NotAllowed("You may not release models; ask for the permission “activate and roll back”.")
