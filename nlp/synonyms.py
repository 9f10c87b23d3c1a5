"""Words that mean the same to a search: “invoice” also finds what says “bill”.

Each line is a set of phrases of which any finds the others. Phrases match whole words in every form that the
word search takes for the same; of overlapping ones the longest counts. Decides nothing about which they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from nlp.bm25 import Wanted, words

MAX_PHRASE, MAX_PHRASES, MAX_LINES = 60, 12, 1_000

Key = tuple[str, ...]


class SynonymsRefused(ValueError):
    """A line that cannot be used: a stable ``code``, and the phrase it is about."""

    def __init__(self, code: str, phrase: str, message: str) -> None:
        super().__init__(message)
        self.code, self.phrase = code, phrase


class Synonyms:
    """Lines of phrases, ready to be applied to queries."""

    def __init__(self, lines: Iterable[Sequence[str]] = (), *, share: float = 1.0) -> None:
        """Take lines of phrases; raise SynonymsRefused: empty, too_long, too_many, alone or duplicate.

        ``share`` is what another phrase of a line counts in place of the one that was asked for.
        """
        self._share = share
        self._others: dict[Key, tuple[Key, ...]] = {}
        self._lengths: dict[str, list[int]] = {}
        for number, line in enumerate(lines, 1):
            if number > MAX_LINES:
                raise SynonymsRefused("too_many", "", f"There can be at most {MAX_LINES} lines.")
            self._take(line)

    def _take(self, line: Sequence[str]) -> None:
        if len(line) > MAX_PHRASES:
            raise SynonymsRefused("too_many", line[0], f"A line holds at most {MAX_PHRASES} phrases.")
        terms: dict[Key, Key] = {}
        for phrase in line:
            key = _key(phrase)
            found = tuple(term for _, each in words(phrase) for term in each)
            if not found:
                raise SynonymsRefused("empty", phrase, f"“{phrase}” holds no word that a search looks for.")
            if len(phrase) > MAX_PHRASE:
                raise SynonymsRefused("too_long", phrase, f"A phrase has at most {MAX_PHRASE} characters.")
            if key in self._others or key in terms:
                raise SynonymsRefused("duplicate", phrase, f"“{phrase}” is there already.")
            terms[key] = found
        if len(terms) < 2:
            raise SynonymsRefused("alone", line[0] if line else "", "Name at least two phrases.")
        for key in terms:
            others = dict.fromkeys(found for other, found in terms.items() if found != terms[key])
            self._others[key] = tuple(others)
            lengths = self._lengths.setdefault(key[0], [])
            lengths.append(len(key))
            lengths.sort(reverse=True)

    def wanted(self, query: str) -> list[Wanted]:
        """Return the parts of a query (see ``nlp.bm25.Wanted``), phrases with what means the same."""
        found: list[Wanted] = []
        said = words(query)
        keys = [_word(token, terms) for token, terms in said]
        place = 0
        while place < len(said):
            length = self._length_at(keys, place)
            terms = tuple(term for _, each in said[place : place + (length or 1)] for term in each)
            if length:
                others = self._others[tuple(keys[place : place + length])]
                found.append(Wanted(terms, tuple((other, self._share) for other in others)))
            else:
                found += [Wanted((term,)) for term in terms]
            place += length or 1
        return found

    def _length_at(self, keys: Sequence[str], place: int) -> int:
        """Return how many words the longest phrase has that begins here, 0 where none does."""
        for length in self._lengths.get(keys[place], ()):
            if tuple(keys[place : place + length]) in self._others:
                return length
        return 0


def _key(phrase: str) -> Key:
    return tuple(_word(token, terms) for token, terms in words(phrase))


def _word(token: str, terms: Sequence[str]) -> str:
    """Return by what a word is compared: its stem, or itself where the search would pass it over."""
    return terms[0] if terms else token
