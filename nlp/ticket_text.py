"""The whole way of a ticket's message to a text that may be kept and trained on.

In order: readable text, the customer's own words, personal data masked, shorthand written out. Each step is a
module of its own; this one only joins them, and says which version of the way a stored text has gone.
"""

from __future__ import annotations

from dataclasses import dataclass

from nlp.cleaning import MAX_CHARACTERS, clean
from nlp.edits import Tracked
from nlp.glossary import Expansion, Glossary
from nlp.html_mail import html_to_text
from nlp.mail_parts import Part, split
from nlp.redaction import Span, redact

PIPELINE_VERSION = 1  # raise it whenever the same message would come out otherwise
MAX_ROUNDS = 8


@dataclass(frozen=True, slots=True)
class Prepared:
    """A message on its way's end.

    ``clean`` is what is kept; ``readable`` the whole message as plain text, personal data included, into
    which the positions of ``dropped``, ``masked`` and ``expanded`` point. ``only_quote``: the customer wrote
    nothing. A span may lie within another where one step worked on what an earlier one had put there.
    ``version`` is ``version_of`` the glossary used.
    """

    clean: str
    readable: str
    raw_length: int
    dropped: tuple[Part, ...]
    masked: tuple[Span, ...]
    expanded: tuple[Expansion, ...]
    only_quote: bool
    version: str


def version_of(glossary: Glossary | None) -> str:
    """Return what a stored text carries if up to date: the pipeline's version and the table's digest."""
    return f"{PIPELINE_VERSION}:{glossary.digest[:16] if glossary is not None else '-'}"


def prepare(text: str, *, is_html: bool = False, glossary: Glossary | None = None) -> Prepared:
    """Return a message cleaned, cut to its own words, masked and written out; pure and idempotent.

    Preparing the ``clean`` text again, as plain text with the same glossary, changes nothing.
    """
    readable = _readable(text, is_html=is_html)
    tracked = Tracked(readable)
    dropped: list[Part] = []
    masked: list[Span] = []
    expanded: list[Expansion] = []
    for _ in range(MAX_ROUNDS):
        before = tracked.text
        _drop(tracked, dropped)
        _mask(tracked, masked)
        if glossary is not None:
            _expand(tracked, expanded, glossary)
        _settle(tracked)
        if tracked.text == before:
            break
    return Prepared(
        clean=tracked.text,
        readable=readable,
        raw_length=len(text),
        dropped=tuple(sorted(dropped, key=lambda part: (part.start, part.end))),
        masked=tuple(sorted(masked, key=lambda span: (span.start, span.end))),
        expanded=tuple(sorted(expanded, key=lambda fired: (fired.start, fired.end))),
        only_quote=bool(dropped) and not tracked.text,
        version=version_of(glossary),
    )


def _drop(tracked: Tracked, dropped: list[Part]) -> None:
    parts = split(tracked.text).dropped
    dropped += [Part(part.kind, *tracked.original(part.start, part.end)) for part in parts]
    tracked.apply([(part.start, part.end, "") for part in parts])


def _mask(tracked: Tracked, masked: list[Span]) -> None:
    spans = [
        span for span in redact(tracked.text).found if tracked.text[span.start : span.end] != f"[{span.kind}]"
    ]
    masked += [Span(*tracked.original(span.start, span.end), span.kind) for span in spans]
    tracked.apply([(span.start, span.end, f"[{span.kind}]") for span in spans])


def _expand(tracked: Tracked, expanded: list[Expansion], glossary: Glossary) -> None:
    fired = glossary.expand(tracked.text).fired
    expanded += [
        Expansion(*tracked.original(match.start, match.end), match.term, match.expansion) for match in fired
    ]
    tracked.apply([(match.start, match.end, match.expansion) for match in fired])


def _settle(tracked: Tracked) -> None:
    """Clean once more what the steps left; positions inside the changed stretch become that stretch."""
    new, old = _readable(tracked.text, is_html=False), tracked.text
    if new == old:
        return
    limit = min(len(new), len(old))
    head = next((i for i in range(limit) if new[i] != old[i]), limit)
    tail = next((i for i in range(limit - head) if new[-1 - i] != old[-1 - i]), limit - head)
    if head + tail == len(old):  # something came in between: give it a neighbour's place
        head, tail = (head - 1, tail) if head else (head, tail - 1)
    tracked.apply([(head, len(old) - tail, new[head : len(new) - tail])])


def _readable(text: str, *, is_html: bool) -> str:
    """Return plain text that cleaning leaves as it is, however often markup was escaped in it."""
    text = html_to_text(text) if is_html else text[:MAX_CHARACTERS]
    for _ in range(MAX_ROUNDS):
        cleaned = clean(text)
        if cleaned == text:
            return text
        text = cleaned
    return clean(text.replace("<", " ").replace("&", " "))
