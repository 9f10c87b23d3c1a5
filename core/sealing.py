"""Keep secrets of other systems encrypted at rest, under FIELD_ENCRYPTION_KEY.

The first key seals, every key opens: putting a new one in front rotates. Decides nothing about who may read;
an opened secret is a ``Secret``, which no repr, log line or message shows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from core.errors import Unavailable


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret in clear; ``value`` is for the header or signature that needs it and for nothing else."""

    value: str = field(repr=False)

    def __str__(self) -> str:
        return "•••"

    def __bool__(self) -> bool:
        return bool(self.value)

    def hidden_in(self, text: str) -> str:
        """Return the text without the secret, in case another system repeats it."""
        return text.replace(self.value, "•••") if self.value else text


def seal(secret: str) -> str:
    """Return the secret encrypted; raises Unavailable where this installation has no key."""
    return _keys().encrypt(secret.encode()).decode()


def unseal(sealed: str) -> Secret:
    """Return the secret; an empty one for an empty text. Raises Unavailable where no key opens it."""
    if not sealed:
        return Secret("")
    try:
        return Secret(_keys().decrypt(sealed.encode()).decode())
    except InvalidToken:
        raise Unavailable(
            "The stored secret cannot be opened: FIELD_ENCRYPTION_KEY has changed. Enter the secret again.",
            code="secret_unreadable",
        ) from None


def reseal(sealed: str) -> str:
    """Return the same secret under the first key."""
    return _keys().rotate(sealed.encode()).decode() if sealed else ""


def hint(secret: str) -> str:
    """Return what a person may see of a secret to recognise it: its last four characters, of long ones."""
    return secret[-4:] if len(secret) >= 16 else ""


def check_can_seal() -> None:
    """Raise Unavailable where this installation has no key."""
    if not settings.FIELD_ENCRYPTION_KEYS:
        raise Unavailable(
            "Secrets cannot be kept: the operator has to set FIELD_ENCRYPTION_KEY first.",
            code="no_encryption_key",
        )


def _keys() -> Any:
    check_can_seal()
    return MultiFernet([Fernet(key) for key in settings.FIELD_ENCRYPTION_KEYS])
