"""The texts of a ticket as they are stored: masked at once, cleaned soon, and raw for those who may compare.

How a text is cleaned is decided by nlp; this is the one place where tickets ask for it. Subjects and labels
are short: they are cleaned and masked, not cut.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from integrations.contracts import SourceMessage, SourceTicket
from nlp.cleaning import clean
from nlp.glossary import Glossary
from nlp.marking import Stretch, marked
from nlp.redaction import redact
from nlp.ticket_text import prepare as prepare_message

MASKED_ONLY = "masked"  # the version of a text that is plain and masked, and not cleaned yet
MAX_MESSAGES = 500
MAX_EXTRA_FIELDS = 50
MAX_LABEL_LENGTH, SHORT_LABEL = 500, 40


@dataclass(frozen=True, slots=True)
class Texts:
    """A ticket's texts after cleaning; ``conversation`` as in tickets.models.TicketText."""

    subject: str
    customer_words: str
    conversation: list[dict[str, Any]]
    csat_comment: str


def prepare(text: str) -> str:
    """Return a text as plain words, with personal data and secrets masked."""
    return redact(clean(text)).text if text else ""


def message_text(body: str, *, is_html: bool, glossary: Glossary) -> str:
    """Return a message cleaned, cut to its own words, masked, and with the team's shorthand written out.

    About ten times the work of ``prepare``, so imports leave it to the job that follows them.
    """
    return prepare_message(body, is_html=is_html, glossary=glossary).clean if body else ""


def masked(ticket: SourceTicket) -> Texts:
    """Make every text of the ticket plain and mask it; the customer's words are what they wrote in public."""
    messages = ticket.messages[:MAX_MESSAGES]
    prepared = [prepare(message.body) for message in messages]
    words = [
        text
        for message, text in zip(messages, prepared, strict=True)
        if message.author == "customer" and message.is_public and text
    ]
    return Texts(
        subject=prepare(ticket.subject),
        customer_words="\n\n".join(words),
        conversation=[_entry(message, text) for message, text in zip(messages, prepared, strict=True)],
        csat_comment=prepare(ticket.csat_comment),
    )


def raw_conversation(ticket: SourceTicket) -> list[dict[str, Any]]:
    """Return the messages word for word, as tickets.models.RawText keeps them."""
    return [
        {**_entry(message, storable(message.body)), "is_html": message.is_html}
        for message in ticket.messages[:MAX_MESSAGES]
    ]


def marked_conversation(
    conversation: Sequence[Mapping[str, Any]], glossary: Glossary
) -> list[tuple[Stretch, ...]]:
    """Return each message of tickets.models.RawText as stretches that show what cleaning does to it."""
    return [
        marked(prepare_message(entry["text"], is_html=entry.get("is_html", False), glossary=glossary))
        for entry in conversation
    ]


def storable(text: str) -> str:
    """Drop the one character that not every database takes."""
    return text.replace("\x00", "") if "\x00" in text else text


def masked_labels(values: Mapping[str, str]) -> dict[str, str]:
    """Return the help desk's other fields, masked and bounded."""
    return {
        storable(name)[:MAX_LABEL_LENGTH]: masked_label(value)
        for name, value in list(values.items())[:MAX_EXTRA_FIELDS]
    }


def masked_label(label: str) -> str:
    """Return a tag or the value of a field, masked and bounded; the same few come again and again."""
    return prepare(label)[:MAX_LABEL_LENGTH] if len(label) > SHORT_LABEL else _masked_short_label(label)


@lru_cache(maxsize=4_096)
def _masked_short_label(label: str) -> str:
    return prepare(label)


def _entry(message: SourceMessage, text: str) -> dict[str, Any]:
    return {
        "author": message.author,
        "at": message.created_at.isoformat(),
        "is_public": message.is_public,
        "text": text,
    }
