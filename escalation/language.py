"""What a customer reads when a person takes over. Decides no wait: the queue's history gives it, or None."""

from __future__ import annotations

from escalation.language_lint import PLACEHOLDER
from escalation.selectors import template_for

# Said where no template is stored, or none can be read: a customer is never handed over in silence.
PLAIN_MESSAGE = (
    "I'm connecting you with a support specialist who can help with this. They'll have our whole "
    "conversation, so you won't need to repeat anything. The next available specialist will reply here as "
    "soon as possible."
)


def handoff_message(reason: str, *, wait_minutes: int | None, locale: str = "en") -> str:
    """Return the message for ``reason``; no number appears in it unless the wait is known."""
    template = template_for(reason, locale)
    if template is None:
        return PLAIN_MESSAGE
    if wait_minutes is None:
        body = template.body_without_wait or template.body
        return PLAIN_MESSAGE if PLACEHOLDER in body else body
    return template.body.replace(PLACEHOLDER, str(wait_minutes))
