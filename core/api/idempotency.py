"""Idempotency-Key: a repeated acting request gets the first answer, and acts once.

The record is claimed before the work. The view calls ``Execution.complete`` *inside the transaction that
writes the effect*, so effect and answer are stored together or not at all; a crash before that leaves a claim
whose lease runs out. Keys are scoped by API key and endpoint and kept for 48 hours.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson
from django.db import IntegrityError, transaction
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from core.errors import Conflict, InvalidInput
from core.models import IdempotencyRecord

HEADER = "Idempotency-Key"
REPLAY_HEADER = "Idempotent-Replayed"
MAX_KEY_LENGTH = 255
LEASE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Execution:
    """One claimed run of a request; ``record_id`` is None where the client sent no key."""

    record_id: int | None
    replay: Response | None = None

    def complete(self, status: int, data: dict[str, Any]) -> None:
        """Keep the answer. Call within the transaction of the effect."""
        if self.record_id is not None:
            stored = orjson.loads(orjson.dumps(data, default=str))
            IdempotencyRecord.objects.filter(pk=self.record_id).update(
                response_status=status, response_body=stored
            )

    def abandon(self) -> None:
        """Forget the claim after a refusal or failure that had no effect."""
        if self.record_id is not None:
            IdempotencyRecord.objects.filter(pk=self.record_id, response_status=None).delete()


def begin(request: Request) -> Execution:
    """Claim the key, or return the stored answer; raise Conflict for another body or a running request."""
    key = request.headers.get(HEADER, "")
    if not key:
        return Execution(None)
    if len(key) > MAX_KEY_LENGTH or not key.isprintable():
        raise InvalidInput(
            f"{HEADER} takes at most {MAX_KEY_LENGTH} printable characters.", code="bad_idempotency_key"
        )
    digest = hashlib.sha256(orjson.dumps(request.data, option=orjson.OPT_SORT_KEYS)).hexdigest()
    identity = {"api_key": request.auth, "endpoint": f"{request.method} {request.path}"[:200], "key": key}
    lease_until = timezone.now() + timedelta(seconds=LEASE_SECONDS)
    try:
        with transaction.atomic():
            record = IdempotencyRecord.objects.create(**identity, body_sha256=digest, lease_until=lease_until)
        return Execution(record.pk)
    except IntegrityError:
        first = IdempotencyRecord.objects.filter(**identity).first()
    if first is None:
        raise Conflict(
            "The first request with this key has just failed; send it again.", code="retry_request"
        )
    return _resume(first, digest, lease_until)


def _resume(record: IdempotencyRecord, digest: str, lease_until: Any) -> Execution:
    if record.body_sha256 != digest:
        raise Conflict(
            f"This {HEADER} was used with another body. Use a new key for a new request.",
            code="idempotency_key_reused",
        )
    if record.response_status is not None:
        replay = Response(
            record.response_body, status=record.response_status, headers={REPLAY_HEADER: "true"}
        )
        return Execution(None, replay)
    stale = IdempotencyRecord.objects.filter(
        pk=record.pk, response_status=None, lease_until=record.lease_until, lease_until__lt=timezone.now()
    )
    if stale.update(lease_until=lease_until):
        return Execution(record.pk)
    raise Conflict("The first request with this key is still running.", code="request_in_progress")
