"""Say of every row what would become of it, writing nothing; the preview, and the check before each write."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from core.actors import Actor
from core.models import User
from kb.exchange.contracts import CONFLICT, CREATED, REJECTED, SKIPPED, UNCHANGED, UPDATED, Incoming, Row
from kb.exchange.decision import Decision, Known, decide
from kb.exchange.known import BATCH, load_known
from kb.exchange.vocabulary import Vocabulary, vocabulary_after
from kb.models import Article


@dataclass(frozen=True, slots=True)
class Plan:
    """One row with what would become of it, and what of the article is here."""

    row: Row
    decision: Decision
    known: Known | None = None

    @property
    def is_settled(self) -> bool:
        """Whether nothing at all is to be written."""
        if self.decision.outcome in (SKIPPED, REJECTED):
            return True
        incoming, known = self.row.incoming, self.known
        if self.decision.outcome != UNCHANGED or incoming is None or known is None:
            return False
        is_seen = (known.text_hash, known.facts) == (incoming.text_hash, incoming.facts)
        return known.source_id is not None and is_seen


class Planner:
    """Plans rows of one system for one person; holds what is the same for all of them."""

    def __init__(self, *, actor: Actor, system: str, vocabulary: Vocabulary) -> None:
        self._system = system
        self._audiences, self._pages = vocabulary_after(actor=actor, vocabulary=vocabulary)
        self._owners = set(User.objects.filter(is_active=True).values_list("username", flat=True))

    def plans(self, rows: Sequence[Row]) -> Iterator[Plan]:
        """Yield the plan of each row, in order."""
        for start in range(0, len(rows), BATCH):
            part = rows[start : start + BATCH]
            coming = [row.incoming for row in part if row.incoming is not None]
            known = load_known(self._system, coming)
            new = [item.slug for item in coming if item.external_id not in known]
            taken = set(Article.objects.filter(slug__in=new).values_list("slug", flat=True))
            for row in part:
                yield self._plan(row, known, taken)

    def _plan(self, row: Row, known: dict[str, Known], taken: set[str]) -> Plan:
        if row.incoming is None:
            return Plan(row, Decision(row.outcome or REJECTED, row.reason))
        incoming = self._with_page_names(row.incoming)
        row = replace(row, incoming=incoming)
        here = known.get(incoming.external_id)
        if here is None and incoming.slug in taken:
            return Plan(row, Decision(REJECTED, f"Another article has the address “{incoming.slug}”."))
        decision = decide(incoming, here)
        if decision.outcome in (CREATED, UPDATED, CONFLICT) and (problem := self._missing(incoming)):
            return Plan(row, Decision(REJECTED, problem))
        if decision.outcome == CREATED and incoming.owner and incoming.owner not in self._owners:
            note = f"There is no user {incoming.owner[:60]}: it belongs to whoever imports it."
            decision = replace(decision, reason=" ".join(filter(None, (decision.reason, note))), owner=None)
        return Plan(row, decision, here)

    def _with_page_names(self, incoming: Incoming) -> Incoming:
        """A page may be named by its pattern; it is known by its name from here on."""
        if not incoming.pages:
            return incoming
        return replace(incoming, pages=frozenset(self._pages.get(page, page) for page in incoming.pages))

    def _missing(self, incoming: Incoming) -> str:
        """Return what the article names and nobody has defined here."""
        for kind, value in sorted(incoming.audience.values if incoming.audience else ()):
            if (kind, value) not in self._audiences:
                return f"There is no audience {kind} = {value[:60]}."
        for name in sorted(incoming.pages or ()):
            if name not in self._pages:
                return f"There is no product page “{name[:100]}”."
        return ""
