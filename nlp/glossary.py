"""Write out shorthand and jargon by an editable table of terms: cx → customer, pw → password.

Terms are plain words, never patterns; they match whole words only, and never inside addresses, code in
backticks, masks such as ``[email]`` or longer words. Decides nothing about which terms a team uses.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

MAX_TERM, MAX_EXPANSION, MAX_ENTRIES = 60, 200, 5_000

DEFAULT_TERMS: Mapping[str, str] = MappingProxyType(
    {
        "2fa": "two-factor authentication",
        "acct": "account",
        "accts": "accounts",
        "addr": "address",
        "afaik": "as far as I know",
        "amt": "amount",
        "appt": "appointment",
        "asap": "as soon as possible",
        "attn": "attention",
        "auth": "authentication",
        "avail": "available",
        "b/c": "because",
        "bcz": "because",
        "biz": "business",
        "btw": "by the way",
        "config": "configuration",
        "configs": "configurations",
        "confg": "configuration",
        "creds": "credentials",
        "cust": "customer",
        "cx": "customer",
        "db": "database",
        "dept": "department",
        "docs": "documentation",
        "env": "environment",
        "envs": "environments",
        "eod": "end of day",
        "eta": "estimated time of arrival",
        "fyi": "for your information",
        "govt": "government",
        "idk": "I do not know",
        "imo": "in my opinion",
        "info": "information",
        "mfa": "multi-factor authentication",
        "mgmt": "management",
        "mgr": "manager",
        "misc": "miscellaneous",
        "msg": "message",
        "msgs": "messages",
        "n/a": "not applicable",
        "nvm": "never mind",
        "perms": "permissions",
        "pls": "please",
        "plz": "please",
        "pmt": "payment",
        "ppl": "people",
        "prod": "production",
        "pw": "password",
        "pwd": "password",  # nosec B105 - the word, not a secret
        "pws": "passwords",
        "qty": "quantity",
        "recd": "received",
        "ref": "reference",
        "repo": "repository",
        "repro": "reproduce",
        "sched": "schedule",
        "tbd": "to be determined",
        "thx": "thanks",
        "txn": "transaction",
        "txns": "transactions",
        "tyvm": "thank you very much",
        "u": "you",
        "ur": "your",
        "w/": "with",
        "w/in": "within",
        "w/o": "without",
        "wknd": "weekend",
        "wrt": "with regard to",
    }
)

PROTECTED = re.compile(
    r"```[\s\S]{0,20000}?```|`[^`\n]{1,2000}`"
    r"|\b[a-z][a-z0-9+.-]{1,15}://[^\s<>]{1,2000}|\bwww\.[^\s<>]{1,2000}"
    r"|[^\s@<>]{1,64}@[^\s@<>]{1,255}"
    r"|\[(?:email|phone|card|iban|token|password)\]",
    re.IGNORECASE,
)
CHUNK = re.compile(r"\w+|[^\w\s]")
BEFORE = frozenset("([{\"'“‘«„,;!?…—–*|¿¡")  # what may stand before a term and is no part of a longer word
AFTER = frozenset(')]}"”»“,;!?…—–*|')
SENTENCE_START = re.compile(r"(?:^|[.!?\n])\s*$")


class EntryRefused(ValueError):
    """An entry that cannot be in a glossary: the ``term`` and a stable ``code``."""

    def __init__(self, code: str, term: str, message: str) -> None:
        super().__init__(message)
        self.code, self.term = code, term


@dataclass(frozen=True, slots=True)
class Expansion:
    """A term of the table that was written out: where it stood, the table's term, and the words put there."""

    start: int
    end: int
    term: str
    expansion: str


@dataclass(frozen=True, slots=True)
class Expanded:
    """The text with its terms written out, and which entries fired, in order; positions in the original."""

    text: str
    fired: tuple[Expansion, ...]


