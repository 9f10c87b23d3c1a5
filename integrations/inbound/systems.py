"""Which systems may send webhooks here, by the name in their address."""

from __future__ import annotations

from collections.abc import Mapping

from integrations.inbound.chatwoot import CHATWOOT
from integrations.inbound.contracts import InboundSystem
from integrations.inbound.linear import LINEAR
from integrations.inbound.slack import SLACK
from integrations.inbound.stripe import STRIPE
from integrations.inbound.zendesk import ZENDESK

INBOUND: Mapping[str, InboundSystem] = {
    system.name: system for system in (ZENDESK, CHATWOOT, LINEAR, SLACK, STRIPE)
}
