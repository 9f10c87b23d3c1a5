"""When two phrasings count as the same text. Pure; does not decide what happens to a duplicate."""

from __future__ import annotations

import hashlib
import re
import unicodedata

_SENTENCE_MARKS = re.compile(r"[.,;:!?…\"'()\[\]«»“”‘’`´]+")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def normalised(text: str) -> str:
    """Return the text without case, sentence marks, Unicode variants and spare white space."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    bare = " ".join(_SENTENCE_MARKS.sub("", folded).split())
    return bare or " ".join(folded.split())


def text_hash(text: str) -> str:
    """Return the sha256 of the normalised text, as hex: equal for texts that count as the same."""
    return hashlib.sha256(normalised(text).encode()).hexdigest()


def is_storable(text: str) -> bool:
    """Return whether every database takes the text: no NUL, no half of a surrogate pair."""
    return _UNSTORABLE.search(text) is None
