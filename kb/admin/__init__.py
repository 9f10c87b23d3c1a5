"""The knowledge base in the admin: articles, revisions, audiences, product pages."""

from kb.admin import articles, audiences, findings, gaps, lint, questions, revisions

__all__ = ["articles", "audiences", "findings", "gaps", "lint", "questions", "revisions"]
