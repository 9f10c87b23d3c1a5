"""What a person and the customer write to each other while the agent is silent.

One UPDATE of the handoff decides whether a message may stand: the case is open (and the writer's), and not
full. It also puts the writers of one case in a row, so that ids grow in the order in which readers see them:
a cursor loses nothing. Nothing written here is a turn: no rule reads it, now or later.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import F
from django.utils import timezone

from core.actors import Actor
from core.api import strict_json
from core.errors import Conflict, InvalidInput
from core.models import User
from core.permissions import require
from core.writing import write_transaction
from runtime import workflow
from runtime.contracts import MAX_MESSAGES, MAX_TEXT_CHARACTERS
from runtime.messages import customers_name_of
from runtime.models import Conversation, Handoff, HandoffMessage, InboundThread
from runtime.services.contact import contact_note
from runtime.services.handoffs import MAX_LABEL_CHARACTERS, PERMISSION, holder_check

HUMAN, CUSTOMER = HandoffMessage.Sender.HUMAN, HandoffMessage.Sender.CUSTOMER
AGENT = HandoffMessage.Sender.AGENT


def message_reply(*, actor: Actor, handoff: Handoff, text: str, key: UUID | None = None) -> HandoffMessage:
    """Send what the person who has the case writes to the customer. Idempotent by ``key``.

    Raises NotAllowed, InvalidInput (empty, too long, unstorable), Conflict (not accepted, somebody else's,
    full, ``answer_elsewhere``: the customer writes in another system, and nothing brings a reply there).
    """
    require(actor, PERMISSION)
    text = _checked(text)
    with write_transaction():
        if (sent := _sent(handoff.pk, key)) is not None:
            return sent
        _check_arrives(handoff)
        mine = {"state": workflow.ACCEPTED, "assignee_id": actor.user_id}
        if not _claim_place(handoff.pk, HUMAN, **mine):
            raise _why_no_reply(actor, handoff.pk)
        if (sent := _sent_meanwhile(handoff.pk, key)) is not None:
            return sent
        return _write(handoff.pk, handoff.conversation_id, HUMAN, text, key, _name_of(actor))


def message_from_customer(
    *, actor: Actor, conversation: Conversation, text: str, key: UUID | None = None
) -> HandoffMessage:
    """Keep what the customer writes to the person who has the conversation or will. Idempotent by ``key``.

    An e-mail address that was asked for is kept as the contact and confirmed by a message of the agent's.

    The caller has checked that the actor speaks for this conversation. Raises InvalidInput and Conflict
    (``with_agent``: send a turn instead; ``conversation_closed``: begin a new one; ``handoff_full``).
    """
    text = _checked(text)
    with write_transaction():
        handoff = conversation.handoffs.filter(state__in=workflow.OPEN_HANDOFF).only("pk").first()
        if handoff is None:
            raise _why_no_message(conversation)
        if (sent := _sent(handoff.pk, key)) is not None:
            return sent
        if not _claim_place(handoff.pk, CUSTOMER, state__in=workflow.OPEN_HANDOFF):
            raise _why_no_message(conversation)
        if (sent := _sent_meanwhile(handoff.pk, key)) is not None:
            return sent
        message = _write(handoff.pk, conversation.pk, CUSTOMER, text, key, "")
        confirmed = contact_note(Handoff.objects.get(pk=handoff.pk), text)
        if confirmed is not None and _claim_place(handoff.pk, CUSTOMER, state__in=workflow.UNCLAIMED):
            _write(handoff.pk, conversation.pk, AGENT, confirmed, None, "")
        return message


def _check_arrives(handoff: Handoff) -> None:
    """Raise Conflict where what is written here would reach nobody."""
    thread = (
        InboundThread.objects.filter(conversation_id=handoff.conversation_id).select_related("source").first()
    )
    if thread is not None:
        system = thread.source.get_system_display()
        raise Conflict(
            f"Answer this customer in {system} (conversation {thread.external_id}): nothing brings a reply "
            "there from here. Then resolve the case.",
            code="answer_elsewhere",
        )


def _name_of(actor: Actor) -> str:
    person = User.objects.filter(pk=actor.user_id or 0).first()
    return customers_name_of(person) if person else actor.label


def _checked(text: str) -> str:
    text = text.strip()
    if not text:
        raise InvalidInput("Write a message.", code="empty_text")
    if len(text) > MAX_TEXT_CHARACTERS:
        raise InvalidInput(f"Write at most {MAX_TEXT_CHARACTERS} characters.", code="text_too_long")
    try:
        strict_json.check(text)
    except strict_json.BadJson as error:
        raise InvalidInput(str(error), code="bad_text") from error
    return text


def _sent(handoff_id: int, key: UUID | None) -> HandoffMessage | None:
    """Return the message that an earlier try with this key has left."""
    if key is None:
        return None
    return HandoffMessage.objects.filter(handoff_id=handoff_id, key=key).first()


def _sent_meanwhile(handoff_id: int, key: UUID | None) -> HandoffMessage | None:
    """Look again once the place is claimed: another try with this key may have been first."""
    if (sent := _sent(handoff_id, key)) is not None:
        Handoff.objects.filter(pk=handoff_id).update(message_count=F("message_count") - 1)
    return sent


def _claim_place(handoff_id: int, sender: str, **only_if: Any) -> bool:
    """Count the message in, if the case is as ``only_if`` says and not full."""
    place = Handoff.objects.filter(pk=handoff_id, message_count__lt=MAX_MESSAGES, **only_if)
    return bool(place.update(message_count=F("message_count") + 1, last_sender=sender))


def _write(
    handoff_id: int, conversation_id: UUID, sender: str, text: str, key: UUID | None, by: str
) -> HandoffMessage:
    Conversation.objects.filter(pk=conversation_id).update(updated_at=timezone.now())
    return HandoffMessage.objects.create(
        handoff_id=handoff_id, sender=sender, text=text, sent_by=by[:MAX_LABEL_CHARACTERS], key=key
    )


def _why_no_reply(actor: Actor, handoff_id: int) -> Conflict:
    now = Handoff.objects.defer("packet").get(pk=handoff_id)
    if now.state == workflow.ACCEPTED:
        try:
            holder_check(actor, now)
        except Conflict as refusal:
            return refusal
        return _full()
    if now.state in workflow.OPEN_HANDOFF:
        return Conflict("Claim this case before you reply.", code="not_claimed")
    return Conflict(f"This case is {now.get_state_display().lower()}; nobody reads it now.", code="finished")


def _why_no_message(conversation: Conversation) -> Conflict:
    now = Conversation.objects.get(pk=conversation.pk)
    if now.state == workflow.CLOSED:
        return Conflict("This conversation is closed. Begin a new one.", code="conversation_closed")
    if now.state == workflow.OPEN:
        return Conflict(
            "The agent has this conversation: send the message as a turn.",
            code="with_agent",
            extra={"state": now.state},
        )
    return _full()


def _full() -> Conflict:
    return Conflict(f"A handoff holds {MAX_MESSAGES} messages. Resolve it.", code="handoff_full")
