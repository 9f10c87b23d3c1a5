"""A small Zendesk and a small Freshdesk export, as their APIs return them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.actors import Actor
from kb.exchange.applying import Result, rows_apply
from kb.exchange.audience_mapping import mapping_of
from kb.exchange.planning import Plan, Planner
from kb.exchange.reading import read
from kb.exchange.vocabulary import vocabulary_ensure

HOST = "https://acme.zendesk.com/hc/en-us/articles"


def zendesk(external_id: int = 101, **changes: Any) -> dict[str, Any]:
    """Return one article of Zendesk, for everyone and published."""
    return {
        "id": external_id,
        "html_url": f"{HOST}/{external_id}-Reset",
        "title": "How do I reset my password?",
        "body": "<ol><li>Open <b>Settings</b></li><li>Choose Reset</li></ol>",
        "locale": "en-us",
        "draft": False,
        "outdated": False,
        "section_id": 9,
        "user_segment_id": None,
        "label_names": ["login"],
        "updated_at": "2026-01-02T03:04:05Z",
        **changes,
    }


def freshdesk(external_id: int = 201, **changes: Any) -> dict[str, Any]:
    """Return one article of Freshdesk, in folder 7 and published."""
    return {
        "id": external_id,
        "title": "Where are my invoices?",
        "description": "<p>Under <b>Billing</b>.</p>",
        "status": 2,
        "folder_id": 7,
        "tags": ["billing"],
        "updated_at": "2026-01-02T03:04:05Z",
        **changes,
    }


def page(*articles: Any, **beside: Any) -> bytes:
    """Return one page of the API."""
    return json.dumps({"articles": articles, "next_page": None, **beside}).encode()


def plans(path: Path, system: str, actor: Actor, mapping: dict[str, Any] | None = None) -> list[Plan]:
    """Return what would become of each row."""
    reading = read(path, system, mapping_of(mapping or {}))
    planner = Planner(actor=actor, system=system, vocabulary=reading.vocabulary)
    return list(planner.plans(reading.rows))


def take_in(
    path: Path,
    system: str,
    actor: Actor,
    *,
    mapping: dict[str, Any] | None = None,
    reviewer: Actor | None = None,
) -> list[Result]:
    """Import what lies at ``path``."""
    reading = read(path, system, mapping_of(mapping or {}))
    vocabulary_ensure(actor=actor, vocabulary=reading.vocabulary)
    planner = Planner(actor=actor, system=system, vocabulary=reading.vocabulary)
    return list(rows_apply(actor=actor, planner=planner, rows=reading.rows, reviewer=reviewer))


def outcomes(results: list[Result]) -> list[str]:
    """Return the outcome of each row."""
    return [result.outcome for result in results]


Write = Callable[..., Path]
