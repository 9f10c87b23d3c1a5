"""Find the sums of money in a text: "$1,200.50", "1.200,50 €", "USD 500", "five hundred bucks". Pure.

Each is exact in the currency's smallest unit (ISO 4217: two digits, none for yen, three for Bahraini dinars).
Where the text does not say which currency it is ("12 000 kr", "1.5k") the currency stays empty: unknown is
for the rules to judge. Says nothing about what a sum is said of.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import ROUND_CEILING, Decimal

from escalation.contracts import Amount
from escalation.normalisation import PlainText, plain


def _split(names: str) -> list[str]:
    return names.split()


UNKNOWN = ""
MAX_AMOUNTS = 20
DEFAULT_DIGITS = 2
MINOR_DIGITS = {
    **dict.fromkeys(_split("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"), 0),
    **dict.fromkeys(_split("BHD IQD JOD KWD LYD OMR TND"), 3),
}
CODES = frozenset(
    _split(
        "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD "
        "CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD "
        "GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT "
        "LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR "
        "NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP "
        "STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD "
        "XOF XPF YER ZAR ZMW ZWG"
    )
)
# A code that is an English word ("all 5", "top 10", "try 3") names a currency only in capitals.
WORDS_TOO = frozenset({"all", "top", "try", "cup", "mad", "gel", "ron", "sos", "lak", "pen", "bam", "cad"})
SYMBOLS = {
    **{"us$": "USD", "a$": "AUD", "au$": "AUD", "c$": "CAD", "ca$": "CAD", "nz$": "NZD", "hk$": "HKD"},
    **{"s$": "SGD", "r$": "BRL", "mx$": "MXN", "$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR"},
    **{"₩": "KRW", "₽": "RUB", "₺": "TRY", "₪": "ILS", "₫": "VND", "₱": "PHP", "₴": "UAH", "฿": "THB"},
    **{"zł": "PLN", "zl": "PLN", "kc": "CZK", "rs": "INR", "kr": UNKNOWN, "kr.": UNKNOWN},
}
NAMES = {
    **dict.fromkeys(("dollar", "dollars", "buck", "bucks", "us dollars", "usd"), "USD"),
    **dict.fromkeys(("euro", "euros", "eur"), "EUR"),
    **dict.fromkeys(("pound", "pounds", "quid", "sterling"), "GBP"),
    **dict.fromkeys(("yen",), "JPY"),
    **dict.fromkeys(("rupee", "rupees"), "INR"),
    **dict.fromkeys(("yuan", "rmb", "renminbi"), "CNY"),
    **dict.fromkeys(("swiss francs", "schweizer franken"), "CHF"),
    **dict.fromkeys(("canadian dollars",), "CAD"),
    **dict.fromkeys(("australian dollars",), "AUD"),
    **dict.fromkeys(("zloty", "zlotys"), "PLN"),
    **dict.fromkeys(("kroner", "kronor", "kronen", "pesos", "francs", "dinars", "grand"), UNKNOWN),
}
SCALES = {
    **dict.fromkeys(("k", "thousand", "tsd", "grand", "mil", "mille"), 1_000),
    **dict.fromkeys(("m", "mio", "million", "millions", "millionen"), 1_000_000),
}
_UNITS = _split(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
)
_TENS = _split("twenty thirty forty fifty sixty seventy eighty ninety")
NUMBER_WORDS = {word: n for n, word in enumerate(_UNITS)} | {
    word: 20 + 10 * n for n, word in enumerate(_TENS)
}

_NUMBER = r"\d{1,3}(?:[,.' ]\d{3})+(?:[.,]\d{1,3})?(?!\d)|\d{1,15}(?:[.,]\d{1,3})?(?!\d)"
_SCALE = rf"(?: ?(?P<scale>{'|'.join(sorted(SCALES, key=len, reverse=True))})(?!\w))?"
_SYMBOL = "|".join(re.escape(symbol) for symbol in sorted(SYMBOLS, key=len, reverse=True))
_CODE = "|".join(sorted(code.lower() for code in CODES))
_NAME = "|".join(re.escape(name) for name in sorted(NAMES, key=len, reverse=True))
_BEFORE = re.compile(
    rf"(?<![\w$€£])(?P<currency>{_SYMBOL}|{_CODE}) ?-?(?P<number>{_NUMBER}){_SCALE}(?!\w)"
    rf"(?: ?(?P<after>{_CODE})(?!\w))?"
)
_AFTER = re.compile(
    rf"(?<![\w.,$€£])(?P<number>{_NUMBER}){_SCALE} ?-?"
    rf"(?P<currency>(?:{_NAME}|{_SYMBOL}|{_CODE})(?!\w)|[€£$¥₹])"
)
_SCALED = re.compile(rf"(?<![\w.,$€£])(?P<number>{_NUMBER})(?P<scale>k)(?!\w)(?P<currency>)")
# A bare number is a sum only right after a word that takes one.
_PAID = re.compile(
    r"\b(?:charged|billed|invoiced|debited|deducted|withdrew|took|paid|refund|reimburse|overcharged|owe)"
    r"(?: (?:me|us|my card|our card|my account|our account|by|an?|extra|about|over|almost|of))*"
    rf" (?P<number>{_NUMBER})(?P<scale>)(?P<currency>)"
    r"(?![\w%]| ?(?:[x×:/%]|times?\b|seats?|users?|licen|days?|weeks?|months?|years?|hours?|minutes?"
    r"|invoices?|cards?|payments?|charges?|people|agents?|accounts?|customers?|cents?\b|st\b|nd\b|rd\b|th\b))"
)
_CENTS = re.compile(rf"(?<![\w.,$€£])(?P<number>{_NUMBER}) ?(?P<currency>us |euro)?cents?\b")
_IN_WORDS = re.compile(
    rf"\b(?P<words>(?:(?:{'|'.join(NUMBER_WORDS)}|hundred|thousand|an?|and)[ -])+)(?P<currency>{_NAME})(?!\w)"
)


def amounts_find(text: str) -> tuple[Amount, ...]:
    """Return the sums that ``text`` names, in order, at most MAX_AMOUNTS; none overlaps another."""
    words = plain(text)
    found: list[tuple[int, int, Amount]] = []
    for start, end, amount in _candidates(words):
        if all(end <= first or last <= start for first, last, _ in found):
            found.append((start, end, amount))
    return tuple(amount for _, _, amount in sorted(found, key=lambda item: item[0])[:MAX_AMOUNTS])


def minor_units(number: Decimal, currency: str) -> int:
    """Return ``number`` in the currency's smallest unit; a fraction of it counts as a whole one."""
    digits = MINOR_DIGITS.get(currency, DEFAULT_DIGITS)
    return int(number.scaleb(digits).to_integral_value(ROUND_CEILING))


