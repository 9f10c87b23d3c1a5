"""The knowledge base in the admin: articles, revisions, audiences, product pages."""

from kb.admin import articles, audiences, lint, revisions

__all__ = ["articles", "audiences", "lint", "revisions"]
