"""Try a rule that is being written on a message that somebody makes up. Stores nothing.

The engine itself decides: on the rule alone, and on the live set with the rule in its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone

from escalation.conditions import conditions_explain
from escalation.contracts import Amount, Decision, Rule, RuleSet, TurnFacts
from escalation.engine import decide
from escalation.rule_fields import MOMENT_FORMAT
from escalation.selectors import live_rule_set, sentence_names
from escalation.sensing import Sensed, sense
from escalation.sentences import MINOR_DIGITS, condition_clause, rule_sentence
from escalation.triggers import HARD
from intents.selectors import intent_profile

SURE, UNSURE = 1.0, 0.0
MAX_TEXT = 4_000
NOTHING = Sensed((), ())


class TryForm(forms.Form):
    """A made-up turn: what is written, by whom, where and when. Everything may stay unknown."""

    prefix = "try"
    text = forms.CharField(required=False, max_length=MAX_TEXT)
    intent = forms.CharField(required=False, max_length=100)
    tier = forms.CharField(required=False, max_length=64)
    user_type = forms.CharField(required=False, max_length=64)
    channel = forms.CharField(required=False, max_length=32)
    page = forms.CharField(required=False, max_length=2_000)
    amount = forms.DecimalField(required=False, min_value=0, max_digits=15, decimal_places=3)
    currency = forms.RegexField(r"^[A-Za-z]{3}$", required=False)
    failed_attempts = forms.IntegerField(required=False, min_value=0, max_value=100)
    at = forms.DateTimeField(required=False, input_formats=[MOMENT_FORMAT, f"{MOMENT_FORMAT}:%S"])
    answered = forms.BooleanField(required=False)

    def facts(self) -> TurnFacts:
        """Return the turn, its words read as in a real one.

        An intent that is not chosen is one that the classifier is not sure of.
        """
        given = self.cleaned_data
        profile = intent_profile(given["intent"]) if given["intent"] else None
        at: datetime = given["at"] or timezone.now()
        sensed = sense(given["text"]) if given["text"] else NOTHING
        return TurnFacts(
            text=given["text"],
            intent=profile.slug if profile else "",
            intent_resolution=profile.resolution if profile else "",
            intent_category=profile.category_id if profile else None,
            confidence=SURE if profile else UNSURE,
            threshold=0.5,
            margin=1.0,
            is_fallback=profile is None,
            answer_score=1.0 if given["answered"] else 0.0,
            channel=given["channel"],
            user_type=given["user_type"],
            tier=given["tier"],
            page=given["page"],
            at=timezone.localtime(at).isoformat(),
            signs=sensed.signs,
            amounts=self._amounts(given) or sensed.amounts,
            failed_attempts=given["failed_attempts"] or 0,
            failed_text=given["text"],
        )

    def _amounts(self, given: Mapping[str, Any]) -> tuple[Amount, ...]:
        amount, currency = given["amount"], (given["currency"] or "").upper()
        if amount is None:
            return ()
        minor = int(amount.scaleb(MINOR_DIGITS.get(currency, 2)))
        return (Amount(minor, currency, f"{amount} {currency}".strip()),)


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of it: of the rule alone, of each of its conditions, and of the whole set."""

    fires: bool
    matched: str
    conditions: tuple[tuple[str, str], ...]  # words, and "holds", "does not hold" or what unknown means
    decision: Decision
    decided_by: str  # the sentence of the rule that decides in the whole set
    is_this_rule: bool


def rule_try(rule: Rule, facts: TurnFacts, rule_set: RuleSet | None = None) -> Tried:
    """Return what ``rule`` does in this turn, alone and in its place in the live set (or ``rule_set``)."""
    alone = decide(facts, RuleSet(0, (rule,))).escalation
    fires = alone is not None and alone.rule_id == rule.id
    together = with_rule(rule_set or live_rule_set(), rule)
    decision = decide(facts, together)
    cited = decision.escalation.rule_id if decision.escalation else None
    names = sentence_names()
    said = next((rule_sentence(one, names) for one in together.rules if one.id == cited), "")
    return Tried(
        fires=fires,
        matched=alone.matched_text if alone and fires else "",
        conditions=tuple(
            (condition_clause(name, rule.conditions[name], names), _holds(rule.kind, holds))
            for name, holds in conditions_explain(rule.conditions, facts)
        ),
        decision=decision,
        decided_by=said,
        is_this_rule=cited == rule.id,
    )


def with_rule(rule_set: RuleSet, rule: Rule) -> RuleSet:
    """Return the set with ``rule`` in the place of its live version, or as the last of all."""
    there = any(one.id == rule.id for one in rule_set.rules)
    rules = tuple(rule if one.id == rule.id else one for one in rule_set.rules)
    return replace(rule_set, rules=rules if there else (*rules, rule))


def _holds(kind: str, holds: bool | None) -> str:
    if holds is None:
        return (
            "unknown: a hard rule fires all the same"
            if kind == HARD
            else "unknown: a soft rule does not fire"
        )
    return "holds" if holds else "does not hold"
