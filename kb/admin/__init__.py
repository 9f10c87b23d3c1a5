"""The knowledge base in the admin: articles, revisions, audiences, product pages."""

from kb.admin import articles, audiences, bulk, gaps, imports, lint, questions, revisions, sources

__all__ = ["articles", "audiences", "bulk", "gaps", "imports", "lint", "questions", "revisions", "sources"]
