"""A rule as a sentence, from its data alone: the same words on the list, the form, in history and handoffs.

Pure: labels of intents, plans and categories are given (``Names``); what has none is called by its key.
Decides nothing about when a rule fires.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from escalation import conditions as c
from escalation.contracts import Rule
from escalation.time_windows import window_text
from escalation.triggers import (
    ANGER,
    BILLING_DISPUTE,
    ESCALATE_UNKNOWN,
    FLAGGED_CATEGORY,
    FLOW_ESCALATION,
    HARD,
    HUMAN_ONLY_INTENT,
    HUMAN_REQUEST,
    LEGAL,
    LOW_CONFIDENCE,
    NO_ANSWER,
    PATTERN,
    REPEATED_FAILURE,
    STEP_FAILURE,
    TOOL_FAILURE,
    TRIGGERS,
)

SHOWN = 4  # values of a list that are written out
# Digits after the point by currency, where it is not two (ISO 4217).
MINOR_DIGITS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX"), 0),
    **dict.fromkeys(("VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}


@dataclass(frozen=True, slots=True)
class Names:
    """What things are called, by their keys."""

    intents: Mapping[str, str] = field(default_factory=dict)
    user_types: Mapping[str, str] = field(default_factory=dict)
    tiers: Mapping[str, str] = field(default_factory=dict)
    categories: Mapping[int, str] = field(default_factory=dict)


NO_NAMES = Names()


def rule_sentence(rule: Rule, names: Names = NO_NAMES) -> str:
    """Return the rule in one sentence: when, for whom and where, then what, and for how long."""
    clauses = [trigger_clause(rule.trigger, rule.parameters, names)]
    clauses += [
        condition_clause(name, rule.conditions[name], names) for name in CLAUSES if name in rule.conditions
    ]
    return f"When {' and '.join(clauses)}, then {_outcome(rule)}{_validity(rule.conditions)}."


def trigger_clause(trigger: str, parameters: Mapping[str, Any], names: Names = NO_NAMES) -> str:
    """Return what sets the rule off, such as “the customer asks for a person”."""
    settings = {**TRIGGERS[trigger].defaults, **parameters}
    say = TRIGGER_CLAUSES.get(trigger)
    return say(settings, names) if say else _any_trigger(trigger, settings)


def condition_clause(name: str, wanted: Any, names: Names = NO_NAMES) -> str:
    """Return one condition in words, such as “the plan is Pro or Enterprise”."""
    return CLAUSES[name](wanted, names) if name in CLAUSES else _validity({name: wanted}).strip(", ")


def money(minor: int, currency: str) -> str:
    """Return a sum as people write it, such as “1,234.50 USD”."""
    digits = MINOR_DIGITS.get(currency, 2)
    return f"{Decimal(minor).scaleb(-digits):,.{digits}f} {currency}"


def _outcome(rule: Rule) -> str:
    if rule.kind == HARD:
        return "escalate at once, before anything else"
    return "ask one question first, then escalate" if rule.clarify_first else "escalate"


def _validity(conditions: Mapping[str, Any]) -> str:
    since, until = (_moment(conditions.get(name, "")) for name in (c.VALID_FROM, c.VALID_UNTIL))
    if since and until:
        return f", valid from {since} until {until}"
    return f", valid from {since}" if since else f", valid until {until}" if until else ""


def _moment(written: str) -> str:
    if not written:
        return ""
    moment = datetime.fromisoformat(written)
    zone = moment.strftime("%z")
    offset = "UTC" if zone in ("+0000", "") else f"UTC{zone[:3]}:{zone[3:5]}"
    return f"{moment.day} {moment:%b %Y %H:%M} {offset}"


def _or(values: Iterable[str]) -> str:
    """Return “a, b or c”; of a long list the first few and how many more there are."""
    listed = list(values)
    if len(listed) > SHOWN:
        return f"{', '.join(listed[:SHOWN])} or {len(listed) - SHOWN} more"
    return " or ".join(filter(None, (", ".join(listed[:-1]), listed[-1]))) if listed else "nothing"


def _quoted(values: Iterable[str]) -> list[str]:
    return [f"“{value}”" for value in values]


def _named(noun: str, of: Callable[[Names], Mapping[str, str]]) -> Callable[[Sequence[str], Names], str]:
    return lambda wanted, names: f"{noun} {_or(of(names).get(value, value) for value in wanted)}"


def _hours(wanted: Mapping[str, Any], names: Names) -> str:
    where = "outside" if wanted["outside"] else "within"
    return f"it is {where} {_or(window_text(window) for window in wanted['windows'])}"


# In the order in which the sentence says them.
CLAUSES: Mapping[str, Callable[[Any, Names], str]] = {
    c.INTENTS: _named("the intent is", lambda names: names.intents),
    c.USER_TYPES: _named("the user is", lambda names: names.user_types),
    c.TIERS: _named("the plan is", lambda names: names.tiers),
    c.CHANNELS: _named("the channel is", lambda names: {}),
    c.PAGES: _named("the page is", lambda names: {}),
    c.AMOUNT_OVER: lambda wanted, names: f"a sum over {money(wanted['minor'], wanted['currency'])} is named",
    c.HOURS: _hours,
}


def _human_request(settings: Mapping[str, Any], names: Names) -> str:
    extra = settings["extra_phrases"]
    return "the customer asks for a person" + (f" or says {_or(_quoted(extra))}" if extra else "")


def _pattern(settings: Mapping[str, Any], names: Names) -> str:
    parts = []
    if settings["phrases"]:
        parts.append(f"says {_or(_quoted(settings['phrases']))}")
    if settings["patterns"]:
        exactly = "" if settings["ignore_case"] else ", capitals as written"
        parts.append(f"matches {_or(f'/{pattern}/' for pattern in settings['patterns'])}{exactly}")
    return f"the message {' or '.join(parts) or 'matches nothing'}"


def _flagged(settings: Mapping[str, Any], names: Names) -> str:
    category = settings["category_id"]
    if category is None:
        return "the issue is of a category (none is chosen yet)"
    return f"the issue is of the category {names.categories.get(category, f'number {category}')}"


def _billing_dispute(settings: Mapping[str, Any], names: Names) -> str:
    threshold = f"{Decimal(settings['threshold_amount']):,f} {settings['threshold_currency']}"
    unknown = " or names no sum" if settings["without_amount"] == ESCALATE_UNKNOWN else ""
    return f"the customer disputes a charge over {threshold}{unknown}"


def _legal(settings: Mapping[str, Any], names: Names) -> str:
    more = f" or says {_or(_quoted(settings['extra_phrases']))}" if settings["extra_phrases"] else ""
    less = f", except for {_or(_quoted(settings['exceptions']))}" if settings["exceptions"] else ""
    return f"the message touches law or compliance{more}{less}"


def _failures(number: int) -> str:
    return f"{number} attempts at the same issue have failed" if number > 1 else "an attempt has failed"


def _low_confidence(settings: Mapping[str, Any], names: Names) -> str:
    by_intent = [
        f"{minimum:.0%} for {names.intents.get(intent, intent)}"
        for intent, minimum in sorted(settings["minimum_confidence_by_intent"].items())
    ]
    least = settings["minimum_confidence"]
    asked = f"less than {least:.0%} sure" if least else "not sure enough"
    limits = f" ({_or(by_intent)})" if by_intent else ""
    margin = settings["ambiguous_below_margin"]
    close = f" or wavers between two within {margin * 100:.0f} points" if margin else ""
    return f"the agent is {asked} of the intent{limits}{close}"


def _any_trigger(trigger: str, settings: Mapping[str, Any]) -> str:
    """Return the trigger's label and what is set otherwise than by default."""
    known = TRIGGERS[trigger]
    clause = known.label[:1].lower() + known.label[1:]
    changed = [
        f"{name.replace('_', ' ')} {_value(value)}"
        for name, value in settings.items()
        if value != known.defaults.get(name)
    ]
    return f"{clause} ({'; '.join(changed)})" if changed else clause


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return _or(f"{key} {_value(one)}" for key, one in value.items())
    if isinstance(value, (list, tuple)):
        return _or(_quoted(str(one) for one in value))
    return str(value)


TRIGGER_CLAUSES: Mapping[str, Callable[[Mapping[str, Any], Names], str]] = {
    HUMAN_REQUEST: _human_request,
    HUMAN_ONLY_INTENT: lambda settings, names: "the issue is for people only",
    ANGER: lambda settings, names: (
        f"the customer is angry or distressed (from {settings['minimum_anger']:.2f} of 1)"
    ),
    BILLING_DISPUTE: _billing_dispute,
    LEGAL: _legal,
    REPEATED_FAILURE: lambda settings, names: _failures(settings["failed_attempts"]),
    PATTERN: _pattern,
    FLAGGED_CATEGORY: _flagged,
    LOW_CONFIDENCE: _low_confidence,
    NO_ANSWER: lambda settings, names: (
        f"the best answer scores under {settings['minimum_score']:.2f} in the knowledge base"
    ),
    STEP_FAILURE: lambda settings, names: "a step of the agent fails",
    TOOL_FAILURE: lambda settings, names: "an action in another system fails",
    FLOW_ESCALATION: lambda settings, names: "a resolution flow ends with a person",
}
