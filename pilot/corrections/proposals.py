"""From what is known of one draft to what a person is offered to change. Pure.

Every message that was not understood and every incorrect resolution gives exactly one proposal of its own
source, of the highest priority; reviews add what else they say, each kind once. Decides neither whether
anything is changed (a person, pilot.corrections.accepting) nor how (pilot.corrections.making).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from escalation.triggers import NO_ANSWER
from pilot import workflow as w
from pilot.corrections.wording import swap_of
from pilot.drafts.sampling import is_understood

ANSWERED = frozenset(("answer", "act", "out_of_scope"))  # decisions by which the agent settles something
CLARIFY = "clarify"
ABOUT_CONTENT = frozenset((w.WRONG_FACT, w.OUTDATED, w.INCOMPLETE))
MAX_TITLE = 200
MAX_QUOTED = 70
MIN_PHRASE, MAX_PHRASE = 3, 80  # characters, as a rule's phrases have
SAID = {
    w.WRONG_FACT: "a fact is wrong",
    w.OUTDATED: "it is outdated",
    w.INCOMPLETE: "it is incomplete",
    w.WRONG_TONE: "the tone is wrong",
    w.WRONG_SEGMENT: "it is wrong for this kind of account",
    w.UNSAFE: "it must never be sent",
    w.CORRECT: "it was put in other words",
}


@dataclass(frozen=True, slots=True)
class Opinion:
    """One standing review."""

    review_id: int
    outcome: str
    verdict: str
    tier: str = ""
    final_text: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class FlowPlace:
    """The flow that the draft comes from, and the text of it that was said, where that is known."""

    flow_id: int
    title: str
    step: str = ""
    field: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one draft. ``text`` is masked; ``complaints`` say what came back from the customer.

    ``answered`` is what a person really sent, masked, where that is known.
    """

    text: str
    reply: str
    decision: str
    reason: str
    intent: str = ""
    is_fallback: bool = False
    alternatives: tuple[str, ...] = ()
    article_id: int | None = None
    article_title: str = ""
    flow: FlowPlace | None = None
    matched_text: str = ""
    complaints: tuple[str, ...] = ()
    opinions: tuple[Opinion, ...] = ()
    answered: str = ""

    @property
    def knows_intent(self) -> bool:
        """Whether the agent was certain of an intent."""
        return bool(self.intent) and not self.is_fallback

    @property
    def lacks_article(self) -> bool:
        """Whether the intent was certain and only an answer was missing: a phrasing would not help."""
        return self.reason == NO_ANSWER and self.knows_intent

    @property
    def asks_back(self) -> bool:
        """Whether the agent asked what was meant."""
        return self.decision == CLARIFY and not self.lacks_article


@dataclass(frozen=True, slots=True)
class Proposal:
    """One change that a person is offered; ``payload`` has the fields of its kind (see ``payload_of``)."""

    source: str
    kind: str
    priority: int
    title: str
    payload: dict[str, Any] = field(default_factory=dict)
    review_id: int | None = None


def proposals_of(facts: Facts) -> list[Proposal]:
    """Return what the draft proposes, at most one of each kind and source."""
    wrong = next((one for one in facts.opinions if one.verdict != w.CORRECT), None)
    found: list[Proposal] = []
    if not is_understood(facts.reason):
        found.append(_not_understood(facts))
    if facts.complaints or (wrong is not None and facts.decision in ANSWERED):
        found.append(_incorrect(facts, wrong))
    is_disputed = wrong is not None or bool(facts.complaints)
    for opinion in facts.opinions:
        for kind in kinds_of(facts, opinion):
            if kind in {one.kind for one in found} or (kind == w.POSITIVE and is_disputed):
                continue
            found.append(_made(facts, w.FROM_REVIEW, kind, _priority(kind, opinion), opinion))
    return found


def kinds_of(facts: Facts, opinion: Opinion) -> tuple[str, ...]:
    """Return what a review says should change, the most important first."""
    kinds: list[str] = []
    if opinion.outcome == w.APPROVED:
        if facts.knows_intent and is_understood(facts.reason):
            kinds.append(w.POSITIVE)
    elif opinion.verdict == w.UNSAFE:
        kinds.append(w.RULE)
    elif opinion.verdict == w.WRONG_TONE:
        kinds.append(w.VOICE)
    elif opinion.verdict == w.WRONG_SEGMENT:
        kinds.append(w.ARTICLE)
    elif facts.flow is not None:
        kinds.append(w.FLOW)
    elif facts.asks_back or (opinion.verdict == w.CORRECT and opinion.outcome == w.REJECTED):
        kinds.append(w.PHRASING)
    elif opinion.verdict in ABOUT_CONTENT or facts.lacks_article:
        kinds.append(w.ARTICLE)
    else:  # right, but put in other words
        kinds.append(w.VOICE if swap_of(facts.reply, opinion.final_text) else w.ARTICLE)
    if facts.flow is not None and (opinion.outcome == w.EDITED or opinion.note):
        kinds.append(w.FLOW)
    if (facts.asks_back and opinion.outcome != w.APPROVED) or named_intent(facts, opinion):
        kinds.append(w.PHRASING)
    return tuple(dict.fromkeys(kinds))


def named_intent(facts: Facts, opinion: Opinion | None) -> str:
    """Return the other intent that a reviewer's note names, as a slug or in words; "" where it names none."""
    note = opinion.note.lower() if opinion else ""
    named = (slug for slug in facts.alternatives if slug != facts.intent)
    return next((slug for slug in named if slug in note or slug.replace("_", " ") in note), "")


