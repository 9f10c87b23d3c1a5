"""Who does something: a person, an API key, or the system itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # models import this module
    from core.models import ApiKey, User


@dataclass(frozen=True, slots=True)
class Actor:
    """The one who acts, as it is written to the activity log: the label outlives the row."""

    kind: str  # "user" | "api_key" | "system"
    id: int | None
    label: str

    @classmethod
    def of_user(cls, user: User) -> Actor:
        """Return the actor of a signed-in person."""
        return cls("user", user.pk, user.get_username())

    @classmethod
    def of_api_key(cls, key: ApiKey) -> Actor:
        """Return the actor of a bot's key."""
        return cls("api_key", key.pk, key.name)

    @classmethod
    def system(cls, name: str) -> Actor:
        """Return the actor of a job or command that nobody in particular asked for."""
        return cls("system", None, name)

    @property
    def user_id(self) -> int | None:
        """The user's id, or None where the actor is not a person."""
        return self.id if self.kind == "user" else None
