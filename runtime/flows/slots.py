"""Find the values of slots in what a customer writes. Pure; of several readings of a date none is guessed.

Values are kept as text: e-mail with its domain in lower case, amount as ``1234.50 EUR``, date as 2026-03-04,
phone in E.164, a choice as it is listed, yes or no as ``yes``/``no``. Time is linear in the message's length.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation

import phonenumbers
import re2

from nlp.email_addresses import email_addresses
from runtime.flows import slot_types
from runtime.flows.slot_types import REFERENCE_PATTERN, SlotSpec

MAX_VALUE = 2_000
NEAR_CHOICE = 0.8  # difflib's ratio: "enterprize" is Enterprise, "team" is not "steam"
CURRENCY_SIGNS = {"€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY"}
CURRENCY_WORDS = {
    **{"eur": "EUR", "euro": "EUR", "euros": "EUR", "usd": "USD", "dollar": "USD", "dollars": "USD"},
    **{"gbp": "GBP", "pound": "GBP", "pounds": "GBP", "chf": "CHF", "cad": "CAD", "aud": "AUD", "jpy": "JPY"},
}
FACTORS = {"": 1, "k": 1_000, "m": 1_000_000}
AMOUNT = re.compile(
    r"(?<![\w.,/-])(?P<sign>[€$£¥])?\s?"
    r"(?P<number>\d{1,3}(?:[,. ]\d{3})+(?:[.,]\d{1,2})?|\d{1,12}(?:[.,]\d{1,2})?)"
    r"\s?(?P<factor>[kKmM]\b)?\s?(?P<unit>[€$£¥]|(?:eur|euros?|usd|dollars?|gbp|pounds?|chf|cad|aud|jpy)\b)?"
    r"(?![\w/-]|[.,]\d)",
    re.IGNORECASE,
)
MONTHS = {
    name: number
    for number, names in enumerate(
        (
            ("january", "jan"),
            ("february", "feb"),
            ("march", "mar"),
            ("april", "apr"),
            ("may",),
            ("june", "jun"),
            ("july", "jul"),
            ("august", "aug"),
            ("september", "sep", "sept"),
            ("october", "oct"),
            ("november", "nov"),
            ("december", "dec"),
        ),
        1,
    )
    for name in names
}
_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
ISO_DATE = re.compile(r"(?<![\w-])(\d{4})-(\d{1,2})-(\d{1,2})(?![\w-])")
SLASH_DATE = re.compile(r"(?<![\w./-])(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})(?![\w/-])")
DAY_MONTH = re.compile(
    rf"(?<!\w)(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? ({_MONTH})\b\.?,?(?: (\d{{4}})\b)?", re.IGNORECASE
)
MONTH_DAY = re.compile(rf"\b({_MONTH})\b\.? (\d{{1,2}})(?:st|nd|rd|th)?\b(?:,? (\d{{4}})\b)?", re.IGNORECASE)
RELATIVE = re.compile(
    r"\b(?:(today|this morning)|(yesterday|last night)|(the day before yesterday)|(tomorrow)|"
    r"(\d{1,3}|an?|one|two|three) (day|week)s? ago)\b",
    re.IGNORECASE,
)
COUNTS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3}
YES = re.compile(
    r"^\W*(?:(?:ok|okay|well|oh|um|that'?s|it'?s|thanks?)\W+)*"
    r"(?:yes|y|yep|yeah|yup|sure|correct|right|true|exactly|ok|okay|please do|go ahead|do it|of course|"
    r"absolutely|definitely|confirmed?|sounds good|looks good|that works)\b",
    re.IGNORECASE,
)
NO = re.compile(
    r"^\W*(?:(?:ok|okay|well|oh|um|sorry|actually)\W+)*"
    r"(?:no|n|nope|nah|not (?:yet|really|quite|correct|right|at all)|wrong|incorrect|false|don'?t|do not|"
    r"it (?:doesn'?t|didn'?t|isn'?t)|negative)(?:\b|$)",
    re.IGNORECASE,
)
DOUBT = re.compile(r"\b(?:but|not|no|n't|\w+n't|except|wait)\b", re.IGNORECASE)
THUMBS = {"👍": "yes", "👎": "no"}
SURE_TYPES = (
    slot_types.EMAIL,
    slot_types.REFERENCE,
    slot_types.PHONE,
    slot_types.DATE,
    slot_types.AMOUNT,
    slot_types.CHOICE,
)


@dataclass(frozen=True, slots=True)
class Found:
    """A value and where it stands in the message."""

    value: str
    start: int
    end: int


def find(text: str, spec: SlotSpec, *, today: date, asked: bool) -> list[Found]:
    """Return the values of this kind in ``text``, first to last.

    ``asked``: the message answers the question for it, so that bare numbers, short words and near misses of a
    choice count too. Free text and yes or no are found only where they were asked for.
    """
    finder = _FINDERS.get(spec.type)
    if finder is not None:
        return list(finder(text, spec, today, asked))
    if not asked:
        return []
    if spec.type == slot_types.YES_NO:
        said = yes_or_no(text)
        return [Found("yes" if said else "no", 0, len(text))] if said is not None else []
    words = text.strip()[:MAX_VALUE]
    return [Found(words, 0, len(text))] if re.search(r"\w", words) else []


def fill(text: str, specs: Mapping[str, SlotSpec], *, asked: str, today: date) -> dict[str, Found]:
    """Return what the message says of the slots in ``specs``; ``asked`` is the one that was asked for.

    Each place in the text fills one slot: first the one that was asked for, then those whose values are
    hardest to mistake, in the order of ``specs``.
    """
    order = sorted(specs, key=lambda name: (name != asked, _sureness(specs[name].type)))
    taken: list[Found] = []
    filled: dict[str, Found] = {}
    for name in order:
        spec = specs[name]
        for found in find(text, spec, today=today, asked=name == asked):
            if all(found.end <= other.start or found.start >= other.end for other in taken):
                filled[name] = found
                if spec.type != slot_types.TEXT:  # free text holds the values of others
                    taken.append(found)
                break
    return filled


def yes_or_no(text: str) -> bool | None:
    """Return what a short answer says, or None."""
    words = text.replace("’", "'").strip()
    if words[:1] in THUMBS:
        return THUMBS[words[0]] == "yes"
    if NO.match(words):
        return False
    said_yes = YES.match(words)
    # "Yes, but it still fails" is neither.
    return True if said_yes and not DOUBT.search(words, said_yes.end()) else None


def _sureness(kind: str) -> int:
    return SURE_TYPES.index(kind) if kind in SURE_TYPES else len(SURE_TYPES)


def _emails(text: str, spec: SlotSpec, today: date, asked: bool) -> Iterator[Found]:
    for address, start, end in email_addresses(text):
        yield Found(address, start, end)


def _references(text: str, spec: SlotSpec, today: date, asked: bool) -> Iterator[Found]:
    pattern = re2.compile(rf"(?i)(?:^|[^\w-])({spec.pattern or REFERENCE_PATTERN})(?:$|[^\w-])")
    position = 0
    while (match := pattern.search(text, position)) is not None and match.end() > position:
        start, end = match.span(1)
        if start >= end:
            return
        yield Found(text[start:end].upper().removeprefix("#"), start, end)
        position = end


def _amounts(text: str, spec: SlotSpec, today: date, asked: bool) -> Iterator[Found]:
    dates = list(_dates(text, spec, today, False))
    for match in AMOUNT.finditer(text):
        if any(match.start() < one.end and one.start < match.end() for one in dates):
            continue
        number, factor = match["number"], (match["factor"] or "").lower()
        unit = (match["unit"] or match["sign"] or "").lower()
        currency = CURRENCY_SIGNS.get(unit) or CURRENCY_WORDS.get(unit, "")
        if not asked and not currency:
            continue
        value = _decimal(number)
        if value is None:
            continue
        amount = (value * FACTORS[factor]).quantize(Decimal("0.01"))
        yield Found(f"{amount} {currency}".strip(), match.start(), match.end())


def _decimal(number: str) -> Decimal | None:
    """Read 1,234.50, 1.234,50, 1 234 and 12,5: ``.`` or ``,`` before one or two last digits is the point."""
    whole, point, cents = number, "", ""
    match = re.search(r"[.,](\d{1,2})$", number)
    if match:
        whole, point, cents = number[: match.start()], ".", match[1]
    try:
        return Decimal(re.sub(r"[,. ]", "", whole) + point + cents)
    except InvalidOperation:
        return None


def _dates(text: str, spec: SlotSpec, today: date, asked: bool) -> Iterator[Found]:
    found: list[tuple[int, int, date | None]] = []
    for match in ISO_DATE.finditer(text):
        found.append((*match.span(), _date(match[1], match[2], match[3])))
    for match in SLASH_DATE.finditer(text):
        found.append((*match.span(), _slash_date(match[1], match[3], match[4], spec.date_order)))
    for match in DAY_MONTH.finditer(text):
        found.append((*match.span(), _named_date(match[3], match[2], match[1], today)))
    for match in MONTH_DAY.finditer(text):
        found.append((*match.span(), _named_date(match[3], match[1], match[2], today)))
    for match in RELATIVE.finditer(text):
        found.append((*match.span(), _relative(match, today)))
    end = 0
    for start, stop, value in sorted(found, key=lambda one: (one[0], -one[1])):
        if value is not None and start >= end:
            yield Found(value.isoformat(), start, stop)
            end = stop


def _slash_date(first: str, second: str, year: str, order: str) -> date | None:
    """Read 03/04/2026 by the flow's setting; where only one reading is a date, it is that one."""
    full_year = year if len(year) == 4 else f"20{year}"
    day_first, month_first = _date(full_year, second, first), _date(full_year, first, second)
    if order == "ask" and day_first and month_first:
        return day_first if day_first == month_first else None
    preferred, other = (month_first, day_first) if order == "month_first" else (day_first, month_first)
    return preferred or other


