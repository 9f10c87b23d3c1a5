"""Compare HMAC-SHA256 signatures in constant time, against every secret that is valid just now."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from integrations.inbound.contracts import BadSignature

TOLERANCE_SECONDS = 300


def digest(secret: str, message: bytes) -> bytes:
    """Return the HMAC-SHA256 of the message."""
    return hmac.new(secret.encode(), message, hashlib.sha256).digest()


def hexadecimal(secret: str, message: bytes) -> str:
    """Return it in hexadecimal."""
    return digest(secret, message).hex()


def base64_text(secret: str, message: bytes) -> str:
    """Return it in base64."""
    return base64.b64encode(digest(secret, message)).decode()


def check(
    signatures: Sequence[str],
    secrets: Sequence[str],
    message: bytes,
    sign: Callable[[str, bytes], str] = hexadecimal,
) -> None:
    """Raise BadSignature unless one signature is one secret's. Every pair is compared: time tells nothing."""
    found = False
    for secret in secrets:
        expected = sign(secret, message).encode()
        for signature in signatures:
            found |= hmac.compare_digest(expected, signature.encode(errors="replace"))
    if not found:
        raise BadSignature


def check_fresh(at: datetime | None, now: datetime) -> None:
    """Raise BadSignature where the time is missing or more than TOLERANCE_SECONDS from now, either way."""
    if at is None or abs((now - at).total_seconds()) > TOLERANCE_SECONDS:
        raise BadSignature


def of_seconds(value: object) -> datetime | None:
    """Return the time of Unix seconds, written in digits or as a number; None for anything else."""
    text = str(value)
    if isinstance(value, bool) or not (text.isascii() and text.isdigit()) or len(text) > 12:
        return None
    return _at(int(text))


def of_iso(value: object) -> datetime | None:
    """Return the time of an ISO 8601 text with a zone; None for anything else."""
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        found = datetime.fromisoformat(value.replace(" UTC", "+00:00"))
    except ValueError:
        return None
    return found if found.tzinfo else None


def of_milliseconds(value: object) -> datetime | None:
    """Return the time of Unix milliseconds, a whole number; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        return None
    return _at(value / 1000)


def _at(seconds: float) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        return None
