"""What a customer reads when a person takes over. Decides no wait and no hours: both are given, or None.

The closest template wins, by these in their order: the language (the locale itself, the language without its
region, English), because a message that cannot be read says nothing; then the reason; then the tier. Of the
templates in this order the first is sent that has words for the situation: with a wait, without one, or off
hours. In off hours our own words for a language come after its templates; where nothing fits, the plain
message is sent. Placeholders are filled in by name, once, and nothing else.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from escalation.contracts import Situation, Words
from escalation.defaults import OFF_HOURS_MESSAGES, PLAIN_MESSAGE
from escalation.language_lint import OPENS_AT, PLACEHOLDER
from escalation.selectors import templates_for
from escalation.teams.hours_text import city
from escalation.wordings import wording_of

ENGLISH = "en"
OPEN = Situation()
MIN_WAIT_MINUTES = 2  # "under 1 minutes" is neither English nor likely
MAX_MINUTES = 90  # beyond it hours are told
SECONDS, MINUTES = 60, 60
A_WEEK_DAYS = 7


def handoff_message(
    reason: str, *, situation: Situation = OPEN, locale: str = ENGLISH, tier: str = ""
) -> str:
    """Return the message for a reason; no number appears in it unless the wait is known."""
    locale = locale or ENGLISH
    stored = templates_for(reason)
    words = by_closeness((*stored, *_own_words(stored)), reason=reason, locale=locale, tier=tier)
    message, said_in = next(
        ((text, one.locale) for one in words if (text := words_fill(one, situation))),
        (PLAIN_MESSAGE, ENGLISH),
    )
    question = email_question(said_in) if situation.asks_for_email else ""
    return f"{message}\n\n{question}" if question else message


def by_closeness(templates: Iterable[Words], *, reason: str, locale: str, tier: str) -> list[Words]:
    """Return the templates that may be sent, the closest first."""
    chain = locales_of(locale)
    fitting = [
        one
        for one in templates
        if one.reason in ("", reason) and one.tier in ("", tier) and _key(one.locale) in chain
    ]
    return sorted(fitting, key=lambda one: (chain.index(_key(one.locale)), one.reason == "", one.tier == ""))


def locales_of(locale: str) -> list[str]:
    """Return the locale and what may stand for it: pt-BR, pt, en."""
    parts = _key(locale).split("-")
    narrowing = ["-".join(parts[:length]) for length in range(len(parts), 0, -1)]
    return list(dict.fromkeys([*narrowing, ENGLISH]))


def words_fill(words: Words, situation: Situation) -> str:
    """Return the template's text for a situation with its placeholder filled in; empty where it has none."""
    if situation.off_hours:
        if situation.opens_at is not None:
            return words.body_off_hours.replace(OPENS_AT, opens_at_text(situation, words.locale))
    elif situation.wait_seconds is not None:
        return _with_wait(words.body, situation.wait_seconds, words.locale)
    body = words.body_without_wait or words.body
    return "" if PLACEHOLDER in body else body


def told_minutes(seconds: int) -> int:
    """Return the minutes that a customer is told: rounded up, and to whole hours beyond 90 minutes."""
    minutes = max(MIN_WAIT_MINUTES, math.ceil(seconds / SECONDS))
    return minutes if minutes <= MAX_MINUTES else math.ceil(minutes / MINUTES) * MINUTES


def opens_at_text(situation: Situation, locale: str) -> str:
    """Say when the team opens, in words of the locale, on the team's clock."""
    opens, now = situation.opens_at, situation.now
    if opens is None:
        return ""
    wording, where = wording_of(locale), city(situation.time_zone)
    if wording is None:
        return f"{opens:%Y-%m-%d %H:%M} ({where})"
    days = (opens.date() - now.astimezone(opens.tzinfo).date()).days if now is not None else A_WEEK_DAYS
    form = wording.today if days == 0 else wording.within_a_week if days < A_WEEK_DAYS else wording.later
    return form.format(
        day=wording.days[opens.weekday()],
        date=wording.date.format(day=opens.day, month=wording.months[opens.month - 1]),
        time=f"{opens:%H:%M}",
        city=where,
    )


def email_question(locale: str) -> str:
    """Return the question for an e-mail address; in English where the language is not among ours."""
    wording = wording_of(locale) or wording_of(ENGLISH)
    return wording.asks_for_email if wording else ""


def email_noted(locale: str, masked: str) -> str:
    """Return the words that confirm an address, shown masked."""
    wording = wording_of(locale) or wording_of(ENGLISH)
    return wording.email_noted.replace("{email}", masked) if wording else ""


def _own_words(stored: Iterable[Words]) -> list[Words]:
    """Return our words for off hours, in English and in each language in which the team writes."""
    languages = {_key(one.locale).partition("-")[0] for one in stored} | {ENGLISH}
    return [
        Words("", "", language, body="", body_off_hours=OFF_HOURS_MESSAGES[language])
        for language in sorted(languages & OFF_HOURS_MESSAGES.keys())
    ]


def _with_wait(body: str, seconds: int, locale: str) -> str:
    minutes, wording = told_minutes(seconds), wording_of(locale)
    if minutes > MAX_MINUTES and wording is not None:
        hours = wording.hours.replace("{n}", str(minutes // MINUTES))
        unit = re.compile(rf"{re.escape(PLACEHOLDER)}[ \u00a0]?(?:{wording.minutes})", re.IGNORECASE)
        body = unit.sub(lambda match: hours, body)
    return body.replace(PLACEHOLDER, str(minutes))


def _key(locale: str) -> str:
    return locale.replace("_", "-").lower()
