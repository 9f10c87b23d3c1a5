"""Writes of the runtime app."""

from runtime.services.anger_labels import anger_label_record, anger_recalibrate
from runtime.services.as_of import AsOf
from runtime.services.contact import contact_note
from runtime.services.feedback import feedback_record
from runtime.services.handoffs import (
    handoff_accept,
    handoff_pass,
    handoff_queue,
    handoff_release,
    handoff_resolve,
    handoff_return,
)
from runtime.services.messages import message_from_customer, message_reply
from runtime.services.sent import turn_sent
from runtime.services.turns import turn_preview, turn_replay, turn_take

__all__ = [
    "AsOf",
    "anger_label_record",
    "anger_recalibrate",
    "contact_note",
    "feedback_record",
    "handoff_accept",
    "handoff_pass",
    "handoff_queue",
    "handoff_release",
    "handoff_resolve",
    "handoff_return",
    "message_from_customer",
    "message_reply",
    "turn_preview",
    "turn_replay",
    "turn_sent",
    "turn_take",
]