def _named_date(year: str | None, month: str, day: str, today: date) -> date | None:
    """Read "3 March"; without a year it is the nearest such day up to a week ahead."""
    number = MONTHS[month.lower()]
    if year:
        return _date(year, number, day)
    this_year = _date(today.year, number, day)
    if this_year is not None and this_year > today + timedelta(days=7):
        return _date(today.year - 1, number, day)
    return this_year


def _relative(match: re.Match[str], today: date) -> date | None:
    for group, days in ((1, 0), (2, -1), (3, -2), (4, 1)):
        if match[group]:
            return today + timedelta(days=days)
    count = COUNTS.get(match[5].lower()) or int(match[5])
    return today - timedelta(days=count * (7 if match[6].lower() == "week" else 1))


def _date(year: str | int, month: str | int, day: str | int) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def _choices(text: str, spec: SlotSpec, today: date, asked: bool) -> Iterator[Found]:
    folded = text.casefold()
    listed = sorted((choice for choice in spec.choices if choice.strip()), key=len, reverse=True)
    hits: list[Found] = []
    for choice in listed:
        pattern = rf"(?<!\w){re.escape(choice.strip().casefold())}(?!\w)"
        for match in re.finditer(pattern, folded):
            if all(match.end() <= hit.start or match.start() >= hit.end for hit in hits):
                hits.append(Found(choice.strip(), *match.span()))
    if len({hit.value for hit in hits}) > 1:
        return  # "Starter or Team?" names neither
    if hits or not asked:
        yield from sorted(hits, key=lambda hit: hit.start)[:1]
        return
    yield from _nearly(text, listed)


def _nearly(text: str, listed: Sequence[str]) -> Iterator[Found]:
    """Yield the choice that a short answer gives by number or misspells."""
    words = re.findall(r"\w+", text.casefold())
    if len(words) > 8:
        return
    by_name = {choice.strip().casefold(): choice.strip() for choice in listed}
    near = {
        by_name[name]
        for word in (*words, " ".join(words))
        for name in difflib.get_close_matches(word, by_name, n=1, cutoff=NEAR_CHOICE)
        if name[0] == word[0]
    }
    if len(near) == 1:
        yield Found(near.pop(), 0, len(text))


def _phones(text: str, spec: SlotSpec, today: date, asked: bool) -> Iterator[Found]:
    region = spec.region or None
    for match in phonenumbers.PhoneNumberMatcher(text, region, leniency=phonenumbers.Leniency.VALID):
        number = phonenumbers.format_number(match.number, phonenumbers.PhoneNumberFormat.E164)
        yield Found(number, match.start, match.end)


_FINDERS = {
    slot_types.EMAIL: _emails,
    slot_types.REFERENCE: _references,
    slot_types.AMOUNT: _amounts,
    slot_types.DATE: _dates,
    slot_types.CHOICE: _choices,
    slot_types.PHONE: _phones,
}
