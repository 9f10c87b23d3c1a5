"""The actions that a flow can name: what they take, what they give, whether they change something. Pure data.

What an action does, and with which credentials, is runtime.actions' business.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ActionInfo:
    """``parameters``: None where it takes whatever it is given; ``writes``: it changes something."""

    slug: str
    label: str
    parameters: tuple[str, ...] | None
    required: tuple[str, ...]
    data: tuple[str, ...]
    writes: bool


_ALL = (
    ActionInfo(
        "linear_create_issue",
        "Create a Linear issue",
        ("title", "description"),
        ("title",),
        ("issue_identifier", "issue_url"),
        True,
    ),
    ActionInfo(
        "stripe_find_invoice",
        "Look up an invoice in Stripe",
        ("email", "invoice_number"),
        ("email", "invoice_number"),
        ("invoice_status", "amount_due", "amount_paid", "currency", "due_date", "hosted_invoice_url"),
        False,
    ),
    ActionInfo(
        "slack_post_message", "Post a message to Slack", ("text",), ("text",), ("channel", "ts"), True
    ),
    ActionInfo("webhook_send", "Call a webhook", None, (), (), True),
)
ACTIONS: Mapping[str, ActionInfo] = {info.slug: info for info in _ALL}