def payload_of(kind: str, facts: Facts, opinion: Opinion | None = None) -> dict[str, Any]:
    """Return the fields of a kind as they are proposed.

    phrasing, positive: text, intent, choices (slugs). article: article_id, title, text, tier. rule: name,
    outcome (hard or soft), phrases, intent. flow: flow_id, step, field, text. voice: unwanted, instead,
    reason.
    """
    text = opinion.final_text if opinion else ""
    if kind in (w.PHRASING, w.POSITIVE):
        return {"text": facts.text, "intent": _intent(kind, facts, opinion), "choices": _choices(facts)}
    if kind == w.ARTICLE:
        tier = opinion.tier if opinion else ""
        title = facts.article_title or _quoted(facts.text)
        return {
            "article_id": facts.article_id,
            "title": f"{title[:120]} ({tier})" if tier else title,
            "text": text or ("" if facts.article_id else facts.answered),
            "tier": tier,
        }
    if kind == w.RULE:
        phrase = " ".join(facts.matched_text.split())
        phrases = [phrase] if MIN_PHRASE <= len(phrase) <= MAX_PHRASE else []
        return {
            "name": f"From the pilot: {_quoted(facts.text)}"[:100],
            "outcome": "hard" if phrases else "soft",
            "phrases": phrases,
            "intent": facts.intent if facts.knows_intent else "",
        }
    if kind == w.FLOW:
        place = facts.flow
        return {
            "flow_id": place.flow_id if place else None,
            "step": place.step if place else "",
            "field": place.field if place else "",
            "text": text,
        }
    swap = swap_of(facts.reply, text) if text else None
    return {
        "unwanted": swap.unwanted if swap else "",
        "instead": swap.instead if swap else "",
        "reason": (opinion.note if opinion else "")[:200],
    }


def title_of(kind: str, facts: Facts, opinion: Opinion | None = None) -> str:
    """Return the line by which a proposal is known in lists."""
    quoted = f"“{_quoted(facts.text)}”"
    why = "; ".join(facts.complaints) or (SAID[opinion.verdict] if opinion else "")
    because = f": {why}" if why else ""
    if kind == w.POSITIVE:
        return f"{quoted} was answered well; a phrasing of {facts.intent}"[:MAX_TITLE]
    if kind == w.PHRASING:
        intent = _intent(kind, facts, opinion)
        return f"{quoted} is a phrasing of {intent or 'which intent?'}{because}"[:MAX_TITLE]
    if kind == w.ARTICLE:
        what = f"Change “{facts.article_title[:60]}”" if facts.article_title else "A new article"
        if opinion and opinion.tier:
            what = f"An article for {opinion.tier} beside “{facts.article_title[:60]}”"
        return f"{what} for {quoted}{because}"[:MAX_TITLE]
    if kind == w.RULE:
        return f"A rule for {quoted}{because}"[:MAX_TITLE]
    if kind == w.FLOW:
        name = facts.flow.title[:60] if facts.flow else ""
        return f"Mend the flow “{name}” for {quoted}{because}"[:MAX_TITLE]
    fields = payload_of(kind, facts, opinion)
    if fields["unwanted"]:
        return f"Say “{fields['instead'] or 'nothing'}” instead of “{fields['unwanted']}”"[:MAX_TITLE]
    return f"A voice rule from the answer to {quoted}{because}"[:MAX_TITLE]


def _not_understood(facts: Facts) -> Proposal:
    """Return the one proposal of a message that was not understood, with the reviewer's text if any."""
    kind = w.ARTICLE if facts.lacks_article else w.PHRASING
    opinion = next((one for one in facts.opinions if one.final_text), None)
    return _made(facts, w.NOT_UNDERSTOOD, kind, w.HIGHEST_PRIORITY, opinion)


def _incorrect(facts: Facts, wrong: Opinion | None) -> Proposal:
    """Return the one proposal of an incorrect resolution: what the reviewer says, else the likeliest."""
    if wrong is not None:
        kind = kinds_of(facts, wrong)[0]
    elif facts.flow is not None:
        kind = w.FLOW
    elif facts.asks_back or not facts.knows_intent:
        kind = w.PHRASING
    else:
        kind = w.ARTICLE
    return _made(facts, w.INCORRECT, kind, w.HIGHEST_PRIORITY, wrong)


def _made(facts: Facts, source: str, kind: str, priority: int, opinion: Opinion | None) -> Proposal:
    return Proposal(
        source=source,
        kind=kind,
        priority=priority,
        title=title_of(kind, facts, opinion),
        payload=payload_of(kind, facts, opinion),
        review_id=opinion.review_id if opinion else None,
    )


def _priority(kind: str, opinion: Opinion) -> int:
    if kind == w.POSITIVE:
        return w.LOWEST_PRIORITY
    return w.HIGHEST_PRIORITY if opinion.verdict == w.UNSAFE else w.USUAL_PRIORITY


def _intent(kind: str, facts: Facts, opinion: Opinion | None) -> str:
    """Return the intent that is proposed, "" where a person has to say.

    A good answer confirms the agent's intent, and a reviewer may name another one. The agent's own guess at
    what it did not understand is no evidence: it stands first among the choices, so that nobody accepts it
    unread and the agent is not taught its own mistakes.
    """
    return facts.intent if kind == w.POSITIVE else named_intent(facts, opinion)


def _choices(facts: Facts) -> list[str]:
    named: Sequence[str] = (facts.intent, *facts.alternatives)
    return list(dict.fromkeys(name for name in named if name))[:6]


def _quoted(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= MAX_QUOTED else f"{line[: MAX_QUOTED - 1].rstrip()}…"
