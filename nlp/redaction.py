"""Mask personal data and secrets in text with placeholders such as ``[email]``.

Numbers are masked by their check digits and numbering plans, not by their look, so order numbers, versions,
dates and prices stay. Every pattern is bounded, so time is linear in the length of the text. Decides nothing
about names and addresses, and keeps no masked value.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import phonenumbers
from stdnum import iban, luhn

Kind = Literal["email", "phone", "card", "iban", "token", "password"]


@dataclass(frozen=True, slots=True)
class Span:
    """A masked part of the original text: characters ``start``…``end`` and what they were."""

    start: int
    end: int
    kind: Kind


@dataclass(frozen=True, slots=True)
class Redacted:
    """The masked ``text`` and where the masked parts stood in the original."""

    text: str
    found: tuple[Span, ...]


EMAIL = re.compile(
    r"(?<![\w.%+'-])[\w.%+'-]{1,64}(?:@|\s?[\[(]\s?at\s?[\])]\s?)"
    r"(?:[\w-]{1,63}(?:\.|\s?[\[(]\s?dot\s?[\])]\s?)){1,8}[^\W\d_]{2,24}(?![\w@])",
    re.IGNORECASE,
)
URL = re.compile(r"\b[a-z][a-z0-9+.-]{1,15}://[^\s<>\"']{1,2000}", re.IGNORECASE)
URL_USER = re.compile(r"://([^/?#@\s]{1,200}:[^/?#@\s]{1,200})@")
URL_SECRET = re.compile(
    r"[?&#;](?:[\w.-]{0,30}(?:token|secret|passw(?:or)?d|signature|apikey|api_key|api-key|session|auth|jwt|"
    r"credential)[\w.-]{0,20}|key|sig|sid|code|otp|pwd)=([^&#;\s]{4,1500})",
    re.IGNORECASE,
)
URL_PATH_SECRET = re.compile(
    r"/(?:[\w-]{0,30}(?:reset|verif|invit|magic|confirm|activat|unsubscribe|share|login)[\w-]{0,30}|services|hooks)"
    r"/((?:[\w~.=-]{1,60}/){0,3}[\w~.=-]{20,500})",
    re.IGNORECASE,
)
TOKEN = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"(?:sk|pk|rk)[_-](?:live|test|proj|ant|or|[a-z]{2,4})?[\w-]{16,250}"  # Stripe, OpenAI, Anthropic
    r"|(?:whsec_|gh[oprsu]_|github_pat_|glpat-|xox[abeoprs]-|xapp-|shp(?:at|ca|pa|ss)_|dop_v1_|lin_api_|hf_|npm_"
    r"|pypi-|dckr_pat_|figd_|sq0[a-z]{3}-|ya29\.|key-|pat-|rzp_(?:live|test)_)[\w./+-]{12,300}"
    r"|(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{16}(?![A-Za-z0-9])"
    r"|AIza[\w-]{30,45}"
    r"|SG\.[\w-]{16,40}\.[\w-]{16,80}"
    r"|eyJ[\w-]{8,2000}\.[\w-]{8,4000}\.[\w-]{0,1000}"
    r"|\d{8,10}:AA[\w-]{33}"  # Telegram bots
    r")"
)
PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[^-]{0,10000}(?:-----END [A-Z ]{0,30}-----)?"
)
AUTHORIZATION = re.compile(
    r"\b(?:bearer|basic|api-key|authorization:\s?token)\s{1,3}([\w.~+/=-]{16,2000})", re.IGNORECASE
)
NAMED_SECRET = re.compile(
    r"\b(?:[a-z]{1,20}[_ -])?(?:api[_ -]?keys?|secret(?:[_ -]?(?:access[_ -]?)?key)?|access[_ -]?key|"
    r"(?:access|auth|refresh|bot|bearer|session)?[_ -]?token|(?:client|webhook)[_ -]?secret|licen[cs]e key)"
    r"\b[\"'`]?(?:\s{0,3}(?:[:=]|->|\bis\b|\bwas\b)){1,2}\s{0,3}[\"'`]?([\w.~+/=!@#$%^&*-]{8,500})",
    re.IGNORECASE,
)
PASSWORD = re.compile(
    r"\b(?:pass(?:word|wd|code|phrase|wort)?|pwd|pw|kennwort|contraseña|mot de passe|pin(?: code)?|otp|cvv2?|"
    r"cvc|(?:security|verification|one-time|2fa|sms|login|backup|recovery) code)\b[\"'`]?"
    r"((?:\s{0,3}(?:[:=]|->|=>|\bis\b|\bwas\b|\bto\b|\best\b|\bist\b|\bes\b)){1,2})\s{0,3}"
    r"([\"'`“«]?)([^\s\"'`”»,;<>]{3,128})",
    re.IGNORECASE,
)
LONG_RANDOM = re.compile(r"(?<![\w/+=.-])[A-Za-z0-9_+/=-]{32,512}(?![\w/+=-])")
DIGIT_GROUPS = re.compile(r"(?<![\w./-])\d{1,19}(?:[ .\u00a0\u202f-]\d{1,19}){0,400}(?![\w]|-\w)")
IBAN = re.compile(
    r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?:[ \u00a0-]?[A-Z0-9]){11,30}(?![A-Za-z0-9])", re.IGNORECASE
)
CARD_PLAN = re.compile(  # issuer prefixes and lengths of ISO/IEC 7812 ranges in use
    r"4\d{15}(?:\d{3})?|5[1-5]\d{14}|2(?:2[2-9]|[3-6]\d|7[01]|720)\d{12,13}|3[47]\d{13}"
    r"|3(?:0[0-5]|[689]\d)\d{11}|35\d{14}|62\d{14,17}|(?:5[06-8]|6\d)\d{14}(?:\d{2,3})?"
)
MAX_CARD_GROUPS = 8
PHONE = re.compile(r"(?<![\w/.=#-])(?:\+|\(\+?)?\d(?:[ .()\u00a0\u202f/-]{0,2}\d){6,16}(?![\w/-]|[.,:]\d)")
PHONE_WORDS = re.compile(
    r"(?:\b(?:tele)?phone|\bmobile|\bcell|\btel|\bwhats ?app|\bfax|\bhandy|\bmy number|\b(?:call|ring|"
    r"reach|text|phone|contact) (?:me|us) (?:back )?(?:at|on)|\bcall(?:ing)?(?: me)?(?: at| on| from)?)"
    r"(?: ?(?:number|no|nr|is|was|at|on|:|\.|=|#|\()){0,4}\s{0,3}$",
    re.IGNORECASE,
)
NORTH_AMERICAN = re.compile(r"(?:\+?1[ .-]?)?(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[ .-])\d{3}[ .-]\d{4}")
DATE = re.compile(r"(?:\d{4}[ ./-]\d{1,2}[ ./-]\d{1,2}|\d{1,2}[ ./-]\d{1,2}[ ./-](?:19|20)?\d{2})\b")
REGIONS = ("GB", "DE", "FR", "AU", "NL", "ES", "IT", "IE", "IN", "CH", "AT", "BE", "JP", "BR")
WORDS_AFTER_PASSWORD = frozenset(
    """
    reset resets resetting change changed changes changing not wrong incorrect invalid expired correct
    the and but for how why what when cannot can't doesn't won't required missing empty blank unknown
    lost forgotten weak strong protected never always still also too now please help being been set sent
    saved stored hidden visible case login log sign different same unlock recover make create access let
    enter have get see use work working keep
    """.split()  # noqa: SIM905 (a word list reads better)
)


def redact(text: str) -> Redacted:
    """Return ``text`` with personal data and secrets replaced by ``[kind]``; the original is not kept."""
    covered = bytearray(len(text))
    found: list[Span] = []
    for detect in DETECTORS:
        for span in detect(text):
            if not any(covered[span.start : span.end]):
                covered[span.start : span.end] = b"\x01" * (span.end - span.start)
                found.append(span)
    found.sort(key=lambda span: span.start)
    parts, end = [], 0
    for span in found:
        parts += [text[end : span.start], f"[{span.kind}]"]
        end = span.end
    return Redacted("".join([*parts, text[end:]]), tuple(found))


def _urls(text: str) -> Iterator[Span]:
    """Yield credentials inside addresses: user:password@, secret parameters, one-time paths."""
    for url in URL.finditer(text):
        for pattern in (URL_USER, URL_SECRET, URL_PATH_SECRET):
            kind: Kind = "password" if pattern is URL_USER else "token"
            for match in pattern.finditer(url.group()):
                value = match.group(1).rstrip(".,;:!?)")
                if pattern is not URL_PATH_SECRET or _is_random(value, least=16):
                    start = url.start() + match.start(1)
                    yield Span(start, start + len(value), kind)


def _tokens(text: str) -> Iterator[Span]:
    """Yield keys by their makers' prefixes, by the name before them, or by being long and random."""
    for match in PRIVATE_KEY.finditer(text):
        yield Span(match.start(), match.end(), "token")
    for match in TOKEN.finditer(text):
        if any(c.isdigit() for c in match.group()):
            yield _span(match, 0, "token")
    for pattern in (AUTHORIZATION, NAMED_SECRET):
        for match in pattern.finditer(text):
            if _looks_secret(match.group(1)):
                yield _span(match, 1, "token")
    for match in LONG_RANDOM.finditer(text):
        if _is_random(match.group(), least=32):
            yield _span(match, 0, "token")


