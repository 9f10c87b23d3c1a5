"""What people really sent, as a help desk's webhook told it, kept beside the draft."""

from __future__ import annotations

from pilot.models import Draft
from runtime.inbound.replies import human_reply_after
from runtime.models import HumanReply

BATCH = 500


def replies_collect() -> int:
    """Keep with each draft the reply that a webhook has brought since; return how many. Idempotent by draft.

    What is known to have been sent already stays as it is.
    """
    found = 0
    while True:
        unknown = Draft.objects.filter(sent_at=None, turn__in=HumanReply.objects.values("turn_id"))
        drafts = dict(unknown.order_by("pk").values_list("turn_id", "pk")[:BATCH])
        for turn_id, reply in human_reply_after(drafts).items():
            found += Draft.objects.filter(pk=drafts[turn_id], sent_at=None).update(
                sent_text=reply.text, sent_via=Draft.SentVia.WEBHOOK, sent_by=reply.by, sent_at=reply.at
            )
        if len(drafts) < BATCH:
            return found
