"""Sources of webhooks as people configure them. Secrets go in and never come out again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from core import activity
from core.actors import Actor
from core.errors import Conflict, InvalidInput
from core.permissions import require
from core.sealing import check_can_seal, hint, reseal, seal
from integrations.inbound.systems import INBOUND
from runtime.models import InboundSource

ADD, CHANGE = "runtime.add_inboundsource", "runtime.change_inboundsource"
ROTATION = timedelta(hours=24)  # so long the secret before is taken too
KEEP = None  # a secret that is not given stays as it is
MAX_SOURCES = 20  # per system: each request may be checked against all of them


def source_save(*, actor: Actor, source: InboundSource, secret: str | None = KEEP) -> InboundSource:
    """Create or change a source; the secret before a new one stays valid for 24 hours.

    Raises InvalidInput.
    """
    require(actor, CHANGE if source.pk else ADD)
    stored = InboundSource.objects.filter(pk=source.pk).first() if source.pk else None
    source_check(source, secret=secret, stored=stored)
    with transaction.atomic():
        if secret is not None:
            now = timezone.now()
            if stored is not None and stored.secret_sealed:
                source.previous_sealed, source.previous_until = stored.secret_sealed, now + ROTATION
            source.secret_sealed, source.secret_hint = seal(secret), hint(secret)
            source.secret_set_at = now
        source.save()
        activity.record(
            actor,
            "inboundsource.changed" if stored else "inboundsource.created",
            source,
            before=_shown(stored) if stored else {},
            after=_shown(source) | ({"credentials": "replaced"} if secret is not None else {}),
        )
    return source


def source_check(source: InboundSource, *, secret: str | None, stored: InboundSource | None) -> None:
    """Raise InvalidInput where the source could not receive anything as it is."""
    if secret is not None:
        check_can_seal()
        wrong = INBOUND[source.system].check_secret(secret)
        if wrong or not secret.isascii() or any(sign.isspace() for sign in secret):
            raise InvalidInput(
                wrong or "The secret is one word of plain letters and signs.", code="bad_secret"
            )
    elif source.enabled and (stored is None or not stored.secret_sealed):
        raise InvalidInput(f"Enter the secret. {INBOUND[source.system].secret_label}.", code="missing_secret")
    others = InboundSource.objects.filter(system=source.system).exclude(pk=source.pk)
    if stored is None and others.count() >= MAX_SOURCES:
        raise InvalidInput(f"There are {MAX_SOURCES} sources of this system already.", code="too_many")


def source_forget_previous(*, actor: Actor, source: InboundSource) -> None:
    """End a rotation at once: the secret before is no longer taken. For one that has leaked."""
    require(actor, CHANGE)
    with transaction.atomic():
        keeping = InboundSource.objects.filter(pk=source.pk, previous_until__isnull=False)
        if not keeping.update(previous_sealed="", previous_until=None):
            raise Conflict("There is no earlier secret.", code="no_previous_secret")
        activity.record(actor, "inboundsource.rotation_ended", source)


def sources_reseal(*, actor: Actor) -> int:
    """Seal every stored secret with the first key of FIELD_ENCRYPTION_KEY; return how many sources."""
    rows = InboundSource.objects.exclude(secret_sealed="")  # nosec B106
    with transaction.atomic():
        for source in rows:
            InboundSource.objects.filter(pk=source.pk).update(
                secret_sealed=reseal(source.secret_sealed), previous_sealed=reseal(source.previous_sealed)
            )
            activity.record(actor, "inboundsource.resealed", source)
    return len(rows)


def address_of(system: str) -> str:
    """Return the address to paste into the other system; only its path where PUBLIC_URL is not set."""
    return f"{settings.PUBLIC_URL}/webhooks/{system}"


def _shown(source: InboundSource) -> dict[str, Any]:
    """Return what the activity log keeps of a source: nothing of its secret."""
    return {
        "system": source.system,
        "channel": source.channel,
        "enabled": source.enabled,
        "events_per_minute": source.events_per_minute,
    }
