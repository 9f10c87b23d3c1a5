"""Make, check and revoke API keys. The key is shown once; the database holds its sha256."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import DEFAULT_DB_ALIAS, transaction
from django.utils import timezone

from core import activity
from core.actors import Actor
from core.compiled_query import CompiledQuery
from core.errors import InvalidInput
from core.models import ApiKey

KEY_MARK = "sak"
SECRET_BYTES = 32
DEFAULT_DAYS = 365
LAST_USED_RESOLUTION = timedelta(minutes=1)  # how stale last_used_at may be: spares a write per request

_FIELDS = [field.attname for field in ApiKey._meta.concrete_fields]
_by_prefix = CompiledQuery(lambda prefix: ApiKey.objects.filter(prefix=prefix), "prefix")


def api_key_default_expiry() -> datetime:
    """Return when a key made now ends unless its maker says otherwise."""
    return timezone.now() + timedelta(days=DEFAULT_DAYS)


def api_key_create(
    *,
    actor: Actor,
    name: str,
    scopes: Collection[str],
    expires_at: datetime | None = None,
    requests_per_minute: int = 3000,
) -> tuple[ApiKey, str]:
    """Create a key; return the row and the key in clear, which cannot be had again."""
    unknown = set(scopes) - set(ApiKey.Scope.values)
    if unknown or not scopes:
        raise InvalidInput(
            f"Choose at least one scope out of {', '.join(ApiKey.Scope.values)}.", code="bad_scopes"
        )
    expires_at = expires_at or api_key_default_expiry()
    if expires_at <= timezone.now():
        raise InvalidInput("The expiry must lie in the future.", code="bad_expiry")
    prefix = secrets.token_hex(4)
    clear = f"{KEY_MARK}_{prefix}_{secrets.token_urlsafe(SECRET_BYTES)}"
    with transaction.atomic():
        key = ApiKey.objects.create(
            name=name,
            prefix=prefix,
            sha256=_digest(clear),
            scopes=sorted(scopes),
            expires_at=expires_at,
            requests_per_minute=requests_per_minute,
            created_by_id=actor.user_id,
        )
        activity.record(actor, "api_key.created", key, after={"name": name, "scopes": key.scopes})
    return key, clear


def api_key_revoke(*, actor: Actor, key: ApiKey) -> None:
    """Close a key for good; doing so again changes nothing."""
    with transaction.atomic():
        if ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=timezone.now()):
            activity.record(actor, "api_key.revoked", key)


def api_key_find(clear: str) -> ApiKey | None:
    """Return the usable key that ``clear`` is, or None."""
    parts = clear.split("_", 2)
    if len(parts) != 3 or parts[0] != KEY_MARK or len(clear) > 200:
        return None
    row = _by_prefix.first(parts[1])
    if row is None:
        return None
    key = ApiKey.from_db(DEFAULT_DB_ALIAS, _FIELDS, row)
    if not hmac.compare_digest(key.sha256, _digest(clear)) or not key.usable:
        return None
    return key


def api_key_touch(key: ApiKey) -> None:
    """Note that the key was used, at most once a minute."""
    now = timezone.now()
    if key.last_used_at is None or now - key.last_used_at > LAST_USED_RESOLUTION:
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)


def _digest(clear: str) -> str:
    return hashlib.sha256(clear.encode("utf-8", "ignore")).hexdigest()
