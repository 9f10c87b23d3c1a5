"""The e-mail address in a customer's message: found, and masked wherever it is shown again. Pure.

An address has the shape that redaction and the flows' slots know too. Nothing is sent, and nobody is asked
whether it exists.
"""

from __future__ import annotations

from nlp.email_addresses import email_addresses

MAX_EMAIL_CHARACTERS = 254
MASK = "•••"


def email_find(text: str) -> str | None:
    """Return the first address in the text, its domain in lower case; None where there is none."""
    found = (address for address, _, _ in email_addresses(text))
    return next((one for one in found if len(one) <= MAX_EMAIL_CHARACTERS), None)


def email_masked(address: str) -> str:
    """Return the address with all but its first letter and its domain hidden."""
    name, _, domain = address.rpartition("@")
    return f"{name[:1]}{MASK}@{domain}"
