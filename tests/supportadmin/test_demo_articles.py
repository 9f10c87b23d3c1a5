"""The checks of the knowledge base against what is planted in the demo's articles."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
import yaml
from django.conf import settings

from kb.audit import checks
from kb.audit.checks import AuditedArticle
from nlp.encoder import load_encoder
from supportadmin.demo.content import FOLDER, read_articles

NOW = datetime(2026, 11, 1, tzinfo=UTC)
MOST_FALSE_PER_100_ARTICLES = 3


def articles() -> list[AuditedArticle]:
    found = []
    for number, file in enumerate(read_articles(), start=1):
        audience = file.metadata.get("audience", {})
        facets = {kind: frozenset(values) for kind, values in audience.items() if kind != "everyone"}
        found.append(AuditedArticle(number, file.title, file.markdown, NOW, None, facets))
    return found


def slug_by_id() -> dict[int, str]:
    return {number: file.metadata["slug"] for number, file in enumerate(read_articles(), start=1)}


def planted() -> dict:
    return yaml.safe_load((FOLDER / "tickets" / "planted.yaml").read_text())["articles"]


def pairs(result: checks.Checked, rows: list[AuditedArticle]) -> set[frozenset[str]]:
    slugs = slug_by_id()
    return {frozenset(slugs[pk] for pk in finding.articles) for finding in result.findings}


@pytest.mark.row("1.9", "2.8")
def test_every_planted_contradiction_is_found_and_few_others() -> None:
    rows = articles()
    found = pairs(checks.contradictions(rows, load_encoder(settings.ENCODER_PATH).encode), rows)
    wanted = {frozenset(entry["articles"]) for entry in planted()["contradictions"]}
    assert wanted <= found, wanted - found
    assert len(found - wanted) <= MOST_FALSE_PER_100_ARTICLES * len(rows) / 100, found - wanted


@pytest.mark.row("1.9", "2.9")
def test_the_planted_near_duplicate_is_found_and_no_other() -> None:
    rows = articles()
    found = pairs(checks.near_duplicates(rows, load_encoder(settings.ENCODER_PATH).encode), rows)
    assert found == {frozenset(pair) for pair in planted()["near_duplicates"]}


@pytest.mark.row("1.9")
def test_the_planted_outdated_articles_are_found_and_no_other() -> None:
    rows = articles()
    found = {slug_by_id()[f.articles[0]] for f in checks.outdated(rows, date(2026, 11, 1)).findings}
    assert found == set(planted()["outdated"])
