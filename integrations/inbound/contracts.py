"""What a signed webhook can tell, in our own words; whatever else it says is ``Nothing`` with a reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

MAX_ID = 100  # characters of an id in the other system
MAX_NAME = 150


class BadSignature(Exception):
    """The request is not from the system, or too old. Says nowhere which part was wrong."""


class BadPayload(Exception):
    """The request is the system's, but not what it is documented to send; the message says why."""


@dataclass(frozen=True, slots=True)
class CustomerMessage:
    """A customer wrote. ``at`` is the time in the other system; user type and tier only where it knows them.

    ``verified``: the other system knows who it is, rather than having been told by the customer's browser.
    """

    conversation_id: str
    message_id: str
    text: str
    customer_id: str
    channel: str
    at: datetime
    user_type: str = ""
    tier: str = ""
    locale: str = ""
    verified: bool = False


@dataclass(frozen=True, slots=True)
class AgentReply:
    """A person of the support team wrote to the customer: what was really sent."""

    conversation_id: str
    message_id: str
    text: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ConversationEnded:
    """The conversation was solved in the other system."""

    conversation_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class IssueChanged:
    """An issue exists and has changed, or it was removed; ``issue_id`` may be one that we chose."""

    issue_id: str
    identifier: str
    url: str
    state: str
    removed: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Challenge:
    """The system asks whether the address is ours; ``answer`` is sent back as it came."""

    answer: str


@dataclass(frozen=True, slots=True)
class Nothing:
    """An event that has no use here."""

    reason: str


News = CustomerMessage | AgentReply | ConversationEnded | IssueChanged | Challenge | Nothing


@dataclass(frozen=True, slots=True)
class Delivery:
    """One verified event: ``event_id`` comes from what is signed, so a copy cannot pass for another event."""

    event_id: str
    kind: str  # as the other system calls it
    news: News


class Verify(Protocol):
    """Raise BadSignature unless one of the secrets signed this body at most TOLERANCE_SECONDS ago."""

    def __call__(
        self, headers: Mapping[str, str], body: bytes, secrets: Sequence[str], *, now: datetime
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class InboundSystem:
    """One system that sends webhooks.

    ``read(value, body)`` gets the decoded JSON and raises BadPayload. ``secret_label`` says where the secret
    is found; ``check_secret`` returns what is wrong with one, or "".
    """

    name: str
    label: str
    secret_label: str
    verify: Verify
    read: Callable[[Mapping[str, Any], bytes], Delivery]
    check_secret: Callable[[str], str]
    has_messages: bool = False
