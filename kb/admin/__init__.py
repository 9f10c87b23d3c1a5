"""The knowledge base in the admin: articles, revisions, audiences, product pages, findings, gaps, synonyms."""

from kb.admin import articles, audiences, findings, gaps, lint, questions, revisions, synonyms

__all__ = ["articles", "audiences", "findings", "gaps", "lint", "questions", "revisions", "synonyms"]
