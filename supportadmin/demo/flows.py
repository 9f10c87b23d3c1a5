"""The demo company's resolution flows: which starters answer, which wait as drafts, and who has used them."""

from __future__ import annotations

from core.actors import Actor
from runtime.contracts import Customer, TurnRequest
from runtime.flows.services import flow_activate, flow_create
from runtime.flows.starters import STARTERS
from runtime.models import FlowRun, ResolutionFlow
from runtime.services import turn_take

# These need no other system; the others wait until Linear, Stripe or Slack is connected.
ACTIVE = ("data_export", "integration_setup")
CONVERSATIONS = (
    ("flow-001", ("download the complete item list as csv", "just the items", "yes, it worked")),
    ("flow-002", ("please link our quickbooks account", "accounting", "we are on Team", "no")),
    ("flow-003", ("how can I set up Zapier?", "hm, where do I see that?")),
)


def flows_add(lead: Actor) -> int:
    """Make a flow of each starter and activate those that need no other system; idempotent by intent."""
    for starter in STARTERS.values():
        if ResolutionFlow.objects.filter(intent=starter.intent).exists():
            continue
        flow = flow_create(
            actor=lead, intent=starter.intent, title=starter.title, definition=starter.definition
        )
        if starter.intent in ACTIVE:
            flow_activate(actor=lead, flow=flow, number=1)
    return ResolutionFlow.objects.count()


def flows_talk(bot: Actor, channel: str) -> int:
    """Lead a few customers through them, so that the pages show flows at work."""
    if FlowRun.objects.exists():
        return 0
    for customer_id, messages in CONVERSATIONS:
        conversation_id = None
        for text in messages:
            turn = turn_take(
                actor=bot,
                request=TurnRequest(
                    text=text,
                    conversation_id=conversation_id,
                    channel=channel,
                    customer=Customer(customer_id, user_type="admin", tier="team", verified=True),
                    page="/home",
                ),
            )
            conversation_id = turn.conversation_id
            if turn.handoff_id is not None:
                break
    return len(CONVERSATIONS)