def _passwords(text: str) -> Iterator[Span]:
    for match in PASSWORD.finditer(text):
        linked, quoted, value = match.groups()
        value = value.rstrip(".?)")
        word = value.lower().strip("().")
        named = linked.strip() in (":", "=", "->", "=>") or bool(quoted)
        if len(value) >= 3 and word not in WORDS_AFTER_PASSWORD and (named or _looks_secret(value)):
            yield Span(match.start(3), match.start(3) + len(value), "password")


def _emails(text: str) -> Iterator[Span]:
    for match in EMAIL.finditer(text):
        yield _span(match, 0, "email")


def _ibans(text: str) -> Iterator[Span]:
    """Yield account numbers whose check digits hold; following words in capitals are given back."""
    for match in IBAN.finditer(text):
        candidate = match.group()
        ends = [len(candidate), *(m.start() for m in re.finditer(r"[ \u00a0-]", candidate))]
        for end in sorted(ends, reverse=True):
            if iban.is_valid(candidate[:end].replace("\u00a0", " ")):
                yield Span(match.start(), match.start() + end, "iban")
                break


def _cards(text: str) -> Iterator[Span]:
    """Yield runs of digit groups that together follow an issuer's plan and the Luhn check."""
    for run in DIGIT_GROUPS.finditer(text):
        groups = [(run.start() + m.start(), run.start() + m.end()) for m in re.finditer(r"\d+", run.group())]
        digits = _digits(run.group())
        start = first = 0  # the digit and the group that a number may begin with
        while first < len(groups):
            last = _card_end(digits, start, groups, first) if digits[start] in "23456" else None
            if last is not None:
                yield Span(groups[first][0], groups[last][1], "card")
            following = (first if last is None else last) + 1
            start += sum(end - begin for begin, end in groups[first:following])
            first = following


