"""The knowledge base in the admin, one module per kind of page."""

from kb.admin import (
    articles,
    audiences,
    bulk,
    findings,
    gaps,
    imports,
    lint,
    questions,
    revisions,
    sources,
    synonyms,
    voice,
)

__all__ = [
    "articles",
    "audiences",
    "bulk",
    "findings",
    "gaps",
    "imports",
    "lint",
    "questions",
    "revisions",
    "sources",
    "synonyms",
    "voice",
]
