"""The demo's tickets as an import reads them, so that they come in by the same way as anybody's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from integrations.contracts import SourceRow
from supportadmin.demo.tickets.generator import generate
from supportadmin.demo.tickets.plan import plan

SEED, COUNT = 1, 3_000


@dataclass(slots=True)
class DemoTickets:
    """A ticket source; the same rows for the same moment."""

    now: datetime
    count_wanted: int = COUNT
    name: str = "zendesk"

    def rows(self) -> Iterator[SourceRow]:
        """Yield every ticket of the demo."""
        tickets = generate(seed=SEED, now=self.now, count=self.count_wanted)
        for line, ticket in enumerate(tickets, start=1):
            yield SourceRow(line, ticket=ticket)

    def meanings(self) -> dict[str, str]:
        """Return what each ticket is truly about: the slug of its category, by the ticket's id."""
        now = self.now.astimezone(UTC)
        return {
            case.external_id: case.category.slug for case in plan(seed=SEED, now=now, count=self.count_wanted)
        }

    def count(self) -> int:
        """Return how many there are."""
        return sum(1 for _ in self.rows())
