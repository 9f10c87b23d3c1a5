"""Who should resolve a category: a suggestion with its reasons, from the category's own figures. Pure.

A person decides; nothing here stores anything. Shares speak by their 95 % interval, so that few tickets do
not make a strong claim. The limits are defaults of ours, not of the guide, and stand in one place.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.proportions import Share
from tickets.contracts import CategoryFigures

AI_RESOLVABLE = "ai_resolvable"
AI_ASSISTED = "ai_assisted"
HUMAN_ONLY = "human_only"
LABELS = (AI_RESOLVABLE, AI_ASSISTED, HUMAN_ONLY)

FEWEST_TICKETS = 10  # below, a suggestion says that it rests on little
ALWAYS_ESCALATED_FROM = 10  # tickets, all of them escalated: the badge
HUMAN_ESCALATED = 0.5  # at least so much escalated: human-only
HUMAN_FLAGGED = 0.4  # at least so much in need of judgement or of an exception: human-only
FLAG_SHARE = 0.2  # a flag is suggested for the category from here
ASSISTED_ESCALATED = 0.15  # above, not for the AI alone
ASSISTED_REOPENED = 0.15
ASSISTED_TOUCHES = 3.0  # replies of agents per ticket
INFORMED = 0.5  # at least so much solved by explaining: the AI can say it too


NOTHING_KNOWN = "The tickets do not say how they were resolved or escalated: look at some yourself."


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A label, the three flags, and the sentences that say why; ``is_thin``: it rests on few tickets."""

    label: str
    reasons: tuple[str, ...]
    needs_judgement: bool
    policy_exception: bool
    multi_system: bool
    is_thin: bool


def is_always_escalated(figures: CategoryFigures) -> bool:
    """Whether every one of enough tickets was escalated."""
    known = figures.escalated
    return known.whole >= ALWAYS_ESCALATED_FROM and known.part == known.whole


def suggest(figures: CategoryFigures) -> Suggestion:
    """Return who should resolve the category, and why."""
    human, assisted, able = _reasons(figures)
    if human:
        label, reasons = HUMAN_ONLY, human
    elif assisted or not able:
        label, reasons = AI_ASSISTED, assisted or [NOTHING_KNOWN]
    else:
        label, reasons = AI_RESOLVABLE, able
    is_thin = figures.tickets < FEWEST_TICKETS
    if is_thin:
        reasons = [*reasons, f"Only {figures.tickets} tickets: look at them yourself."]
    return Suggestion(
        label=label,
        reasons=tuple(reasons),
        needs_judgement=_is_flagged(figures.judgement),
        policy_exception=_is_flagged(figures.policy_exception),
        multi_system=_is_flagged(figures.multi_system),
        is_thin=is_thin,
    )


def _reasons(figures: CategoryFigures) -> tuple[list[str], list[str], list[str]]:
    """Return what speaks for human-only, for AI-assisted, and for AI-resolvable."""
    human, assisted, able = [], [], []
    escalated, touches = figures.escalated, figures.touches_per_ticket
    if is_always_escalated(figures):
        human.append(f"Every one of {escalated.whole} tickets was escalated.")
    elif _ratio(escalated) >= HUMAN_ESCALATED:
        human.append(f"Escalated: {escalated.with_interval()}.")
    elif _ratio(escalated) > ASSISTED_ESCALATED:
        assisted.append(f"Escalated: {escalated.with_interval()}.")
    elif escalated.whole:
        able.append(f"Escalated: {escalated.with_interval()}.")
    else:
        able.append("Whether such tickets were escalated is not known.")
    for share, words in (
        (figures.judgement, "needed a person's judgement"),
        (figures.policy_exception, "needed an exception from policy"),
    ):
        if _ratio(share) >= HUMAN_FLAGGED:
            human.append(f"{share} {words}.")
        elif _is_flagged(share):
            assisted.append(f"{share} {words}.")
    if _is_flagged(figures.multi_system):
        assisted.append(f"{figures.multi_system} took looks into several systems.")
    if _ratio(figures.reopened) > ASSISTED_REOPENED:
        assisted.append(f"Reopened: {figures.reopened.with_interval()}.")
    if touches is not None and touches > ASSISTED_TOUCHES:
        assisted.append(f"{touches:.1f} replies of agents per ticket.")
    informed, acted = figures.path_share("information"), figures.path_share("action")
    if _ratio(informed) >= INFORMED:
        able.append(f"Solved by explaining: {informed}.")
    elif informed.whole and acted.part + informed.part:
        assisted.append(f"Solved by explaining only in {informed}; somebody acts in {acted}.")
    return human, assisted, able


def _is_flagged(share: Share) -> bool:
    return _ratio(share) >= FLAG_SHARE


def _ratio(share: Share) -> float:
    return share.ratio or 0.0
