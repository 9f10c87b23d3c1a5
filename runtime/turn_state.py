"""What a turn is taken with (engines, context) and what it has found out so far (outcome). No logic."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Protocol
from uuid import UUID

from escalation.attempts import EarlierTurn
from escalation.contracts import Decision, Escalation, RuleSet, Situation, TurnFacts
from escalation.sensing import Sensed
from escalation.teams.contracts import NO_TEAM, AssignedTeam
from escalation.teams.routing import HandoffCase
from escalation.triggers import HARD, STEP_FAILURE
from intents.contracts import Classification, IntentProfile, Segment
from kb.contracts import Audience, SearchResult
from runtime.actions.contracts import ActionRunner
from runtime.clarification import Pending
from runtime.contracts import Step
from runtime.drafting.contracts import DraftAnswer
from runtime.drafting.voice import extractive_draft
from runtime.flows.contracts import ActiveFlow, FlowTurn, RunningFlow
from runtime.flows.interpreter import Position
from runtime.placement import LIVE, UNRESTRICTED, Placement

BEGINNING = datetime(1, 1, 1, tzinfo=UTC)
NO_RULES = RuleSet(0, ())
# Where nothing can be decided any more.
FAILED = Decision("escalate", STEP_FAILURE, Escalation(HARD, STEP_FAILURE, None, None))


class Overtaken(Exception):
    """Another turn of the conversation was written first: compute anew on what it left."""


class Search(Protocol):
    """kb.retrieval.search."""

    def __call__(
        self, query: str, *, audience: Audience, page: str, limit: int, hint: str
    ) -> SearchResult: ...


class HandoffMessage(Protocol):
    """escalation.language.handoff_message."""

    def __call__(self, reason: str, *, situation: Situation, locale: str, tier: str) -> str: ...


class AssignTeam(Protocol):
    """escalation.teams.selectors.team_assigned."""

    def __call__(self, case: HandoffCase, *, at: datetime) -> AssignedTeam: ...


@dataclass(frozen=True, slots=True)
class Engines:
    """Everything that a turn asks of others."""

    rule_set: Callable[[], RuleSet]
    sense: Callable[[str], Sensed]
    classify: Callable[[str], Classification]
    intent_profile: Callable[[str], IntentProfile | None]
    search: Search
    decide: Callable[[TurnFacts, RuleSet], Decision]
    assign_team: AssignTeam
    wait_seconds: Callable[[AssignedTeam], int | None]
    handoff_message: HandoffMessage
    article_url: Callable[[str], str]  # by slug; "" where there is no such article
    active_flow: Callable[[str], ActiveFlow | None]  # by intent
    run_action: ActionRunner
    draft: DraftAnswer = extractive_draft


@dataclass(frozen=True, slots=True)
class Context:
    """What the conversation brings into the turn.

    ``earlier`` turns tell how often an issue was tried in vain. ``new_run_key`` names a run that begins now.
    ``before_act`` keeps where a run stands before each of its actions, and raises Overtaken where somebody
    else has taken it on. With ``dry_run`` nothing is done. ``placement`` says where the conversation
    stands in the running pilots; None where ``place`` tells by the category that the message turns out to be
    of.
    """

    clarifications_used: int = 0
    earlier_human_requests: int = 0
    pending: Pending | None = None
    run: RunningFlow | None = None
    new_run_key: Callable[[], str] = lambda: "preview"
    before_act: Callable[[FlowTurn, Position], None] = lambda flow, position: None
    conversation_id: Callable[[], UUID | None] = lambda: None  # known at the latest before an action
    dry_run: bool = True
    placement: Placement | None = UNRESTRICTED
    place: Callable[[int | None], Placement] = lambda category_id: UNRESTRICTED
    now: datetime = BEGINNING  # where the workspace is
    locale: str = ""  # as the conversation knows it
    email_is_wanted: Callable[[], bool] = lambda: True  # not yet asked for, and not known
    earlier: tuple[EarlierTurn, ...] = ()  # oldest first, since a person last settled something

    @property
    def today(self) -> date:
        """The date of the turn."""
        return self.now.date()


@dataclass(slots=True)
class Outcome:
    """All that the pipeline found out; filled step by step."""

    facts: TurnFacts
    query: str
    placement: Placement = UNRESTRICTED
    steps: list[Step] = field(default_factory=list)
    rule_set: RuleSet = NO_RULES
    classification: Classification | None = None
    chosen_intent: str = ""
    profile: IntentProfile | None = None
    search: SearchResult | None = None
    decision: Decision = FAILED
    options: tuple[dict[str, str], ...] = ()
    citations: tuple[dict[str, Any], ...] = ()
    reply: str = ""
    team: AssignedTeam = NO_TEAM  # who takes over, where it ends in a handoff
    locale: str = ""
    wait_seconds: int | None = None
    asks_for_email: bool = False
    contact_email: str = ""
    asked_for_human: bool = False
    offered: ActiveFlow | None = None  # the active flow of the intent
    flow: FlowTurn | None = None  # the one that runs, or that this message has left
    left: FlowTurn | None = None
    wish: Segment | None = None  # the part of the message that this outcome is about, where there are two
    waiting_wish: Segment | None = None  # the second part, until it has an outcome of its own
    is_second: bool = False
    also: Outcome | None = None  # what the other part got

    @property
    def also_json(self) -> dict[str, str] | None:
        """The other of two wishes, in brief."""
        other = self.also
        if other is None or other.wish is None:
            return None
        return {
            "text": other.wish.text,
            "intent": other.facts.intent,
            "label": other.profile.label if other.profile else "",
            "decision": other.decision.action,
        }

    def acts(self, context: Context) -> bool:
        """Whether actions in other systems are done and not only shown."""
        return not context.dry_run and self.placement.mode == LIVE

    @property
    def failed_step(self) -> Step | None:
        """The first step that failed, if any did."""
        return next((step for step in self.steps if step.error), None)

    @property
    def total_ms(self) -> float:
        """Milliseconds of all steps together."""
        return round(sum(step.ms for step in self.steps), 3)
