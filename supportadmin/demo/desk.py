"""Some of the demo's handoffs at work at the desk: settled by people, in talk, and still waiting."""

from __future__ import annotations

from core.actors import Actor
from runtime.models import Handoff, HandoffMessage
from runtime.services import handoff_accept, handoff_resolve, message_from_customer, message_reply

SETTLED = (
    ("otherwise", "That is done for you now. Is there anything else?", "No, that was it. Thank you!"),
    (
        "as_answered",
        "The steps that our agent gave you are right: please try them once more.",
        "Ah, it works.",
    ),
    ("customer_gone", "I'm here now. Which workspace is it about?", ""),
)
IN_TALK = ("I'm looking at it. Since when does it happen?", "Since this morning, for all of us.")


def desk_work(*, person: Actor, bot: Actor) -> int:
    """Let one person settle three cases and talk in a fourth; return how many wait. Idempotent."""
    waiting = Handoff.objects.filter(state=Handoff.State.QUEUED).order_by("pk")
    if not HandoffMessage.objects.exists():
        cases = list(waiting[: len(SETTLED) + 1])
        for handoff, (outcome, reply, answer) in zip(cases, SETTLED, strict=False):
            _talk(person, bot, handoff, reply, answer)
            handoff_resolve(actor=person, handoff=handoff, outcome=outcome)
        for handoff in cases[len(SETTLED) :]:
            _talk(person, bot, handoff, *IN_TALK)
    return waiting.count()


def _talk(person: Actor, bot: Actor, handoff: Handoff, reply: str, answer: str) -> None:
    handoff_accept(actor=person, handoff=handoff)
    message_reply(actor=person, handoff=handoff, text=reply)
    if answer:
        message_from_customer(actor=bot, conversation=handoff.conversation, text=answer)
