"""Check a handoff message before customers read it. Pure.

A good one reassures, says that a person takes over, and says what wait to expect (the guide, step 4). The
only placeholder is ``{wait_minutes}``; anything else that looks like one is refused, and nothing else is ever
expanded. The three parts are looked for in English wording; for other locales only placeholders are checked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

PLACEHOLDER = "{wait_minutes}"
MAX_CHARACTERS = 1_000
ERROR, WARNING = "error", "warning"

PLACEHOLDER_LIKE = re.compile(r"\{[^{}]*\}|[{}]|%\(|\$\{|<%|%s\b|%d\b")
REASSURES = re.compile(
    r"\b(?:(?:full|whole|entire) (?:context|conversation|exchange)|everything (?:you|we)(?:'ve| have)"
    r"|(?:won't|don't|not|no|nothing|without)\b[^.!?]{0,25}\b(?:repeat\w*|explain|again|twice|worry)"
    r"|(?:can|will|happy to|here to) help|look after|take (?:good )?care of|in good hands|sorry|understand"
    r"|have what (?:they|you) need|(?:get (?:this|it)|be) (?:solved|sorted|fixed|right))",
    re.IGNORECASE,
)
TAKES_OVER = re.compile(
    r"\b(?:connect|pass|hand|transferr?|bring|rout|forward|put|taking|take|takes|will|continue|join|reply)\w*\b"
    r"[^.!?\n]{0,60}?\b(specialists?|person|human|colleagues?|agents?|team(?: ?mates?)?|experts?|someone"
    r"|representatives?|advisors?|advisers?)\b"
    r"|\b(specialists?|person|human|colleague|agent|team(?: ?mate)?|expert|someone|representative|advisor)\b"
    r"[^.!?\n]{0,40}?\b(take|takes|taking|continue|continues|join|joins|help|reply|replies|answer|look"
    r"|be with|get back)",
    re.IGNORECASE,
)
SETS_WAIT = re.compile(
    r"\{wait_minutes\}|\bwait(?:ing)?(?: time)?\b|\bminutes?\b|\bhours?\b|\bas soon as\b"
    r"|\bnext (?:free|available)"
    r"|\bshortly\b|\bin order\b|\bbusiness day\b|\btoday\b|\btomorrow\b|\bqueue\b",
    re.IGNORECASE,
)
FIXED_TIME = re.compile(
    r"\b(?:\d+|one|two|three|four|five|ten|fifteen|twenty|thirty) (?:minutes?|hours?)\b", re.IGNORECASE
)
PARTS = (
    ("reassurance", REASSURES, "Reassure the customer: say for instance that nothing needs to be repeated."),
    ("takeover", TAKES_OVER, "Say that a person takes over: for instance that a support specialist joins."),
    ("wait", SETS_WAIT, f"Say what wait to expect, with {PLACEHOLDER} where the queue's history gives one."),
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend (error) or to think over (warning)."""

    level: str
    code: str
    message: str


def message_lint(body: str, *, locale: str, with_wait: bool = True) -> list[Finding]:
    """Return what is wrong with one message; ``with_wait`` says whether the placeholder may stand in it."""
    findings: list[Finding] = []
    if len(body) > MAX_CHARACTERS:
        findings.append(Finding(ERROR, "too_long", f"Keep it under {MAX_CHARACTERS} characters."))
    for match in PLACEHOLDER_LIKE.finditer(body):
        if match.group() != PLACEHOLDER:
            message = f"{match.group()[:40]} is no placeholder; only {PLACEHOLDER} is."
            findings.append(Finding(ERROR, "unknown_placeholder", message))
        elif not with_wait:
            findings.append(Finding(ERROR, "wait_unknown", f"{PLACEHOLDER} is not known in this variant."))
    if not locale.lower().startswith("en"):
        findings.append(Finding(WARNING, "wording_not_checked", "The wording is only checked in English."))
        return findings
    plain = body.replace("’", "'")
    findings += [Finding(ERROR, code, advice) for code, part, advice in PARTS if not part.search(plain)]
    if FIXED_TIME.search(body):
        message = f"It promises a fixed time; {PLACEHOLDER} is filled in from the queue's own history."
        findings.append(Finding(WARNING, "fixed_time", message))
    return findings


def template_lint(body: str, body_without_wait: str, *, locale: str) -> list[Finding]:
    """Return what is wrong with a template: its message, and the variant for when no wait is known."""
    findings = message_lint(body, locale=locale)
    if body_without_wait:
        findings += message_lint(body_without_wait, locale=locale, with_wait=False)
    elif PLACEHOLDER in body:
        message = f"{PLACEHOLDER} is not always known: write the variant without it too."
        findings.append(Finding(ERROR, "variant_missing", message))
    return findings
