"""What customers read when a person takes over, offered to the knowledge base for the check of the voice."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse

from escalation.defaults import PLAIN_MESSAGE
from escalation.models import HandoffTemplate
from kb.ports import CustomerText

HANDOFF_MESSAGES = "Handoff messages"


def handoff_messages() -> Iterator[CustomerText]:
    """Yield every stored message, with and without the wait, and the one of last resort."""
    for template in HandoffTemplate.objects.all():
        url = reverse("admin:escalation_handofftemplate_change", args=(template.pk,))
        reason = template.get_reason_display() if template.reason else "Any reason"
        name = f"{reason}{f', {template.tier}' if template.tier else ''} ({template.locale})"
        yield CustomerText(name, template.body, url)
        if template.body_without_wait:
            yield CustomerText(f"{name}, without a wait", template.body_without_wait, url)
        if template.body_off_hours:
            yield CustomerText(f"{name}, off hours", template.body_off_hours, url)
    yield CustomerText("Where no message can be read", PLAIN_MESSAGE)
