"""What goes to the customer, and what people really sent. Nothing ever goes out in shadow mode.

“Sent” means that the text is kept as the reply: the bot fetches it through the API, the demo chat by asking.
Decides neither who reviews nor what a review says.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection
from django.utils import timezone

from core import activity
from core.actors import Actor
from core.api import strict_json
from core.errors import Conflict, InvalidInput, NotFound
from core.permissions import require
from core.writing import write_transaction
from pilot import workflow
from pilot.models import Draft
from runtime.actions.contracts import DRY_RUN
from runtime.contracts import MAX_TEXT_CHARACTERS
from runtime.models import Conversation, Turn
from runtime.placement import ASSIST, SHADOW
from runtime.services import turn_sent

REVIEW = "pilot.review_draft"
MAX_NAME = 150


def draft_locked(draft_id: int) -> Draft:
    """Return the draft with turn, conversation and pilot, locked until the transaction ends."""
    own = ("self",) if connection.features.has_select_for_update_of else ()
    drafts = Draft.objects.select_for_update(of=own).select_related("turn", "conversation", "pilot")
    draft = drafts.filter(pk=draft_id).first()
    if draft is None:
        raise NotFound("This draft is gone: its conversation was erased.", code="draft_gone")
    return draft


def why_not_sent(draft: Draft) -> str:
    """Return why approving this draft sends nothing, or "" where it does."""
    pilot = draft.pilot
    if draft.mode == SHADOW:
        return "Shadow mode: nothing is sent."
    if draft.mode != ASSIST:
        return "The customer got it at once."
    if draft.conversation.ticket_id is not None or pilot.source != workflow.LIVE_SOURCE:
        return "A closed ticket: nobody waits for it."
    if draft.turn.decision == Turn.Decision.ESCALATE:
        return "A person was called: the handoff desk answers."
    if draft.sent_at is not None:
        return "The customer has an answer already."
    if pilot.state != workflow.RUNNING:
        return "The pilot is stopped: nothing is sent."
    if pilot.stage == SHADOW:
        return "The pilot is back in shadow mode: nothing is sent."
    if draft.conversation.state != Conversation.State.OPEN:
        return "A person has the conversation or it is closed: nothing is sent."
    return ""


def undone_actions(turn: Turn, before: Sequence[Turn]) -> tuple[str, ...]:
    """Return the actions that a draft may speak of and that were only rehearsed.

    ``before`` are the earlier turns of the conversation, first to last: as long as the same flow goes on, a
    draft can speak of what an earlier turn of it did.
    """
    found: list[str] = []
    for one in (turn, *reversed(before)):
        if one.pk != turn.pk and not _same_flow(one, turn):
            break
        found += [str(done.get("action", "")) for done in one.actions if done.get("state") == DRY_RUN]
    return tuple(dict.fromkeys(found))


def draft_send(draft: Draft, *, text: str, approved: bool, by: str) -> str:
    """Send a draft that was approved or edited; return why it was not sent, or "".

    Runs in the review's transaction. Raises Conflict undone_action where an untouched draft would tell of
    something that nobody has done.
    """
    reason = why_not_sent(draft)
    if reason:
        return reason
    if not text.strip():
        return "There is no text to send."
    if approved:
        _check_done(draft.turn)
    values = {"sent_text": text, "sent_via": Draft.SentVia.DESK, "sent_by": by, "sent_at": timezone.now()}
    if not Draft.objects.filter(pk=draft.pk, sent_at=None).update(**values):
        raise Conflict("The customer has got another answer in the meantime.", code="already_sent")
    turn_sent(turn_id=draft.turn_id, text=text)
    for name, value in values.items():
        setattr(draft, name, value)
    return ""


def draft_sent_report(*, actor: Actor, draft_id: int, text: str, sent_by: str = "") -> Draft:
    """Keep what a person really sent to the customer; the same words again change nothing.

    Refuses with already_sent where something else is known to have been sent; nothing is written then.
    """
    require(actor, REVIEW, api_keys=True)
    text = text_checked(text)
    with write_transaction():
        draft = draft_locked(draft_id)
        if draft.sent_at is not None:
            if draft.sent_text == text:
                return draft
            raise Conflict(
                "Another text is known to have been sent for this turn. What was sent stays as it is.",
                code="already_sent",
                extra={"sent_via": draft.sent_via},
            )
        values = {
            "sent_text": text,
            "sent_via": Draft.SentVia.API,
            "sent_by": (sent_by.strip() or actor.label)[:MAX_NAME],
            "sent_at": timezone.now(),
        }
        Draft.objects.filter(pk=draft.pk).update(**values)
        turn_sent(turn_id=draft.turn_id, text=text)
        for name, value in values.items():
            setattr(draft, name, value)
        activity.record(actor, "draft.sent_reported", draft, after={"sent_by": values["sent_by"]})
    return draft


def text_checked(text: str) -> str:
    """Return a text that may be kept, without the space around it; raise InvalidInput otherwise."""
    text = text.strip()
    if not text:
        raise InvalidInput("Write the text.", code="empty_text")
    if len(text) > MAX_TEXT_CHARACTERS:
        raise InvalidInput(f"Write at most {MAX_TEXT_CHARACTERS:,} characters.", code="text_too_long")
    try:
        strict_json.check(text)
    except strict_json.BadJson as error:
        raise InvalidInput(str(error), code="bad_text") from error
    return text


def _check_done(turn: Turn) -> None:
    before = Turn.objects.filter(conversation=turn.conversation_id, number__lt=turn.number)
    undone = undone_actions(turn, list(before.order_by("number"))) if turn.flow or turn.actions else ()
    if undone:
        raise Conflict(
            f"The draft may tell of something that nobody has done: {', '.join(undone)} was only rehearsed."
            " Do it in the other system first, then edit the draft so that it says what was done.",
            code="undone_action",
            extra={"actions": list(undone)},
        )


def _same_flow(one: Turn, other: Turn) -> bool:
    if not one.flow or not other.flow:
        return False
    return all(one.flow.get(name) == other.flow.get(name) for name in ("title", "version"))
