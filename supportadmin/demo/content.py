"""Read the demo company's files."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from kb.article_files import ArticleFile
from kb.article_files import read_articles as read_article_files

FOLDER = Path(__file__).parent


def read_articles() -> list[ArticleFile]:
    """Return the articles; their metadata holds slug, audience, pages, owner and labels."""
    return read_article_files(FOLDER / "articles")


@lru_cache
def read_workspace() -> dict[str, Any]:
    """Return company, vocabularies, pages, people, handoff language."""
    return _read("workspace.yaml")


@lru_cache
def read_intents() -> list[dict[str, Any]]:
    """Return the intents with their examples."""
    intents: list[dict[str, Any]] = _read("intents.yaml")["intents"]
    return intents


@lru_cache
def read_test_questions() -> dict[str, Any]:
    """Return ``articles`` (questions by article) and ``utterances`` (text, intent or None for off-topic)."""
    return _read("test_questions.yaml")


@lru_cache
def read_actions() -> dict[str, Any]:
    """Return ``connections`` and ``actions``."""
    return _read("actions.yaml")


def _read(name: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))
    return content
