"""Fixtures of the intents' tests: people, intents with real phrasings."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.actors import Actor
from intents.models import Intent
from intents.services import NewExample, examples_add, intent_create
from tests.intents.phrases import PHRASES


@pytest.fixture
def actor() -> Actor:
    """Return the system as the one who acts."""
    return Actor.system("tests")


@pytest.fixture
def make_intent(db: None, actor: Actor) -> Callable[..., Intent]:
    """Make an active intent with ``real`` ticket phrasings and ``synthetic`` invented ones."""

    def make(slug: str = "billing", *, real: int = 0, synthetic: int = 0, state: str = "active") -> Intent:
        label = slug.replace("_", " ").capitalize()
        intent = intent_create(actor=actor, slug=slug, label=label, state=state)
        rows = [NewExample(f"{slug} real phrasing number {n}", "ticket", f"T-{n}") for n in range(real)]
        rows += [NewExample(f"{slug} invented phrasing number {n}", "synthetic") for n in range(synthetic)]
        report = examples_add(actor=actor, intent=intent, rows=rows)
        assert report.refused == ()
        return intent

    return make


@pytest.fixture
def support_intents(db: None, actor: Actor) -> dict[str, Intent]:
    """Make the small data set of five intents with real phrasings, ready to be trained on."""
    intents = {}
    for slug, phrases in PHRASES.items():
        label = slug.replace("_", " ").capitalize()
        intents[slug] = intent_create(actor=actor, slug=slug, label=label, state="active")
        rows = [NewExample(text, "ticket", f"{slug}-{n}") for n, text in enumerate(phrases, start=1)]
        assert examples_add(actor=actor, intent=intents[slug], rows=rows).refused == ()
    return intents
