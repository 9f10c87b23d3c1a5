"""Intents themselves: starter set, edits, moves, what the activity log keeps."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from core.actors import Actor
from core.errors import Conflict, InvalidInput, StaleTransition
from core.models import Activity
from intents.models import Intent
from intents.services import intent_activate, intent_archive, intent_create, intent_update

STARTERS = {
    "billing_inquiry",
    "feature_request",
    "bug_report",
    "account_access",
    "integration_setup",
    "data_export",
}


@pytest.mark.django_db
@pytest.mark.row("3.2")
def test_one_command_loads_the_six_starter_intents_once(tmp_path: Path) -> None:
    out = StringIO()
    call_command("load_starter_intents", json=tmp_path / "first.json", stdout=out)
    Intent.objects.filter(slug="bug_report").update(label="Faults")
    call_command("load_starter_intents", json=tmp_path / "second.json", stdout=out)

    assert set(json.loads((tmp_path / "first.json").read_text())["created"]) == STARTERS
    assert json.loads((tmp_path / "second.json").read_text()) == {"created": []}
    assert set(Intent.objects.values_list("slug", flat=True)) == STARTERS
    assert Intent.objects.get(slug="bug_report").label == "Faults"
    assert Activity.objects.filter(verb="intent.created").count() == 6


def test_an_edit_records_only_what_changed(make_intent: Callable[..., Intent], actor: Actor) -> None:
    intent = make_intent()
    intent_update(
        actor=actor, intent=intent, label="Billing", resolution="human_only", resolution_reason="Money"
    )
    line = Activity.objects.get(verb="intent.updated")
    assert line.before == {"resolution": "ai_assisted", "resolution_reason": ""}
    assert line.after == {"resolution": "human_only", "resolution_reason": "Money"}


def test_an_edit_that_changes_nothing_writes_nothing(
    make_intent: Callable[..., Intent], actor: Actor
) -> None:
    intent_update(actor=actor, intent=make_intent(), label="Billing")
    assert not Activity.objects.filter(verb="intent.updated").exists()


@pytest.mark.parametrize("slug", ["", "Billing", "1st", "with space", "x" * 61, "naïve"])
def test_a_bad_slug_is_refused_and_nothing_is_written(db: None, actor: Actor, slug: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        intent_create(actor=actor, slug=slug, label="Label")
    assert refusal.value.code == "invalid_intent"
    assert set(refusal.value.extra["fields"]) == {"slug"}
    assert (Intent.objects.count(), Activity.objects.count()) == (0, 0)


def test_a_slug_that_is_taken_is_refused(make_intent: Callable[..., Intent], actor: Actor) -> None:
    make_intent()
    with pytest.raises(Conflict) as refusal:
        intent_create(actor=actor, slug="billing", label="Again")
    assert refusal.value.code == "slug_taken"
    assert Intent.objects.get().label == "Billing"


def test_the_slug_and_the_state_cannot_be_edited(make_intent: Callable[..., Intent], actor: Actor) -> None:
    with pytest.raises(InvalidInput) as refusal:
        intent_update(actor=actor, intent=make_intent(), slug="other", state="archived")
    assert refusal.value.code == "not_editable"
    assert Intent.objects.get().slug == "billing"


def test_of_two_people_who_archive_at_once_one_is_told(
    make_intent: Callable[..., Intent], actor: Actor
) -> None:
    intent = make_intent()
    other = Intent.objects.get()
    intent_archive(actor=actor, intent=intent)
    with pytest.raises(StaleTransition):
        intent_archive(actor=actor, intent=other)
    assert Activity.objects.filter(verb="intent.archived").count() == 1


def test_an_archived_intent_comes_back(make_intent: Callable[..., Intent], actor: Actor) -> None:
    intent = make_intent()
    intent_archive(actor=actor, intent=intent)
    intent_activate(actor=actor, intent=intent)
    assert Intent.objects.get().state == "active"
