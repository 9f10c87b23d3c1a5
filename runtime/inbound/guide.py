"""How each system is set up to send its webhooks here, step by step. Words only."""

from __future__ import annotations

import json
from collections.abc import Mapping

STEPS: Mapping[str, tuple[str, ...]] = {
    "zendesk": (
        "Admin Center → Apps and integrations → Webhooks → Create: trigger or automation, POST, JSON, this "
        "address, no authentication.",
        "Reveal the signing secret of the webhook and paste it above.",
        "Add a trigger “customer wrote”: comment is public, current user is end user → notify the webhook "
        "with the body below.",
        "Add a trigger “team replied”: comment is public, current user is agent → the same body with "
        "author_role agent.",
        "Add a trigger “solved”: status changed to solved → the same body with event solved.",
    ),
    "chatwoot": (
        "Settings → Integrations → Webhooks → Add: this address.",
        "Choose message_created and conversation_status_changed.",
        "Copy the secret of the webhook and paste it above.",
    ),
    "linear": (
        "Settings → API → Webhooks → New webhook: this address.",
        "Choose Issues.",
        "Copy the signing secret and paste it above. Calls of “create an issue” whose outcome is unknown are "
        "settled by it.",
    ),
    "slack": (
        "api.slack.com/apps → the app → Basic Information: copy the signing secret and paste it above.",
        "Event Subscriptions → on → this address: it answers Slack's question at once.",
    ),
    "stripe": (
        "Developers → Webhooks → Add endpoint: this address.",
        "Copy the signing secret whsec_… and paste it above. Events are kept; none changes anything here.",
    ),
}
ZENDESK_BODY = json.dumps(
    {
        "event": "comment",
        "ticket_id": "{{ticket.id}}",
        "comment_id": "{{ticket.latest_public_comment.id}}",
        "text": "{{ticket.latest_public_comment.value}}",
        "author_role": "end-user",
        "author_name": "{{current_user.name}}",
        "requester_id": "{{ticket.requester.id}}",
        "channel": "{{ticket.via}}",
        "is_public": "true",
        "at": "{{ticket.updated_at_with_timestamp}}",
    },
    indent=2,
)
