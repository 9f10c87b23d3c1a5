"""Refusals: what a person or a bot is told when the product says no. Bugs stay ordinary exceptions."""

from __future__ import annotations

from typing import Any


class DomainError(Exception):
    """A refusal with a stable ``code`` for programs and a ``message`` that tells a person what to do."""

    http_status = 400
    code = "refused"

    def __init__(self, message: str, *, code: str = "", extra: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.extra = extra or {}


class InvalidInput(DomainError):
    """The request says something that cannot be meant."""

    code = "invalid"


class NotAllowed(DomainError):
    """The actor may not do this."""

    http_status = 403
    code = "not_allowed"


class NotFound(DomainError):
    """The thing does not exist, or the actor may not know that it does."""

    http_status = 404
    code = "not_found"


class Conflict(DomainError):
    """The request was sound, but the state of things has moved on."""

    http_status = 409
    code = "conflict"


class StaleTransition(Conflict):
    """Somebody else moved the object first."""

    code = "stale_transition"


class Unavailable(DomainError):
    """A part the request needs cannot answer now; trying again later may work."""

    http_status = 503
    code = "unavailable"
