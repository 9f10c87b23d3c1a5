"""What people really sent, as a help desk's webhook told it, kept beside the draft."""

from __future__ import annotations

from core.writing import write_transaction
from pilot.models import Draft
from runtime.inbound.replies import SentReply, human_reply_after
from runtime.models import HumanReply
from runtime.services import turn_sent

BATCH = 500


def _keep(draft_id: int, reply: SentReply) -> bool:
    """Write one reply to its draft and its turn, unless something else is known to have been sent."""
    with write_transaction():
        unknown = Draft.objects.filter(pk=draft_id, sent_at=None)
        kept = unknown.update(
            sent_text=reply.text, sent_via=Draft.SentVia.WEBHOOK, sent_by=reply.by, sent_at=reply.at
        )
        if kept:
            turn_sent(turn_id=reply.turn_id, text=reply.text)
    return bool(kept)


def replies_collect() -> int:
    """Keep with each draft the reply that a webhook has brought since; return how many. Idempotent by draft.

    What is known to have been sent already stays as it is.
    """
    found = 0
    while True:
        unknown = Draft.objects.filter(sent_at=None, turn__in=HumanReply.objects.values("turn_id"))
        drafts = dict(unknown.order_by("pk").values_list("turn_id", "pk")[:BATCH])
        for turn_id, reply in human_reply_after(drafts).items():
            found += _keep(drafts[turn_id], reply)
        if len(drafts) < BATCH:
            return found
