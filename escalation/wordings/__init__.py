"""The words of handing over, language by language: what the linter looks for, and what is filled in.

Patterns are ours, not users'; texts are at most 1,000 characters. A language is a locale's first part; what
is written here decides nothing about which template is sent (escalation.language).
"""

from __future__ import annotations

from collections.abc import Mapping

from escalation.wordings import de, en, es, fr
from escalation.wordings.shape import Wording

WORDINGS: Mapping[str, Wording] = {"en": en.WORDING, "de": de.WORDING, "fr": fr.WORDING, "es": es.WORDING}


def wording_of(locale: str) -> Wording | None:
    """Return the wording of a locale's language, or None where it is not among ours."""
    return WORDINGS.get(locale.replace("_", "-").partition("-")[0].lower())
