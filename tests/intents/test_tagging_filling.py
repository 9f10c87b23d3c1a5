"""Filling the inbox from closed tickets: what joins, in what order, and what never comes back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core import jobs
from core.actors import Actor
from core.errors import NotAllowed
from core.models import Job, User
from intents.inference import classify
from intents.models import Example, Intent, ModelVersion, TaggingItem
from intents.services import example_add, release_activate
from intents.services.judging import NewCase, case_add
from intents.tagging.claiming import items_take
from intents.tagging.contracts import Answer
from intents.tagging.filling import TASK, inbox_fill, inbox_fill_start, inbox_is_current
from tests.intents.tagged import close_tickets, policy, put_into, say
from tickets.models import TicketText

pytestmark = pytest.mark.django_db
TEXTS = (
    "Where can I download the invoice of May?",
    "The mobile app shuts down when I scan a label",
    "How do I connect Slack to our workspace?",
    "Please delete everything you store about us",
    "Our yearly plan should start in October",
)


def _texts() -> list[str]:
    return list(TaggingItem.objects.order_by("position").values_list("text", flat=True))


@pytest.fixture
def tagger(with_role: Callable[[str, str], User]) -> Actor:
    return Actor.of_user(with_role("tara", "Tagger"))


@pytest.mark.row("3.8")
def test_without_a_model_the_inbox_fills_by_volume_and_suggests_nothing() -> None:
    tickets = close_tickets(*TEXTS)
    large = put_into("Invoices", [tickets[0], tickets[4], tickets[3]])
    put_into("App", [tickets[1]])
    filled = inbox_fill()
    assert (filled.added, filled.waiting, filled.release) == (5, 5, None)
    items = list(TaggingItem.objects.order_by("position"))
    ordered = [item.volume for item in items if not item.is_random]
    assert ordered == sorted(ordered, reverse=True)
    assert sum(item.is_random for item in items) == 1
    first = TaggingItem.objects.get(ticket=tickets[0])
    assert (first.text, first.category_id, first.volume) == (TEXTS[0], large.pk, 3)
    assert first.source_ref == f"csv:{tickets[0].external_id}"
    assert first.closed_at == tickets[0].closed_at
    assert {(item.suggested_slug, item.confidence, item.release) for item in items} == {("", None, None)}
    assert TaggingItem.objects.get(ticket=tickets[2]).volume == 1


@pytest.mark.row("3.8")
def test_with_a_model_each_message_has_its_suggestion_score_and_version_ordered_by_margin(
    make_version: Callable[..., ModelVersion], actor: Actor
) -> None:
    release = release_activate(actor=actor, version=make_version())
    close_tickets(*TEXTS)
    assert inbox_fill().release == release.number
    items = list(TaggingItem.objects.order_by("position"))
    assert all(item.suggested_slug and len(item.alternatives) == 3 for item in items)
    assert {(item.release, item.model_version) for item in items} == {(release.number, 1)}
    margins = [item.margin or 0 for item in items if not item.is_random]
    assert margins == sorted(margins)
    sure = TaggingItem.objects.get(text=TEXTS[2])
    assert sure.suggested_slug == "integration_setup"
    assert 0 < (sure.confidence or 0) <= 1
    assert sure.alternatives[0][1] == pytest.approx((sure.confidence or 0) - (sure.margin or 0), abs=2e-4)


@pytest.mark.row("3.8")
def test_filling_again_changes_nothing_and_new_tickets_join() -> None:
    close_tickets(*TEXTS)
    inbox_fill()
    before = list(TaggingItem.objects.order_by("pk").values())
    again = inbox_fill()
    assert (again.added, again.removed) == (0, 0)
    assert list(TaggingItem.objects.order_by("pk").values()) == before
    close_tickets("Can I pay by bank transfer from now on?", first_id=50)
    assert inbox_fill().added == 1
    assert len(_texts()) == 6


@pytest.mark.row("3.8")
def test_a_new_release_asks_about_the_undecided_again_and_leaves_what_people_touched(
    make_version: Callable[..., ModelVersion], actor: Actor, tagger: Actor
) -> None:
    policy(double_percent=0)
    close_tickets(*TEXTS)
    inbox_fill()
    decided, held = TaggingItem.objects.order_by("position")[:2]
    say(tagger, decided, Answer.off_topic())
    items_take(actor=tagger, want=1)
    release = release_activate(actor=actor, version=make_version())
    assert inbox_fill().asked == 3
    assert set(
        TaggingItem.objects.exclude(pk__in=[decided.pk, held.pk]).values_list("release", flat=True)
    ) == {release.number}
    for item in (decided, held):
        item.refresh_from_db()
        assert item.release is None


@pytest.mark.row("3.8")
def test_a_message_is_given_out_with_what_the_model_of_now_says(
    make_version: Callable[..., ModelVersion], tagger: Actor, actor: Actor
) -> None:
    close_tickets(*TEXTS)
    inbox_fill()
    assert {offer.suggestion for offer in items_take(actor=tagger, want=1)} == {None}
    release_activate(actor=actor, version=make_version())
    given = items_take(actor=tagger, want=20)
    assert len(given) >= 4
    for offer in given:
        found = classify(offer.text)
        assert offer.suggestion is not None
        assert (offer.suggestion.slug, offer.suggestion.release) == (found.intent, 1)
        assert TaggingItem.objects.get(pk=offer.item_id).suggested_slug == found.intent
    with CaptureQueriesContext(connection) as again:
        items_take(actor=tagger, want=20)
    assert not any("UPDATE" in query["sql"] and "suggested_slug" in query["sql"] for query in again)


@pytest.mark.row("3.8")
def test_what_is_an_example_a_test_phrase_or_decided_never_comes_back(
    make_intent: Callable[..., Intent], actor: Actor, tagger: Actor
) -> None:
    policy(double_percent=0)
    intent = make_intent()
    example_add(actor=actor, intent=intent, text=TEXTS[0].upper(), origin="ticket", source_ref="T-1")
    case_add(actor=actor, case=NewCase(TEXTS[1], intent, "ticket", "T-2"))
    close_tickets(*TEXTS)
    assert inbox_fill().added == 3
    item = TaggingItem.objects.get(text=TEXTS[2])
    say(tagger, item, Answer.intent("billing"))
    assert inbox_fill().added == 0
    example_add(actor=actor, intent=intent, text=TEXTS[3], origin="ticket", source_ref="T-3")
    assert inbox_fill().removed == 1
    assert [i.text for i in TaggingItem.objects.waiting()] == [TEXTS[4]]


@pytest.mark.row("3.8")
def test_near_duplicates_are_one_message_that_stands_for_them() -> None:
    close_tickets(
        "The mobile app shuts down when I scan a label",
        "the mobile app shuts down when i scan a label!!",
        "The mobile app shuts down when I scan the label",
        "Where can I download the invoice of May?",
    )
    inbox_fill()
    assert sorted(TaggingItem.objects.values_list("doubles", flat=True)) in ([0, 1], [0, 2])
    assert TaggingItem.objects.count() == 2
    inbox_fill()
    assert TaggingItem.objects.count() == 2


@pytest.mark.row("3.8")
def test_the_inbox_is_bounded_and_what_has_no_place_leaves() -> None:
    close_tickets(
        *(f"{text} {end}" for text in TEXTS for end in ("now", "and why does it take so many weeks", ""))
    )
    inbox_fill()
    long = TaggingItem.objects.count()
    policy(queue_size=20)
    assert long <= 20
    TaggingItem.objects.all().delete()
    assert 2 <= inbox_fill(pool=4).waiting <= 4  # some of the four may say the same


@pytest.mark.row("3.8")
def test_a_ticket_deleted_at_the_source_takes_its_untouched_message_along() -> None:
    tickets = close_tickets(*TEXTS)
    inbox_fill()
    TicketText.objects.filter(ticket=tickets[0]).delete()
    assert inbox_fill().removed == 1
    assert TEXTS[0] not in _texts()


@pytest.mark.row("3.8")
def test_filling_is_a_job_that_works_on_schedule_only_where_something_is_new(tagger: Actor) -> None:
    close_tickets(*TEXTS)
    inbox_fill_start(actor=tagger)
    inbox_fill_start(actor=tagger)
    assert Job.objects.filter(task=TASK).count() == 1
    jobs.run_due()
    assert Job.objects.get(task=TASK).result["added"] == 5
    assert inbox_is_current()
    job = jobs.enqueue(TASK)
    jobs.run_due()
    job.refresh_from_db()
    assert job.result == {"nothing_new": True}
    close_tickets("Can I pay by bank transfer from now on?", first_id=50)
    assert not inbox_is_current()


@pytest.mark.row("3.8")
def test_who_may_not_tag_may_not_fill(
    with_role: Callable[[str, str], User], sign_in: Callable[[User], Client]
) -> None:
    reviewer = with_role("rene", "Reviewer")
    with pytest.raises(NotAllowed):
        inbox_fill_start(actor=Actor.of_user(reviewer))
    assert sign_in(reviewer).post("/admin/intents/taggingitem/fill/").status_code == 403
    assert not Job.objects.exists()
    assert not Example.objects.exists()
