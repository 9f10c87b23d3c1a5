"""Real sections for previews: of published articles alone, by turns steps and prose."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kb.models import Article, Revision
from kb.selectors import sample_sections

pytestmark = [pytest.mark.django_db, pytest.mark.row("2.14")]
BOTH = (
    "# T\n\n## Do it\n\n1. Open it.\n2. Close it.\n\n## What it costs\n\nNothing at all, whatever the plan.\n"
)


def test_sections_are_of_the_newest_published_articles_by_turns_with_steps_and_without(
    draft: Callable[..., Revision], publish: Callable[[Revision], Article]
) -> None:
    assert sample_sections(3) == []
    for number in range(4):
        publish(draft(f"article-{number}", f"Article {number}?", BOTH))
    draft("draft", "A draft?", BOTH)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        found = sample_sections(3)
    assert [(hit.title, hit.heading_path[-1]) for hit in found] == [
        ("Article 3?", "Do it"),
        ("Article 2?", "What it costs"),
        ("Article 1?", "Do it"),
    ]
    assert found[0].quote == "1. Open it.\n2. Close it."
    assert len(queries) == 1
