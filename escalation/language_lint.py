"""Check a handoff message before customers read it. Pure.

A good one reassures, says that a person takes over, and says what wait to expect (the guide, step 4). The
placeholders are ``{wait_minutes}``, where the wait is known, and ``{opens_at}`` in the text for off hours;
anything else that looks like one is refused, and nothing else is ever expanded. The three parts are looked
for in the languages of escalation.wordings; in others only placeholders are checked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from escalation.wordings import wording_of
from escalation.wordings.shape import Wording

PLACEHOLDER = "{wait_minutes}"
OPENS_AT = "{opens_at}"
MAX_CHARACTERS = 1_000
ERROR, WARNING = "error", "warning"
WITH_WAIT, WITHOUT_WAIT, OFF_HOURS = "body", "body_without_wait", "body_off_hours"
REASSURANCE, TAKEOVER, WAIT = "reassurance", "takeover", "wait"

PLACEHOLDER_LIKE = re.compile(r"\{[^{}]*\}|[{}]|%\(|\$\{|<%|%s\b|%d\b")
FIXED_TIME = re.compile(
    r"\b(?:\d+|one|two|three|four|five|ten|fifteen|twenty|thirty) (?:minutes?|hours?)\b", re.IGNORECASE
)
OPENS = re.compile(re.escape(OPENS_AT))
ADVICE = {
    REASSURANCE: "Reassure the customer: say for instance that nothing needs to be repeated.",
    TAKEOVER: "Say that a person takes over: for instance that a support specialist joins.",
    WAIT: f"Say what wait to expect, with {PLACEHOLDER} where the queue's history gives one.",
}
# Which placeholder belongs into a variant, and why the other one does not.
WANTED = {WITH_WAIT: PLACEHOLDER, WITHOUT_WAIT: "", OFF_HOURS: OPENS_AT}
UNKNOWN_HERE = {
    PLACEHOLDER: ("wait_unknown", f"{PLACEHOLDER} is not known in this variant."),
    OPENS_AT: ("opening_unknown", f"{OPENS_AT} is only known while the team is closed."),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend (error) or to think over (warning)."""

    level: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Part:
    """Which of the three parts a stretch of the text fulfils: characters ``start`` up to ``end``."""

    code: str
    start: int
    end: int


def parts_of(body: str, *, locale: str, variant: str = WITH_WAIT) -> tuple[Part, ...]:
    """Return where the text fulfils each of the three parts; a part that is missing is not in it."""
    wording = wording_of(locale)
    if wording is None:
        return ()
    plain = body.replace("’", "'")
    found = ((code, pattern.search(plain)) for code, pattern in _patterns(wording, variant))
    return tuple(Part(code, match.start(), match.end()) for code, match in found if match)


def message_lint(body: str, *, locale: str, variant: str = WITH_WAIT) -> list[Finding]:
    """Return what is wrong with one message; the variant says which placeholder may stand in it."""
    findings = [*_length(body), *_placeholders(body, variant)]
    if variant == OFF_HOURS and OPENS_AT not in body:
        findings.append(Finding(ERROR, "opening_missing", f"Say when the team opens, with {OPENS_AT}."))
    if wording_of(locale) is None:
        known = "English, German, French and Spanish"
        findings.append(Finding(WARNING, "wording_not_checked", f"The wording is only checked in {known}."))
        return findings
    there = {part.code for part in parts_of(body, locale=locale, variant=variant)}
    wanted = [code for code in ADVICE if not (code == WAIT and variant == OFF_HOURS)]
    findings += [Finding(ERROR, code, ADVICE[code]) for code in wanted if code not in there]
    if FIXED_TIME.search(body):
        message = f"It promises a fixed time; {PLACEHOLDER} is filled in from the queue's own history."
        findings.append(Finding(WARNING, "fixed_time", message))
    return findings


def template_lint(
    body: str, body_without_wait: str = "", body_off_hours: str = "", *, locale: str
) -> dict[str, list[Finding]]:
    """Return what is wrong with a template by its field: with a wait, without one, and for off hours."""
    findings = {
        WITH_WAIT: message_lint(body, locale=locale),
        WITHOUT_WAIT: [],
        OFF_HOURS: [],
    }
    if body_without_wait:
        findings[WITHOUT_WAIT] = message_lint(body_without_wait, locale=locale, variant=WITHOUT_WAIT)
    elif PLACEHOLDER in body:
        message = f"{PLACEHOLDER} is not always known: write the variant without it too."
        findings[WITHOUT_WAIT] = [Finding(ERROR, "variant_missing", message)]
    if body_off_hours:
        findings[OFF_HOURS] = message_lint(body_off_hours, locale=locale, variant=OFF_HOURS)
    else:
        message = "While the team is closed, a less close message or the built-in one is sent."
        findings[OFF_HOURS] = [Finding(WARNING, "off_hours_missing", message)]
    return findings


def _patterns(wording: Wording, variant: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    wait = OPENS if variant == OFF_HOURS else wording.wait
    return ((REASSURANCE, wording.reassurance), (TAKEOVER, wording.takeover), (WAIT, wait))


def _length(body: str) -> Iterator[Finding]:
    if len(body) > MAX_CHARACTERS:
        yield Finding(ERROR, "too_long", f"Keep it under {MAX_CHARACTERS} characters.")


def _placeholders(body: str, variant: str) -> Iterator[Finding]:
    for match in PLACEHOLDER_LIKE.finditer(body):
        said = match.group()
        if said not in UNKNOWN_HERE:
            known = f"only {PLACEHOLDER} and, in off hours, {OPENS_AT} are"
            yield Finding(ERROR, "unknown_placeholder", f"{said[:40]} is no placeholder; {known}.")
        elif said != WANTED[variant]:
            yield Finding(ERROR, *UNKNOWN_HERE[said])
