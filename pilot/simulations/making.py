"""Scenarios that nobody has to write: of a conversation, an active intent, a hard rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils import timezone

from core.actors import Actor
from core.errors import InvalidInput
from escalation.contracts import Rule
from escalation.selectors import live_rule_set
from escalation.triggers import ANGER, BILLING_DISPUTE, HARD, HUMAN_REQUEST, LEGAL, PATTERN
from intents.models import EvaluationCase, Example
from intents.selectors import intent_profiles
from nlp.redaction import redact
from pilot.models import Scenario, Suite
from pilot.simulations.reading import script_of
from pilot.simulations.script import MAX_STEPS, SUCCEEDS, UNRESTRICTED, Script
from pilot.simulations.suites import Kept, scenario_create, scenarios_keep
from runtime.actions.contracts import FAILED, UNKNOWN
from runtime.models import Conversation, Turn

STATES = {FAILED: "fails", UNKNOWN: "unknown"}
SILENT = ("not_in_pilot",)
# What customers say for each trigger that hears it in the words.
WORDS: Mapping[str, str] = {
    LEGAL: "If this is not settled by Friday you will hear from my lawyer.",
    BILLING_DISPUTE: "You charged my card twice and I want my money back.",
    HUMAN_REQUEST: "I want to speak to a real person, please.",
    ANGER: "This is outrageous! I am furious, you people are useless and nobody does anything!",
}
MAX_STARTERS, MAX_PHRASES = 200, 20_000


def script_of_conversation(conversation: Conversation, *, name: str = "") -> Script:
    """Return a conversation as a scenario: masked words, with its decisions and sure intents expected."""
    turns = list(conversation.turns.order_by("number")[:MAX_STEPS])
    if not turns:
        raise InvalidInput("This conversation has no turn to make a scenario of.", code="no_turns")
    opening = " ".join(redact(turns[0].text).text.split())[:70]
    day = timezone.localtime(conversation.created_at).date().isoformat()
    facets = {"user_type": conversation.user_type, "tier": conversation.tier, "locale": conversation.locale}
    known = conversation.customer_verified
    return script_of(
        {
            "name": " ".join((name or f"{opening} ({day})").split()),
            "channel": conversation.channel,
            "page": turns[0].page,
            "place": UNRESTRICTED,
            "customer": {key: value for key, value in facets.items() if value} if known else {},
            "mocks": _mocks(turns),
            "steps": [_step(turn) for turn in turns],
        }
    )


def scenario_of_conversation(
    *, actor: Actor, conversation: Conversation, suite: Suite, name: str = ""
) -> Scenario:
    """Add a conversation to a suite as a scenario; refuses as scenario_create does."""
    script = script_of_conversation(conversation, name=name)
    return scenario_create(
        actor=actor,
        suite=suite,
        script=script,
        source=Scenario.Source.CONVERSATION,
        source_ref=str(conversation.pk),
    )


def starters_keep(*, actor: Actor, suite: Suite) -> Kept:
    """Add one scenario for each active intent and each hard rule; idempotent while those stay the same."""
    scripts = [*intent_scripts(), *rule_scripts()][:MAX_STARTERS]
    if not scripts:
        raise InvalidInput("There is no active intent and no hard rule yet.", code="nothing_to_start_from")
    return scenarios_keep(actor=actor, suite=suite, scripts=scripts, source=Scenario.Source.STARTER)


def intent_scripts() -> Iterator[Script]:
    """Return a scenario for each active intent, said as a test phrase says it, else as an example does."""
    phrases = dict(
        Example.objects.filter(state=Example.State.ACTIVE)
        .order_by("intent", "-id")
        .values_list("intent__slug", "text")[:MAX_PHRASES]
    )
    cases = EvaluationCase.objects.filter(state=EvaluationCase.State.ACTIVE, intent__isnull=False)
    phrases |= dict(cases.order_by("intent", "-id").values_list("intent__slug", "text")[:MAX_PHRASES])
    for profile in intent_profiles():
        if profile.slug not in phrases:
            continue
        expect: dict[str, Any] = {"intent": profile.slug}
        if profile.resolution == "human_only":
            expect["escalated"] = True
        yield script_of(
            {
                "name": f"Intent: {profile.label}"[:120],
                "tags": ["intent"],
                "steps": [{"say": redact(phrases[profile.slug]).text, "expect": expect}],
            }
        )


def rule_scripts() -> Iterator[Script]:
    """Return a scenario for each hard rule that goes by the words alone."""
    for rule in live_rule_set().rules:
        said = _words_for(rule)
        if said:
            # Another hard rule may hear the same words first: of patterns only the kind is certain.
            heard = {"kind": HARD} if rule.trigger == PATTERN else {"trigger": rule.trigger, "kind": HARD}
            yield script_of(
                {
                    "name": f"Rule: {rule.name}"[:120],
                    "tags": ["rule"],
                    "steps": [{"say": said, "expect": {"escalated": heard}}],
                }
            )


def _words_for(rule: Rule) -> str:
    if rule.kind != HARD or rule.conditions:
        return ""
    if rule.trigger == PATTERN:
        phrases = rule.parameters.get("phrases") or []
        return f"I have a question about {phrases[0]}." if phrases else ""
    return WORDS.get(rule.trigger, "")


def _step(turn: Turn) -> dict[str, Any]:
    if turn.decision in SILENT:
        return {"say": redact(turn.text).text}
    expect: dict[str, Any] = {"decision": [turn.decision]}
    if turn.intent and not turn.is_fallback:
        expect["intent"] = turn.intent
    if turn.decision == Turn.Decision.ESCALATE and turn.rule_trigger:
        expect["escalated"] = {"trigger": turn.rule_trigger}
    if turn.citations:
        expect["cites"] = [str(turn.citations[0]["title"])]
    if turn.actions:
        expect["called"] = [{"action": slug} for slug in dict.fromkeys(one["action"] for one in turn.actions)]
    return {"say": redact(turn.text).text, "expect": expect}


def _mocks(turns: list[Turn]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for turn in turns:
        for one in turn.actions:
            mock = found.setdefault(one["action"], {"outcome": [], "data": {}})
            mock["outcome"].append(STATES.get(one["state"], SUCCEEDS))
            mock["data"] |= {name: redact(str(value)).text for name, value in one["data"].items()}
    return found
