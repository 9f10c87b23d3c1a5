"""Slack is told of a handoff: a short message in a channel, later events as replies in its thread.

Posting and looking up are integrations.slack's: the message carries our key as metadata. Customers' words
mention nobody and link nowhere; the only link is ours to the handoff.
"""

from __future__ import annotations

from typing import Any

from core.errors import InvalidInput
from integrations.handoff_notice import EVENTS, QUEUED, TOLD, HandoffNotice
from integrations.outgoing import WRITE, Access, Json, Outcome
from integrations.outgoing_text import plain_line, slack_text
from integrations.slack import CHANNEL_ID, POST_PATH, SYSTEM, PostMessage, message_body

MAX_OPENING = 600
MAX_VALUE = 200
MAX_FACTS = 6
MAX_NOTE = 600


class TellChannel(PostMessage):
    """``slack_handoff``: as slack_post_message, with a text of its own and a thread."""

    name = "slack_handoff"
    label = "Slack: tell a channel"
    system = SYSTEM
    effect = WRITE
    repeatable = False
    events: tuple[str, ...] = EVENTS
    repeats_refused = False

    def prepare_notice(self, notice: HandoffNotice, *, settings: Json, base_url: str, key: str) -> Json:
        """Return the one request."""
        channel = str(settings.get("channel", ""))
        if not CHANNEL_ID.fullmatch(channel):
            raise InvalidInput(
                "The id of the Slack channel is missing, such as C0123ABCD.", code="missing_setting"
            )
        body = message_body(channel, _text(notice), key)
        if notice.earlier.get("ts") and notice.earlier.get("channel") == channel:
            body["thread_ts"] = notice.earlier["ts"]
        return {"method": "POST", "url": base_url + POST_PATH, "body": body}

    def perform(self, access: Access, payload: Json, *, key: str, deadline: float) -> Outcome:
        """Post it once; what was made is known by its time stamp."""
        return _named(super().perform(access, payload, key=key, deadline=deadline))

    def look_up(self, access: Access, payload: Json, **asked: Any) -> Outcome:
        """Look for our key in the channel's messages, or in the thread's."""
        return _named(super().look_up(access, payload, **asked))


def _named(outcome: Outcome) -> Outcome:
    if not outcome.data.get("ts"):
        return outcome
    data = {**outcome.data, "external_id": outcome.data["ts"]}
    return Outcome(outcome.kind, data, outcome.message, outcome.code, outcome.wait_seconds, outcome.broken)


def _text(notice: HandoffNotice) -> str:
    test = "[Test] " if notice.is_test else ""
    link = f" <{notice.url}|Open it>" if notice.url else ""
    lines = [f"{test}*Handoff {notice.handoff_id}* {TOLD[notice.event]}.{link}"]
    if notice.event == QUEUED:
        lines.append(f"*Why:* {slack_text(notice.reason_label)}")
        lines += [
            f"*{slack_text(label)}:* {slack_text(plain_line(value)[:MAX_VALUE])}"
            for label, value in notice.facts[:MAX_FACTS]
        ]
        opening = slack_text(notice.opening[:MAX_OPENING])
        lines += [f"> {line}" for line in opening.splitlines() if line.strip()]
    else:
        if notice.by:
            lines.append(f"*By:* {slack_text(plain_line(notice.by)[:MAX_VALUE])}")
        if notice.note:
            lines.append(f"*Note:* {slack_text(notice.note[:MAX_NOTE])}")
    return "\n".join(lines)


OPERATIONS = (TellChannel(),)
