"""Find agents' canned texts: sentences that come again in many tickets, whatever name or number they carry.

Two passes over the messages: ``Counter`` counts sentences by a hash in bounded memory, then ``Macros`` marks
them. Decides nothing about what becomes of a macro: it may be cut from training text or shown as one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from nlp import mail_phrases as phrases

LEAST_TICKETS = 5
LEAST_WORDS = 4  # shorter sentences come again because people talk alike
CAPACITY = 200_000  # sentences kept at a time: about 40 MB

SENTENCE_END = re.compile(r"(?<=[.!?…])[\"'”)]{0,2}\s+|\n+")
MASK = "#"
NUMBERED = re.compile(
    r"https?://\S{1,2000}|(?<!\S)\S{1,64}@\S{1,255}|\[\w{1,20}\]|\{\{?[\w. -]{1,40}\}?\}|<[\w. -]{1,40}>|"
    r"(?<!\S)(?=\S{0,64}\d)\S{1,300}"
)
NAMED = re.compile(  # where a name stands although the rest of the sentence is canned
    rf"(?:(?<=[Tt]hanks )|(?<=[Tt]hank you )|(?<=[Tt]hanks, )|(?<=[Tt]hank you, )|(?<=name is )|"
    rf"(?<=, )|(?<=[Tt]his is )|(?<=[Ii]ch bin )|(?<=m'appelle )|(?<=[Dd]anke ))"
    rf"{phrases.NAMES}(?=[\s,.!?]|$)"
)
GREETED = re.compile(rf"(?i:{phrases.OPENING}) {MASK}[,.!:-]?\s{{0,3}}")
WORD = re.compile(rf"\w+(?:['’]\w+)*|{MASK}")


@dataclass(frozen=True, slots=True)
class MacroSpan:
    """Characters ``start``…``end`` of a message that ``tickets`` tickets share, by the ``key`` of a sentence.

    Neighbouring sentences are one span; it has the key of the first and the smallest count.
    """

    start: int
    end: int
    key: int
    tickets: int


def normalised(sentence: str) -> str:
    """Return a sentence as it is compared: its words, small, names and numbers masked, no greeting."""
    sentence = NUMBERED.sub(MASK, sentence)
    greeting = phrases.GREETING.match(sentence) or GREETED.match(sentence)
    sentence = sentence[greeting.end() :] if greeting and greeting.end() < len(sentence) else sentence
    return " ".join(WORD.findall(NAMED.sub(MASK, sentence))).casefold()


class Counter:
    """Count in how many tickets each sentence comes, keeping at most ``capacity`` sentences at a time.

    Over capacity the rarest are forgotten (lossy counting, Manku and Motwani 2002): a count is then too low
    by at most ``missed_at_most``, never too high, so no sentence is ever called a macro that is not.
    """

    def __init__(self, *, capacity: int = CAPACITY) -> None:
        self.capacity = max(2, capacity)
        self.missed_at_most = 0
        self._counts: dict[int, int] = {}

    def add_ticket(self, messages: Iterable[str]) -> None:
        """Count the sentences of all agents' messages of one ticket, each once; call once for each ticket."""
        keys = {key for message in messages for _, _, key in _sentences(message)}
        for key in keys:
            self._counts[key] = self._counts.get(key, 0) + 1
        while len(self._counts) > self.capacity:
            self._forget()

    def macros(self, *, least_tickets: int = LEAST_TICKETS) -> Macros:
        """Return the sentences that at least ``least_tickets`` tickets share."""
        return Macros({key: count for key, count in self._counts.items() if count >= least_tickets})

    def _forget(self) -> None:
        rarest = sorted(self._counts.values())[len(self._counts) // 2]
        self.missed_at_most += rarest
        self._counts = {key: count - rarest for key, count in self._counts.items() if count > rarest}


class Macros:
    """The sentences that make up the canned texts: their keys and the number of tickets of each."""

    def __init__(self, tickets: Mapping[int, int]) -> None:
        self.tickets = dict(tickets)

    def find(self, message: str) -> tuple[MacroSpan, ...]:
        """Return the canned stretches of a message, in order and apart."""
        spans: list[MacroSpan] = []
        for start, end, key in _sentences(message, least_words=1):
            count = self.tickets.get(key)
            if count is None:
                continue
            last = spans[-1] if spans else None
            if last is not None and not message[last.end : start].strip():
                spans[-1] = MacroSpan(last.start, end, last.key, min(last.tickets, count))
            else:
                spans.append(MacroSpan(start, end, key, count))
        return tuple(spans)

    def without(self, message: str) -> str:
        """Return the message less its canned stretches; empty where it is nothing else."""
        parts, end = [], 0
        for span in self.find(message):
            parts.append(message[end : span.start])
            end = span.end
        text = "".join([*parts, message[end:]])
        return re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]{2,}", " ", text)).strip()


def _sentences(message: str, *, least_words: int = LEAST_WORDS) -> Iterable[tuple[int, int, int]]:
    """Yield start, end and key of each sentence that has enough words to be told apart."""
    start = 0
    for stop in [*SENTENCE_END.finditer(message), None]:
        end = len(message) if stop is None else stop.start()
        words = normalised(message[start:end])
        if words.count(" ") + 1 >= least_words and words.strip(f"{MASK} "):
            yield start, end, _key(words)
        start = len(message) if stop is None else stop.end()


def _key(words: str) -> int:
    return int.from_bytes(hashlib.blake2b(words.encode(errors="replace"), digest_size=8).digest(), "big")
