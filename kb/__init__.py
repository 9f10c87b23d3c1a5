"""The knowledge base: articles, revisions, review, index and retrieval (guide, step 2)."""
