"""Test questions: what must find an article, and whether it does."""
