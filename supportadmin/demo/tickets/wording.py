"""Make one wording out of a phrase with choices: ``[a|b]`` takes one, ``{name}`` a word from the lists.

The same name stands for the same word all through a ticket. Decides nothing about what is said.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from random import Random

from supportadmin.demo.tickets.phrases import common

CHOICE = re.compile(r"\[([^\[\]]*\|[^\[\]]*)\]")
SLOT = re.compile(r"\{(\w+)\}")
SPACES = re.compile(r"[ \t]{2,}")
BEFORE_PUNCTUATION = re.compile(r" +(?=[.,!?](?:\s|$))")
PAID_SEAT_DOLLARS = (12, 24, 240)


class Words:
    """The words of one ticket: ``known`` are given, all others are drawn once and then stay."""

    def __init__(self, random: Random, at: datetime, known: Mapping[str, str]) -> None:
        self._random, self._at, self._words = random, at, dict(known)

    def say(self, phrase: str) -> str:
        """Return one wording of ``phrase``."""
        while CHOICE.search(phrase):
            phrase = CHOICE.sub(lambda match: self._random.choice(match[1].split("|")), phrase)
        text = SLOT.sub(lambda match: self[match[1]], phrase)
        return BEFORE_PUNCTUATION.sub("", SPACES.sub(" ", text)).strip()

    def pick(self, phrases: tuple[str, ...]) -> str:
        """Return one wording of one of ``phrases``."""
        return self.say(self._random.choice(phrases))

    def __getitem__(self, name: str) -> str:
        if name not in self._words:
            self._words[name] = self._draw(name)
        return self._words[name]

    def _draw(self, name: str) -> str:
        listed = common()["slots"].get(name)
        if listed is not None:
            word: str = self._random.choice(listed)
            return word if isinstance(word, str) else word[0]
        return self._number(name) or self._day(name)

    def _number(self, name: str) -> str:
        draw = self._random.randint
        if name == "amount":
            dollars = self._random.choice(PAID_SEAT_DOLLARS) * draw(2, 14)
            return f"${dollars:,}"
        if name == "sku":
            letters = "".join(self._random.choice("ABCDEFGHKLMNPRSTW") for _ in range(2))
            return f"{letters}-{draw(100, 9999)}"
        numbers = {
            "n": draw(2, 9),
            "dozen": draw(11, 60),
            "hundred": draw(110, 980),
            "thousand": draw(1200, 9800),
        }
        if name in numbers:
            return str(numbers[name])
        codes = {
            "inv": f"INV-{draw(20100, 24990)}",
            "lk": f"LK-{draw(41000, 48990)}",
            "po": str(draw(45001, 45980)),
        }
        return codes.get(name, "")

    def _day(self, name: str) -> str:
        ago = self._at - timedelta(days=self._random.randint(2, 12))
        days = {
            "date": f"{ago.day} {ago:%B}",
            "weekday": f"{self._at - timedelta(days=self._random.randint(1, 4)):%A}",
            "month": f"{self._at + timedelta(days=self._random.randint(5, 40)):%B}",
            "lastmonth": f"{self._at.replace(day=1) - timedelta(days=1):%B}",
            "clock": f"{self._random.randint(8, 17)}:{self._random.randint(10, 59)}",
        }
        return days[name]
