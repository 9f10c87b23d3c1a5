"""E-mail addresses in a text, also written with “(at)” and “[dot]”. Pure; says nothing about who has one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nlp import secret_patterns as shapes

AT_WORD = re.compile(r"\s?[\[(]\s?at\s?[\])]\s?", re.IGNORECASE)
DOT_WORD = re.compile(r"\s?[\[(]\s?dot\s?[\])]\s?", re.IGNORECASE)


def email_addresses(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield each address, its domain in lower case, with where it begins and ends in the text."""
    for match in shapes.EMAIL.finditer(text):
        plain = DOT_WORD.sub(".", AT_WORD.sub("@", match.group()))
        local, _, domain = plain.rpartition("@")
        local = local.strip("'")
        if local and ".." not in local and not local.startswith(".") and not local.endswith("."):
            start = match.start() + (match.group().startswith("'"))
            yield f"{local}@{domain.lower()}", start, match.end()