def _card_end(digits: str, start: int, groups: list[tuple[int, int]], first: int) -> int | None:
    """Return the last of the groups from ``first`` on that make a card number, preferring the longest."""
    end, found = start, None
    for number in range(first, min(first + MAX_CARD_GROUPS, len(groups))):
        end += groups[number][1] - groups[number][0]
        candidate = digits[start:end]
        if 13 <= len(candidate) <= 19 and CARD_PLAN.fullmatch(candidate) and luhn.is_valid(candidate):
            found = number
    return found


def _phones(text: str) -> Iterator[Span]:
    for match in PHONE.finditer(text):
        candidate = match.group().rstrip("(")
        if _is_phone(candidate, bool(PHONE_WORDS.search(text[max(0, match.start() - 60) : match.start()]))):
            yield Span(match.start(), match.start() + len(candidate.rstrip(" .(-/")), "phone")


def _is_phone(candidate: str, announced: bool) -> bool:
    """Tell whether digits are a phone number: announced as one, international, or of a national plan."""
    digits = _digits("".join(c for c in candidate if c.isdigit()))
    if DATE.fullmatch(candidate) or not 7 <= len(digits) <= 15:
        return False
    if announced or NORTH_AMERICAN.fullmatch(candidate):
        return True
    if candidate.lstrip("(").startswith("+") or digits.startswith("00"):
        return _possible("+" + digits.lstrip("0"), None)
    has_separator = not candidate.isdigit()
    return has_separator and digits[0] == "0" and any(_possible(digits, region) for region in REGIONS)


def _possible(number: str, region: str | None) -> bool:
    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.is_possible_number(parsed) if region is None else phonenumbers.is_valid_number(parsed)


def _looks_secret(value: str) -> bool:
    """Tell a made-up string from a word: it has digits, inner marks or capitals inside."""
    inner = value[1:-1]
    return any(c.isdigit() for c in value) or any(c.isupper() or c in "!@#$%^&*_+=~" for c in inner)


def _is_random(value: str, *, least: int) -> bool:
    """Tell a random string from words and identifiers: of both cases, digits and letters alternating."""
    digits = [c.isdigit() for c in value if c.isalnum()]
    changes = sum(left != right for left, right in pairwise(digits))
    has_both_cases = value != value.lower() and value != value.upper()
    return len(value) >= least and has_both_cases and changes >= 0.15 * len(value)


def _digits(text: str) -> str:
    """Return the digits of any script as ASCII."""
    return "".join(str(unicodedata.decimal(c)) for c in text if c.isdecimal())


def _span(match: re.Match[str], group: int, kind: Kind) -> Span:
    return Span(match.start(group), match.end(group), kind)


DETECTORS: tuple[Callable[[str], Iterator[Span]], ...] = (
    _urls,
    _tokens,
    _passwords,
    _emails,
    _ibans,
    _cards,
    _phones,
)
