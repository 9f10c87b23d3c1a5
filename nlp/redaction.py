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

from nlp import secret_patterns as shapes

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


@dataclass(frozen=True, slots=True)
class _Signs:
    """What is cheap to see of a text, and without which a costly pattern cannot match."""

    folded: str
    digits: int
    longest: int  # characters of the longest stretch without white space

    @classmethod
    def of(cls, text: str) -> _Signs:
        """Look once at the text."""
        longest = max(map(len, text.split()), default=0)
        return cls(text.casefold(), len(shapes.DIGIT.findall(text)), longest)

    def name(self, words: tuple[str, ...]) -> bool:
        """Whether one of the words is there, as a word or inside another."""
        return any(word in self.folded for word in words)


PASSWORD_PARAMETER = re.compile(r".[\w.-]{0,30}(?:passw|pwd)", re.IGNORECASE)


def redact(text: str) -> Redacted:
    """Return ``text`` with personal data and secrets replaced by ``[kind]``; the original is not kept."""
    covered = bytearray(len(text))
    found: list[Span] = []
    signs = _Signs.of(text)
    for detect in DETECTORS:
        for span in detect(text, signs):
            if not any(covered[span.start : span.end]):
                covered[span.start : span.end] = b"\x01" * (span.end - span.start)
                found.append(span)
    found.sort(key=lambda span: span.start)
    parts, end = [], 0
    for span in found:
        parts += [text[end : span.start], f"[{span.kind}]"]
        end = span.end
    return Redacted("".join([*parts, text[end:]]), tuple(found))


def _urls(text: str, signs: _Signs) -> Iterator[Span]:
    """Yield credentials inside addresses: user:password@, secret parameters, one-time paths."""
    if "://" not in text and "?" not in text:
        return
    for url in shapes.URL.finditer(text):
        for pattern in (shapes.URL_USER, shapes.URL_SECRET, shapes.URL_PATH_SECRET):
            for match in pattern.finditer(url.group()):
                is_user = pattern is shapes.URL_USER
                value = match.group(1) if is_user else match.group(1).rstrip(".,;:!?)")
                is_password = is_user or (
                    pattern is shapes.URL_SECRET and PASSWORD_PARAMETER.match(match.group())
                )
                kind: Kind = "password" if is_password else "token"
                if pattern is not shapes.URL_PATH_SECRET or _is_random(value, least=16):
                    start = url.start() + match.start(1)
                    yield Span(start, start + len(value), kind)


def _tokens(text: str, signs: _Signs) -> Iterator[Span]:
    """Yield keys by their makers' prefixes, by the name before them, or by being long and random."""
    if signs.longest < shapes.SHORTEST_NAMED_SECRET:
        return
    is_long = signs.longest >= shapes.SHORTEST_TOKEN
    if "-----BEGIN" in text:
        for match in shapes.PRIVATE_KEY.finditer(text):
            yield Span(match.start(), match.end(), "token")
    if is_long and signs.digits:
        for match in shapes.TOKEN.finditer(text):
            if any(c.isdigit() for c in match.group()):
                yield _span(match, 0, "token")
    for pattern, is_possible in (
        (shapes.AUTHORIZATION, is_long),
        (shapes.NAMED_SECRET, signs.name(shapes.SECRET_WORDS)),
        (shapes.COOKIE, "=" in text),
    ):
        for match in pattern.finditer(text) if is_possible else ():
            if _looks_secret(match.group(1)):
                yield _span(match, 1, "token")
    if not is_long:
        return
    for match in shapes.SECRET_NEXT.finditer(text):
        value = match.group(1)
        if _is_random(value, least=16) or (shapes.HEXADECIMAL.fullmatch(value) and _looks_secret(value)):
            yield _span(match, 1, "token")
    for match in shapes.LONG_RANDOM.finditer(text):
        if _is_random(match.group(), least=32):
            yield _span(match, 0, "token")


