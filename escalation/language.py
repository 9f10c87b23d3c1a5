"""What a customer reads when a person takes over. Decides no wait: the queue's history gives it, or None."""

from __future__ import annotations

from escalation.defaults import PLAIN_MESSAGE
from escalation.language_lint import PLACEHOLDER
from escalation.selectors import template_for


def handoff_message(reason: str, *, wait_minutes: int | None, locale: str = "en") -> str:
    """Return the message for ``reason``; no number appears in it unless the wait is known."""
    template = template_for(reason, locale)
    if template is None:
        return PLAIN_MESSAGE
    if wait_minutes is None:
        body = template.body_without_wait or template.body
        return PLAIN_MESSAGE if PLACEHOLDER in body else body
    return template.body.replace(PLACEHOLDER, str(wait_minutes))
