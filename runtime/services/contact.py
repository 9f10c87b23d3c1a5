"""Keep the e-mail address that a customer writes while nobody is there."""

from __future__ import annotations

from django.db import transaction

from core import activity
from core.actors import Actor
from escalation.language import email_noted
from runtime import workflow
from runtime.contact import email_find, email_masked
from runtime.models import Handoff

ACTOR = Actor.system("handoff contact")


def contact_note(handoff: Handoff, text: str) -> str | None:
    """Keep the address in a customer's message, and return the words that confirm it; None: there is none.

    Only a customer who was asked and still waits gives one, and only the first one is kept: the question is
    never repeated. The log and the words show the address masked.
    """
    if handoff.contact_asked_at is None or handoff.contact_email or handoff.state not in workflow.UNCLAIMED:
        return None
    address = email_find(text)
    if address is None:
        return None
    with transaction.atomic():
        asked = Handoff.objects.filter(pk=handoff.pk, contact_email="", state__in=workflow.UNCLAIMED)
        if not asked.update(contact_email=address):
            return None
        handoff.contact_email = address
        activity.record(ACTOR, "handoff.contact_noted", handoff, after={"contact": email_masked(address)})
    return email_noted(handoff.conversation.locale, email_masked(address))
