"""The knowledge base in the admin: articles, revisions, audiences, product pages."""

from kb.admin import articles, audiences, gaps, lint, questions, revisions, voice

__all__ = ["articles", "audiences", "gaps", "lint", "questions", "revisions", "voice"]