class Glossary:
    """A table of terms, ready to be applied; expansions that use other terms of the table are followed."""

    def __init__(self, entries: Mapping[str, str] | Iterable[tuple[str, str]]) -> None:
        """Compile a table; raise EntryRefused: empty, too_long, too_many, duplicate or circular."""
        pairs = list(entries.items() if isinstance(entries, Mapping) else entries)
        if len(pairs) > MAX_ENTRIES:
            raise EntryRefused("too_many", "", f"A glossary holds at most {MAX_ENTRIES} terms.")
        self._table: dict[str, str] = {}
        self._by_first: dict[str, list[str]] = {}
        for term, expansion in pairs:
            self._take(" ".join(term.split()), " ".join(expansion.split()))
        for terms in self._by_first.values():
            terms.sort(key=len, reverse=True)
        self.digest = hashlib.sha256(json.dumps(sorted(self._table.items())).encode()).hexdigest()
        self._table = {term: self._followed(term) for term in self._table}

    def _take(self, term: str, expansion: str) -> None:
        key = term.lower()
        if not CHUNK.match(term) or not expansion:
            raise EntryRefused("empty", term, "A term and its expansion need at least one character.")
        if len(term) > MAX_TERM or len(expansion) > MAX_EXPANSION:
            raise EntryRefused(
                "too_long", term, f"A term has at most {MAX_TERM} characters, its expansion {MAX_EXPANSION}."
            )
        if key in self._table:
            raise EntryRefused("duplicate", term, f"The term “{term}” is there twice.")
        self._table[key] = expansion
        self._by_first.setdefault(CHUNK.findall(key)[0], []).append(key)

    def _followed(self, term: str) -> str:
        """Return a term's expansion with the terms inside it written out too."""
        expansion = self._table[term]
        for _ in range(10):
            inner = self.expand(expansion)
            if not inner.fired:
                return expansion
            expansion = inner.text
            if any(fired.term == term for fired in inner.fired) or len(expansion) > MAX_EXPANSION:
                break
        raise EntryRefused(
            "circular", term, f"The expansion of “{term}” comes back to the term or grows without end."
        )

    def expand(self, text: str) -> Expanded:
        """Return ``text`` with its terms written out; takes time by the text's length, not the table's."""
        fired = tuple(self._matches(text))
        parts, end = [], 0
        for match in fired:
            parts += [text[end : match.start], match.expansion]
            end = match.end
        return Expanded("".join([*parts, text[end:]]), fired)

    def _matches(self, text: str) -> Iterator[Expansion]:
        protected = [match.span() for match in PROTECTED.finditer(text)]
        done = next_protected = 0
        for chunk in CHUNK.finditer(text):
            terms = self._by_first.get(chunk.group().lower())
            if not terms:
                continue
            start = chunk.start()
            while next_protected < len(protected) and protected[next_protected][1] <= start:
                next_protected += 1
            is_protected = next_protected < len(protected) and protected[next_protected][0] <= start
            if start < done or is_protected or not _may_start(text, start):
                continue
            limit = protected[next_protected][0] if next_protected < len(protected) else len(text)
            for term in terms:
                end = start + len(term)
                if end <= limit and text[start:end].lower() == term and _may_end(text, end):
                    yield Expansion(start, end, term, _in_case_of(text, start, end, self._table[term]))
                    done = end
                    break


def _may_start(text: str, start: int) -> bool:
    before = text[max(0, start - 2) : start]
    if not before or before[-1].isspace():
        return True
    return before[-1] in BEFORE and not (before[-1] in "'’" and before[0].isalnum())


def _may_end(text: str, end: int) -> bool:
    """Tell whether a word ends here: before white space, punctuation that no longer word has, or ``'s``."""
    rest = text[end : end + 3]
    if not rest or rest[0].isspace() or rest[0] in AFTER:
        return True
    following = rest[1:]
    if rest[0] in "'’":
        return not following[:1].isalnum() or (following[0] in "sS" and not following[1:].isalnum())
    return rest[0] in ".:" and (not following or following[0].isspace() or following[0] in AFTER)


def _in_case_of(text: str, start: int, end: int, expansion: str) -> str:
    """Return the expansion in capitals where the text around shouts, or with one where the term had it."""
    found = text[start:end]
    if not found[0].isupper() or not expansion[0].islower():
        return expansion
    letters = [c for c in text[max(0, start - 100) : start] + text[end : end + 100] if c.isalpha()]
    if found.isupper() and sum(c.isupper() for c in letters) > 0.6 * len(letters) > 3:
        return expansion.upper()
    starts_sentence = SENTENCE_START.search(text[max(0, start - 20) : start])
    return expansion[0].upper() + expansion[1:] if starts_sentence or not found.isupper() else expansion


DEFAULT_GLOSSARY = Glossary(DEFAULT_TERMS)