def _candidates(words: PlainText) -> Iterator[tuple[int, int, Amount]]:
    text = words.text
    if any(character.isdigit() for character in text):
        for pattern in (_BEFORE, _AFTER, _SCALED, _PAID):
            for match in pattern.finditer(text):
                currency = _currency_of(match, words)
                if currency is not None:
                    number = _decimal(match["number"], currency) * SCALES.get(match["scale"] or "", 1)
                    yield _found(match.start(), match.end(), number, currency, words)
        for match in _CENTS.finditer(text):
            currency = "EUR" if match["currency"] == "euro" else "USD"
            number = _decimal(match["number"], currency) / 100
            yield _found(match.start(), match.end(), number, currency, words)
    for match in _IN_WORDS.finditer(text):
        value = _value_of(match["words"])
        if value:
            yield _found(match.start(), match.end(), Decimal(value), NAMES[match["currency"]], words)


def _found(start: int, end: int, number: Decimal, currency: str, words: PlainText) -> tuple[int, int, Amount]:
    return start, end, Amount(minor_units(number, currency), currency, words.evidence(start, end))


def _currency_of(match: re.Match[str], words: PlainText) -> str | None:
    """Return the ISO code, UNKNOWN, or None: what stands there is another word."""
    after = match.groupdict().get("after")
    if after:  # "$500 CAD"
        return after.upper()
    said: str = match["currency"]
    if said in SYMBOLS:
        return SYMBOLS[said]
    if said in NAMES:
        return NAMES[said]
    if said in WORDS_TOO and not words.evidence(*match.span("currency")).isupper():
        return None
    return said.upper() if said else UNKNOWN


def _decimal(written: str, currency: str) -> Decimal:
    """Read digits with their separators: the last one is a decimal point unless three digits follow it."""
    digits = re.sub(r"[' ]", "", written)
    last = max(digits.rfind(","), digits.rfind("."))
    if last < 0:
        return Decimal(digits)
    behind = len(digits) - last - 1
    others = {character for character in digits[:last] if not character.isdigit()}
    thousands = behind == 3 and digits[last] not in ("", *_decimal_points(digits, last, others, currency))
    whole = re.sub(r"\D", "", digits[:last]) or "0"
    fraction = digits[last + 1 :]
    return Decimal(whole + fraction) if thousands else Decimal(f"{whole}.{fraction}")


def _decimal_points(digits: str, last: int, others: set[str], currency: str) -> tuple[str, ...]:
    """Return the separator at ``last`` if it is a decimal point although three digits follow."""
    is_point = (others and digits[last] not in others) or digits[:last] == "0"
    is_small_unit = digits[last] == "." and MINOR_DIGITS.get(currency) == 3
    return (digits[last],) if is_point or is_small_unit else ()


def _value_of(words: str) -> int:
    """Return the number that words say ("twelve hundred", "a thousand two hundred"), 0 for none."""
    total = current = 0
    for word in re.split(r"[ -]+", words.strip()):
        if word in NUMBER_WORDS:
            current += NUMBER_WORDS[word]
        elif word == "hundred":
            current = max(current, 1) * 100
        elif word == "thousand":
            total, current = total + max(current, 1) * 1_000, 0
    return total + current
