"""What escalation's back-test asks for, answered from turns and tickets (escalation.backtest.ports)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

from django.db.models import Count, Max
from django.urls import reverse
from django.utils import timezone

from core.jobs import Progress
from escalation.backtest.cases import TICKET, TURN, Case, Collected, ShownCase
from escalation.backtest.ports import Key
from escalation.contracts import TurnFacts
from intents.selectors import intent_profiles
from runtime.models import ResolutionFlow, TicketFacts, Turn
from runtime.replay.tickets import kept_facts, ticket_cases, tickets_read, versions_now
from runtime.replay.turns import handling_minutes, turn_cases, turns_state
from tickets.selectors import ended_tickets_state, first_messages


class Source:
    """The cases of this installation."""

    def state(self, days: int) -> str:
        """Return a text that changes whenever the cases do."""
        now = timezone.now()
        facts = TicketFacts.objects.aggregate(n=Count("pk"), last=Max("read_at"))
        flows = ResolutionFlow.objects.filter(state=ResolutionFlow.State.ACTIVE)
        parts = (
            now.date(),
            turns_state(days),
            ended_tickets_state(now - timedelta(days=days)),
            facts["n"],
            facts["last"],
            versions_now(),
            [(p.slug, p.resolution, p.category_id) for p in intent_profiles()],
            list(flows.order_by("intent").values_list("intent", "active_version")),
        )
        return repr(parts)

    def collect(self, *, days: int, kinds: Collection[str], limit: int) -> Collected:
        """Return turns first, then tickets, each newest first."""
        cases: list[Case] = []
        counts: dict[str, int] = {}
        left_out = 0
        if TURN in kinds:
            cases, left_out = turn_cases(days=days, limit=limit)
        if TICKET in kinds:  # where there is not room for all, each kind has at least half of it
            tickets, counts = ticket_cases(days=days, limit=max(limit - len(cases), limit // 2))
            room = max(0, limit - len(tickets))
            left_out += len(cases) - len(cases[:room])
            cases = [*cases[:room], *tickets]
        return Collected(
            cases=tuple(cases),
            state=self.state(days),
            tickets=counts.get("tickets", 0),
            unread=counts.get("unread", 0),
            outdated=counts.get("outdated", 0),
            left_out=left_out + counts.get("left_out", 0),
        )

    def read_tickets(self, *, days: int, limit: int, progress: Progress | None) -> Mapping[str, Any]:
        """Read the newest tickets that have no present facts."""
        return tickets_read(days=days, limit=limit, progress=progress)

    def shown(self, keys: Collection[Key]) -> Mapping[Key, ShownCase]:
        """Return the customers' words where they still are, with the facts (three queries)."""
        found: dict[Key, ShownCase] = {}
        turns = Turn.objects.filter(pk__in=[pk for kind, pk in keys if kind == TURN])
        for pk, text, at, facts in turns.values_list("pk", "text", "created_at", "trace__facts"):
            url = reverse("admin:runtime_turn_change", args=(pk,))
            read = TurnFacts.from_json(facts) if facts else None
            found[TURN, pk] = ShownCase(text, f"{at:%Y-%m-%d}", url, read)
        tickets = [pk for kind, pk in keys if kind == TICKET]
        facts_of = kept_facts(tickets)
        for ticket in first_messages(tickets):
            url = reverse("admin:tickets_ticket_change", args=(ticket.ticket_id,))
            found[TICKET, ticket.ticket_id] = ShownCase(
                ticket.text, f"{ticket.created_at:%Y-%m-%d}", url, facts_of(ticket)
            )
        return found

    def handling_minutes(self) -> float | None:
        """Return the median minutes that people take for a handoff."""
        return handling_minutes()
