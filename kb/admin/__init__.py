"""The knowledge base in the admin: articles, revisions, audiences, product pages, synonyms."""

from kb.admin import articles, audiences, gaps, lint, questions, revisions, synonyms

__all__ = ["articles", "audiences", "gaps", "lint", "questions", "revisions", "synonyms"]
