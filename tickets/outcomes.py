"""How a ticket ended, by rules over its cleaned conversation and the help desk's own fields. Pure.

Resolution path, escalation outcome, and the three flags (judgement, policy exception, several systems), each
with the words that decided. What no rule can tell stays "unclassified": a person is not misled by a guess.
Decides nothing about categories.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tickets import outcome_phrases as phrases

RULES_VERSION = 1  # raise it whenever the same ticket would come out otherwise

INFORMATION = "information"
ACTION = "action"
ENGINEERING = "engineering"
SPECIALIST = "specialist"
SELF_SOLVED = "self_solved"
NO_REPLY = "no_reply"
UNCLASSIFIED = "unclassified"

NOT_ESCALATED = "not_escalated"
REASSIGNED = "reassigned"
ESCALATED = "escalated"

MAX_CHARACTERS = 20_000  # of the agents' words; what comes after does not change the outcome
SYSTEMS_FOR_FLAG = 2
FEWEST_ANSWER_WORDS = 8  # a public answer of fewer explains nothing


@dataclass(frozen=True, slots=True)
class Said:
    """One message: who wrote it (customer, agent, system), whether the customer saw it, and what it says."""

    author: str
    text: str
    is_public: bool = True


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules look at. None: the source does not say."""

    conversation: Sequence[Said] = ()
    group: str = ""
    tags: Sequence[str] = ()
    escalated: bool | None = None
    reassignments: int | None = None
    agent_replies: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the rules found; ``evidence`` maps path, escalation and flags to the words that decided."""

    path: str = UNCLASSIFIED
    escalation: str = UNCLASSIFIED
    needs_judgement: bool = False
    policy_exception: bool = False
    multi_system: bool = False
    evidence: dict[str, str] = field(default_factory=dict)


def outcome_of(facts: Facts) -> Outcome:
    """Return how the ticket ended."""
    agents = "\n".join(said.text for said in facts.conversation if said.author == "agent")[:MAX_CHARACTERS]
    evidence: dict[str, str] = {}
    path = _path(facts, agents, evidence)
    escalation = _escalation(facts, agents, evidence)
    return Outcome(
        path=path,
        escalation=escalation,
        needs_judgement=_found(phrases.JUDGEMENT, agents, "needs_judgement", evidence),
        policy_exception=_found(phrases.POLICY_EXCEPTION, agents, "policy_exception", evidence),
        multi_system=_systems(agents, evidence),
        evidence=evidence,
    )


def _path(facts: Facts, agents: str, evidence: dict[str, str]) -> str:
    """Return the path: what agents say they did, else what the customer says, else that somebody answered."""
    for path, pattern in ((ENGINEERING, phrases.ENGINEERING), (ACTION, phrases.ACTION)):
        if _found(pattern, agents, "path", evidence):
            return path
    answers = [said.text for said in facts.conversation if said.author == "agent" and said.is_public]
    last_words = next((s.text for s in reversed(facts.conversation) if s.author == "customer"), "")
    if _found(phrases.SELF_SOLVED, last_words[:MAX_CHARACTERS], "path", evidence):
        return SELF_SOLVED
    if _found(phrases.SPECIALIST, agents, "path", evidence):
        return SPECIALIST
    if _found(phrases.ENGINEERING_TEAM, facts.group, "path", evidence):
        return ENGINEERING
    if _found(phrases.INFORMATION, "\n".join(answers)[:MAX_CHARACTERS], "path", evidence):
        return INFORMATION
    if facts.conversation and not answers and not facts.agent_replies:
        evidence["path"] = "no agent has answered"
        return NO_REPLY
    if answers and len(answers[-1].split()) >= FEWEST_ANSWER_WORDS and not answers[-1].rstrip().endswith("?"):
        evidence["path"] = "an agent has answered"
        return INFORMATION
    return UNCLASSIFIED


def _escalation(facts: Facts, agents: str, evidence: dict[str, str]) -> str:
    if facts.escalated:
        evidence["escalation"] = "the help desk says so"
        return ESCALATED
    if _found(phrases.ESCALATED, agents, "escalation", evidence):
        return ESCALATED
    if _matching(facts.tags, phrases.ESCALATED_TAG, evidence):
        return ESCALATED
    if facts.reassignments:
        evidence["escalation"] = f"went through {facts.reassignments} more hands"
        return REASSIGNED
    if facts.escalated is False or facts.reassignments == 0:
        evidence["escalation"] = "the help desk says so"
        return NOT_ESCALATED
    return UNCLASSIFIED


def _matching(tags: Iterable[str], pattern: re.Pattern[str], evidence: dict[str, str]) -> bool:
    return any(_found(pattern, tag, "escalation", evidence) for tag in tags)


def _systems(agents: str, evidence: dict[str, str]) -> bool:
    """Whether agents name two systems that they looked into."""
    named = dict.fromkeys(match.group().lower() for match in phrases.SYSTEM.finditer(agents))
    if len(named) < SYSTEMS_FOR_FLAG:
        return False
    evidence["multi_system"] = ", ".join(list(named)[:4])
    return True


def _found(pattern: re.Pattern[str], text: str, name: str, evidence: dict[str, str]) -> bool:
    match = pattern.search(text)
    if match is None:
        return False
    evidence[name] = " ".join(match.group().split())[:120]
    return True