def _passwords(text: str, signs: _Signs) -> Iterator[Span]:
    """Yield what stands behind the word password or a code's name, and is no word of the sentence."""
    if not signs.name(shapes.PASSWORD_WORDS) and "/" not in text and "|" not in text:
        return
    for match in shapes.PASSWORD.finditer(text):
        linked, quoted, value = match.groups()
        value = value.rstrip(".?)")
        word = value.lower().strip("().")
        named = linked.strip() in (":", "=", "->", "=>") or bool(quoted)
        if len(value) >= 3 and word not in shapes.WORDS_AFTER_PASSWORD and (named or _looks_secret(value)):
            yield Span(match.start(3), match.start(3) + len(value), "password")
    for match in shapes.PASSWORD_NEXT.finditer(text):
        group = 2 if match.group(1) else 3
        value = match.group(group).rstrip(".:?!)")
        has_both = any(c.isdigit() for c in value) and any(c.isalpha() for c in value)
        is_variable = value[:1] in ("$", "{", "%")
        if len(value) >= 4 and not is_variable and (has_both or (group == 2 and _looks_secret(value))):
            yield Span(match.start(group), match.start(group) + len(value), "password")
    for match in shapes.PASSWORD_NEAR.finditer(text):
        yield _span(match, 1, "password")
    for pattern in (shapes.CODE_NEXT, shapes.CODE_IS, shapes.LOGIN_PAIR):
        for match in pattern.finditer(text):
            group = match.lastindex or 1
            if _looks_secret(match.group(group)):
                yield _span(match, group, "password")
                another = shapes.ANOTHER_CODE.match(text, match.end())
                if pattern is shapes.CODE_NEXT and another:
                    yield _span(another, 1, "password")


def _emails(text: str, signs: _Signs) -> Iterator[Span]:
    if "@" not in text and "(" not in text and "[" not in text:
        return
    for match in shapes.EMAIL.finditer(text):
        yield _span(match, 0, "email")


def _ibans(text: str, signs: _Signs) -> Iterator[Span]:
    """Yield account numbers whose check digits hold; following words in capitals are given back."""
    if signs.digits < shapes.FEWEST_IBAN_DIGITS:
        return
    done = 0
    for start in shapes.IBAN_START.finditer(text):
        match = shapes.IBAN.match(text, start.start()) if start.start() >= done else None
        if match is None:
            continue
        candidate = match.group()
        ends = [len(candidate), *(m.start() for m in re.finditer(r"[ \u00a0-]", candidate))]
        for end in sorted(ends, reverse=True):
            if end >= 15 and iban.is_valid(candidate[:end].replace("\u00a0", " ")):
                done = match.start() + end
                yield Span(match.start(), done, "iban")
                break


def _cards(text: str, signs: _Signs) -> Iterator[Span]:
    """Yield runs of digit groups that together follow an issuer's plan and the Luhn check."""
    if signs.digits < shapes.FEWEST_CARD_DIGITS:
        return
    for run in shapes.DIGIT_GROUPS.finditer(text):
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
    for number in range(first, min(first + shapes.MAX_CARD_GROUPS, len(groups))):
        end += groups[number][1] - groups[number][0]
        candidate = digits[start:end]
        if 13 <= len(candidate) <= 19 and shapes.CARD_PLAN.fullmatch(candidate) and luhn.is_valid(candidate):
            found = number
    return found


def _phones(text: str, signs: _Signs) -> Iterator[Span]:
    if signs.digits < shapes.FEWEST_PHONE_DIGITS:
        return
    for match in shapes.PHONE.finditer(text):
        start, candidate = match.start(), match.group().rstrip("(")
        if candidate[0] == "(" and ")" not in candidate:
            start, candidate = start + 1, candidate[1:]
        end = start + len(candidate.rstrip(" .(-/"))
        before, after = text[max(0, start - 60) : start], text[end : end + 40]
        announced = shapes.PHONE_WORDS.search(before) or shapes.PHONE_WORDS_AFTER.match(after)
        if _is_phone(candidate, bool(announced)):
            extension = shapes.EXTENSION.match(text, end)
            yield Span(start, extension.end() if extension else end, "phone")


def _is_phone(candidate: str, announced: bool) -> bool:
    """Tell whether digits are a phone number: announced as one, international, or of a national plan."""
    digits = _digits("".join(c for c in candidate if c.isdigit()))
    if shapes.DATE.fullmatch(candidate) or not 7 <= len(digits) <= 15:
        return False
    if announced or shapes.NORTH_AMERICAN.fullmatch(candidate):
        return True
    if candidate.lstrip("(").startswith("+") or digits.startswith("00"):
        return _possible("+" + digits.lstrip("0"), None)
    has_separator = not candidate.isdigit()
    return has_separator and digits[0] == "0" and any(_possible(digits, region) for region in shapes.REGIONS)


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


DETECTORS: tuple[Callable[[str, _Signs], Iterator[Span]], ...] = (
    _urls,
    _tokens,
    _passwords,
    _emails,
    _ibans,
    _cards,
    _phones,
)
