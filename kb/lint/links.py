"""Rules about links, pictures and the audience."""

from __future__ import annotations

from collections.abc import Iterator

from kb.lint.contracts import Context, Finding
from kb.lint.document import Document


def audience(document: Document, context: Context) -> Iterator[Finding]:
    """A001: somebody is to read it."""
    if context.has_audience is False:
        message = "Nobody is to read it yet: choose audiences, or “everyone”."
        yield Finding("A001", "error", 0, 1, message)


def targets(document: Document, context: Context) -> Iterator[Finding]:
    """L001, L002: links lead somewhere and have words."""
    own = frozenset(heading.anchor for heading in document.headings)
    for link in document.links:
        if link.is_image:
            continue
        line, column = document.column_of(link.target or link.words, link.first, link.last)
        if not link.target or not link.words:
            missing = "leads nowhere" if not link.target else "has no words"
            yield Finding("L002", "error", line, column, f"This link {missing}.")
            continue
        problem = _problem(link.target, own, context)
        if problem:
            yield Finding("L001", "error", line, column, problem)


def pictures(document: Document, context: Context) -> Iterator[Finding]:
    """L003: a picture says in words what it shows, which is all that a machine reads of it."""
    for link in document.links:
        if link.is_image and not link.words:
            line, column = document.column_of(link.target, link.first, link.last)
            message = "Say in the square brackets what the picture shows: a machine reads only that."
            yield Finding("L003", "warning", line, column, message)


def linked_slugs(document: Document) -> frozenset[str]:
    """Return the slugs of the articles that are linked to."""
    found = (link.target.partition("#")[0] for link in document.links)
    return frozenset(target.removeprefix("kb:") for target in found if target.startswith("kb:"))


def _problem(target: str, own: frozenset[str], context: Context) -> str:
    if target.startswith("#"):
        return "" if target[1:] in own else f"This article has no heading “{target}”."
    if not target.startswith("kb:") or context.anchors is None:
        return ""
    slug, _, anchor = target.removeprefix("kb:").partition("#")
    if slug not in context.anchors:
        return f"There is no published article “{slug}”."
    if anchor and anchor not in context.anchors[slug]:
        return f"“{slug}” has no heading “#{anchor}”."
    return ""
