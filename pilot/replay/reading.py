"""Closed tickets through the pipeline with one bundle, read only. Nothing is sent, begun, done or stored.

The same bundle and tickets give the same results. Decides neither which tickets (pilot.replay.running) nor
what the results say together (pilot.replay.summary).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.utils import timezone

from core.errors import Conflict, NotFound, Unavailable
from escalation.backtest.cases import ticket_truth
from escalation.detectors_version import detectors_version
from escalation.selectors import live_rule_set
from intents.classifier import ArtefactRefused
from intents.inference import classifier_held
from intents.models import ModelVersion
from intents.provenance import TrainedOn, trained_on
from intents.selectors import live_release
from kb import index_version
from pilot.models import ReplayResult
from pilot.replay.mapped import intents_by_category
from runtime.contracts import TurnRequest
from runtime.drafting.live import section_answer
from runtime.engines import LIVE
from runtime.pipeline import run
from runtime.placement import SHADOW, Placement
from runtime.turn_state import Context, Engines, Outcome
from tickets.histories import TicketHistory, newest_opening, ticket_histories
from tickets.messages import tickets_by_reference

CHANNEL_LENGTH, ANCHOR_LENGTH = 32, 200
CONFIDENCE_DIGITS = 4
IN_SHADOW = Placement(SHADOW)  # of no pilot: flows are read, their actions are not done


@dataclass(frozen=True, slots=True)
class Bundle:
    """What tickets are replayed with: pinned engines, and the names of their versions."""

    version: ModelVersion
    engines: Engines
    names: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Learned:
    """What a model has learned from, as tickets; ``until`` is when the newest of them was opened.

    Where no example names a ticket that is known, it is when the examples were frozen.
    """

    trained: TrainedOn
    tickets: frozenset[int]
    until: datetime

    def has_seen(self, ticket: TicketHistory) -> bool:
        """Tell whether the ticket is a source of an example, or its opening is one."""
        return ticket.ticket_id in self.tickets or self.trained.knows(ticket.opening)

    def is_older_than(self, ticket: TicketHistory) -> bool:
        """Tell whether the ticket was opened after every ticket that the model has learned from."""
        return ticket.created_at > self.until


def version_chosen(number: int | None) -> ModelVersion:
    """Return the model version of that number, or the live one; raise NotFound or Unavailable."""
    if number is None:
        release = live_release()
        if release is None:
            raise Unavailable("No intent model is live. Train one and release it first.", code="no_release")
        number = release.model_version.number
    version = ModelVersion.objects.filter(number=number).select_related("snapshot").first()
    if version is None:
        raise NotFound(f"There is no version {number} of the intent model.", code="unknown_version")
    if not version.artefact_sha256:
        raise Conflict(f"{version} was never ready: it cannot be asked.", code="version_not_ready")
    return version


def bundle_of(version: ModelVersion, engines: Engines = LIVE) -> Bundle:
    """Return the bundle of a model version with the rules and the index that are live."""
    try:
        said = classifier_held(version)
    except ArtefactRefused as error:
        raise Unavailable(error.message, code="model_refused") from error
    rules, index = engines.rule_set(), index_version.current()
    names = {
        "model_version": version.number,
        "model_sha256": version.artefact_sha256[:12],
        "rule_set": rules.version,
        "index": f"{index.epoch}.{index.number}",
        "detectors": detectors_version(),
    }
    pinned = replace(
        engines,
        classify=said,
        rule_set=lambda: rules,
        draft=section_answer,  # a language model says it in other words each time
        wait_seconds=lambda team: None,  # how long people wait now has no part in a replay
    )
    return Bundle(version, pinned, names)


def names_now(version: ModelVersion) -> dict[str, Any]:
    """Return the names of a bundle's versions without loading any: to see whether one has moved."""
    index = index_version.current()
    return {
        "model_version": version.number,
        "model_sha256": version.artefact_sha256[:12],
        "rule_set": live_rule_set().version,
        "index": f"{index.epoch}.{index.number}",
        "detectors": detectors_version(),
    }


def learned_by(version: ModelVersion) -> Learned:
    """Return what the version has learned from."""
    trained = trained_on(version)
    tickets = frozenset(tickets_by_reference(trained.references).values())
    return Learned(trained, tickets, newest_opening(tickets) or trained.frozen_at)


def tickets_replayed(ticket_ids: Iterable[int], bundle: Bundle, learned: Learned) -> Iterator[ReplayResult]:
    """Yield one unsaved result a ticket, in order; wordless tickets and those that are gone are left out."""
    expected = intents_by_category()
    for ticket in ticket_histories(list(ticket_ids)):
        if not ticket.opening:
            continue
        request = TurnRequest(text=ticket.opening, channel=ticket.channel[:CHANNEL_LENGTH])
        context = Context(now=timezone.localtime(ticket.created_at), placement=IN_SHADOW)
        result = _result(run(request, context, bundle.engines))
        result.ticket_id = ticket.ticket_id
        result.expected = list(expected.get(ticket.category_id or 0, ()))
        result.needed = ticket_truth(ticket.escalation).needed
        result.seen = learned.has_seen(ticket)
        result.newer = learned.is_older_than(ticket)
        yield result


def _result(outcome: Outcome) -> ReplayResult:
    facts, decision = outcome.facts, outcome.decision
    known = bool(facts.intent)
    rule = decision.escalation
    cited = outcome.citations[0] if outcome.citations else {}
    progress = outcome.flow.progress if outcome.flow else None
    return ReplayResult(
        decision=decision.action,
        reason=decision.reason,
        intent=facts.intent,
        confidence=round(facts.confidence, CONFIDENCE_DIGITS) if known else None,
        is_fallback=facts.is_fallback if known else None,
        rule_trigger=rule.trigger if rule else "",
        rule_id=rule.rule_id if rule else None,
        article_id=cited.get("article_id"),
        anchor=str(cited.get("anchor") or "")[:ANCHOR_LENGTH],
        actions=[taken.as_json().get("action", "") for taken in progress.actions] if progress else [],
        failed_step=facts.failed_step[:30],
    )
