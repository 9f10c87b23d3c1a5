"""The demo's tagging inbox: messages wait, people have decided, the agreement page says something."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from core.actors import Actor
from core.agreement import overall_agreement
from core.models import Job
from intents.models import Example, TaggingDecision, TaggingItem
from intents.tagging.filling import TASK
from intents.tagging.selectors import double_tags, inbox_summary
from supportadmin.demo.tagging import demo_inbox
from supportadmin.demo.tickets.source import DemoTickets
from tests.supportadmin.conftest import user_of
from tickets.models import ImportBatch

pytestmark = [pytest.mark.usefixtures("demo"), pytest.mark.django_db]


@pytest.mark.row("3.8")
def test_a_few_hundred_messages_wait_and_some_have_suggestions() -> None:
    summary = inbox_summary()
    assert summary.waiting >= 250
    asked = TaggingItem.objects.exclude(release=None)
    assert asked.exists()
    assert set(asked.values_list("release", "model_version")) == {(1, 1)}
    refill = Job.objects.get(task=TASK)
    assert (refill.state, refill.available_at > timezone.now() + timedelta(seconds=1)) == ("queued", True)


@pytest.mark.row("3.9")
def test_people_of_the_demo_have_tagged_enough_messages_twice() -> None:
    found = overall_agreement(double_tags())
    assert (found.n, found.agreed) == (22, 19)
    assert 0.7 < (found.kappa or 0) < 0.95
    assert inbox_summary().awaiting_lead == 3
    assert TaggingItem.objects.golden().count() == 1


@pytest.mark.row("3.4", "3.8")
def test_what_people_tagged_are_examples_of_what_the_tickets_are_about() -> None:
    meant = DemoTickets(ImportBatch.objects.get().window_end).meanings()
    tagged = Example.objects.filter(source_ref__startswith="zendesk:").select_related("intent")
    assert tagged.count() == 24
    for example in tagged:
        assert meant[example.source_ref.removeprefix("zendesk:")] == example.intent.slug


@pytest.mark.row("3.9")
@pytest.mark.parametrize("page", ["", "disagreements/", "agreement/"])
def test_the_lead_sees_the_pages_filled(client_of: Callable[[str], Client], page: str) -> None:
    shown = client_of("support_lead").get(f"/admin/intents/taggingitem/{page}").content.decode()
    assert "Jonah Wexley" in shown or "tagging-data" in shown
    assert "too few: 22" not in shown


def test_asked_again_the_people_decide_nothing_again(demo: dict[str, Any]) -> None:
    before = list(TaggingDecision.objects.values_list("pk", "undone_at"))
    tagger, lead, admin = (Actor.of_user(user_of(demo, role)) for role in ("tagger", "support_lead", "admin"))
    assert demo_inbox(tagger=tagger, lead=lead, admin=admin) == inbox_summary().waiting
    assert list(TaggingDecision.objects.values_list("pk", "undone_at")) == before
