"""Take one webhook: verify it over the raw body, keep it once, and leave the work to a job.

Nothing here asks a model. Where no source of the system has a secret, or none signed the body, the answer is
the same: whoever asks learns neither which sources there are nor what was wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import structlog
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.utils import timezone

from core import jobs
from core.api import strict_json
from core.errors import DomainError, InvalidInput, NotFound, Unavailable
from core.sealing import unseal
from core.writing import write_transaction
from integrations.inbound.contracts import (
    AgentReply,
    BadPayload,
    BadSignature,
    Challenge,
    ConversationEnded,
    CustomerMessage,
    Delivery,
    InboundSystem,
    IssueChanged,
    Nothing,
)
from integrations.inbound.systems import INBOUND
from runtime.contracts import MAX_TEXT_CHARACTERS
from runtime.inbound.configuring import MAX_SOURCES
from runtime.models import InboundEvent, InboundSource, InboundThread

log = structlog.get_logger(__name__)

HANDLE_TASK = "runtime.tasks.handle_inbound"
MAX_BODY_BYTES = 256 * 1024
MINUTE_SECONDS = 60
KINDS: Mapping[type, str] = {
    CustomerMessage: InboundEvent.Kind.MESSAGE,
    AgentReply: InboundEvent.Kind.REPLY,
    ConversationEnded: InboundEvent.Kind.ENDED,
    IssueChanged: InboundEvent.Kind.ISSUE,
    Challenge: InboundEvent.Kind.CHALLENGE,
    Nothing: InboundEvent.Kind.OTHER,
}


class Unsigned(DomainError):
    """The request is not from a system that is set up here, or too old."""

    http_status = 401
    code = "bad_signature"


class TooOften(DomainError):
    """More events than the source may send in a minute."""

    http_status = 429
    code = "throttled"


@dataclass(frozen=True, slots=True)
class Received:
    """What is answered: whether the event was known already; the challenge to send back, if it was one."""

    duplicate: bool = False
    challenge: str = ""


def webhook_receive(
    *, system: str, headers: Mapping[str, str], body: bytes, now: datetime | None = None
) -> Received:
    """Keep one event and queue its work; idempotent by the event's id, which is part of what is signed.

    ``headers`` by their names in small letters. Raises NotFound (no such system), Unsigned, TooOften,
    InvalidInput (not what the system is documented to send), Unavailable (secrets cannot be opened).
    """
    known = INBOUND.get(system)
    if known is None:
        raise NotFound("No webhooks of such a system are taken here.", code="no_such_system")
    now = now or timezone.now()
    source = _sender(known, headers, body, now)
    _throttle(source, now)
    delivery = _read(known, body)
    duplicate = not _keep(source, delivery, now)
    answer = delivery.news.answer if isinstance(delivery.news, Challenge) else ""
    return Received(duplicate, answer)


def _sender(system: InboundSystem, headers: Mapping[str, str], body: bytes, now: datetime) -> InboundSource:
    """Return whose secret signed the body."""
    rows = InboundSource.objects.filter(system=system.name, enabled=True).exclude(secret_sealed="")  # nosec B106
    found, unreadable = None, False
    for source in rows.order_by("pk")[:MAX_SOURCES]:
        try:
            system.verify(headers, body, _secrets(source, now), now=now)
        except BadSignature:
            continue
        except Unavailable as error:  # one secret that cannot be opened does not shut out the others
            log.error("webhook_secret_unreadable", source=source.pk, error=error.message)
            unreadable = True
            continue
        found = found or source
    if found is None and unreadable:
        raise Unavailable("Webhooks cannot be verified just now. Send it again later.", code="unavailable")
    if found is None:
        raise Unsigned("The signature is missing, wrong or older than five minutes.")
    return found


def _secrets(source: InboundSource, now: datetime) -> Sequence[str]:
    sealed = [source.secret_sealed]
    if source.previous_sealed and source.keeps_previous(now):
        sealed.append(source.previous_sealed)
    return [unseal(one).value for one in sealed]


def _throttle(source: InboundSource, now: datetime) -> None:
    """Count verified events only: nobody else can use up a source's minute."""
    window = int(now.timestamp() // MINUTE_SECONDS)
    key = f"inbound:{source.pk}:{window}"
    cache.add(key, 0, timeout=2 * MINUTE_SECONDS)
    if cache.incr(key) > source.events_per_minute:
        wait = MINUTE_SECONDS - int(now.timestamp() % MINUTE_SECONDS)
        raise TooOften("Too many events in this minute. Send it again later.", extra={"wait_seconds": wait})


def _read(system: InboundSystem, body: bytes) -> Delivery:
    try:
        value = strict_json.loads(body)
        if not isinstance(value, dict):
            raise InvalidInput("Send a JSON object.", code="bad_json")
        return system.read(value, body)
    except strict_json.BadJson as error:
        raise InvalidInput(str(error), code="bad_json") from error
    except BadPayload as error:
        raise InvalidInput(str(error), code="bad_payload") from error


def _keep(source: InboundSource, delivery: Delivery, now: datetime) -> bool:
    """Write the event and queue its work; return False where it was there already."""
    known = InboundEvent.objects.filter(source=source, external_id=delivery.event_id)
    if known.exists():
        return False
    try:
        with write_transaction():
            with transaction.atomic():  # a savepoint: of two copies at the same moment one is a duplicate
                event = InboundEvent.objects.create(**_fields(source, delivery, now))
            InboundSource.objects.filter(pk=source.pk).update(last_event_at=now)
            if event.state == InboundEvent.State.RECEIVED:
                jobs.enqueue(HANDLE_TASK, dedupe_key=f"inbound:{event.pk}", event_id=event.pk)
    except IntegrityError:
        return False
    return True


def _fields(source: InboundSource, delivery: Delivery, now: datetime) -> dict[str, Any]:
    news = delivery.news
    fields: dict[str, Any] = {
        "source": source,
        "external_id": delivery.event_id,
        "name": delivery.kind,
        "kind": KINDS[type(news)],
        "occurred_at": getattr(news, "at", now),
    }
    if isinstance(news, Nothing):
        return fields | {"state": "ignored", "reason": news.reason[:300], "handled_at": now}
    if isinstance(news, Challenge):
        return fields | {"state": "handled", "reason": "Answered: the address is ours.", "handled_at": now}
    if isinstance(news, (CustomerMessage, AgentReply, ConversationEnded)):
        fields["thread"], _ = InboundThread.objects.get_or_create(
            source=source, external_id=news.conversation_id
        )
    return {**fields, "content": _content(asdict(news))}


def _content(values: dict[str, Any]) -> dict[str, Any]:
    """Return what the job needs, as JSON; what is longer than a turn may be is cut, and says so."""
    text = values.get("text", "").strip()
    kept = {**values, "at": values["at"].isoformat()}
    if "text" in values:
        kept |= {"text": text[:MAX_TEXT_CHARACTERS], "cut": len(text) > MAX_TEXT_CHARACTERS}
    return kept
