"""The knowledge base in the admin: articles, revisions, audiences, product pages, findings, gaps, words."""

from kb.admin import articles, audiences, findings, gaps, lint, questions, revisions, synonyms, voice

__all__ = ["articles", "audiences", "findings", "gaps", "lint", "questions", "revisions", "synonyms", "voice"]
