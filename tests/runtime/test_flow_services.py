"""Flows as rows: versions, activation, rollback, permissions, and what the activity log says of it."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from core.actors import Actor
from core.errors import Conflict, InvalidInput, NotAllowed, NotFound
from core.models import Activity
from intents.models import Intent
from kb.models import VoiceTerm
from kb.voice import voice_checked
from runtime.flows.runs import active_flow
from runtime.flows.services import (
    flow_activate,
    flow_archive,
    flow_create,
    flow_deactivate,
    flow_restore,
    flow_save,
)
from runtime.models import FlowVersion, ResolutionFlow
from tests.runtime.conftest import SYSTEM
from tests.runtime.flows import BUG, INVOICE, collect, definition

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("actions_set_up")]
BROKEN = definition(collect("ask", "email"))


@pytest.fixture(autouse=True)
def intents(make_user) -> None:
    owner = make_user("owner")
    for slug in ("data_export", "billing_inquiry"):
        Intent.objects.create(slug=slug, label=slug, owner=owner, state="active", resolution="ai_resolvable")


def make(raw=INVOICE, intent: str = "data_export", title: str = "Export") -> ResolutionFlow:
    return flow_create(actor=SYSTEM, intent=intent, title=title, definition=raw)


def active_number() -> int | None:
    found = active_flow("data_export")
    return found.number if found else None


@pytest.mark.row("3.11")
def test_an_edit_is_a_new_version_that_decides_nothing_until_it_is_activated() -> None:
    flow = make()
    flow_activate(actor=SYSTEM, flow=flow, number=1)
    flow.refresh_from_db()
    version = flow_save(
        actor=SYSTEM, flow=flow, base_number=1, title="Export", definition=BUG, note="a bug instead"
    )
    assert (version.number, version.author, version.note) == (2, "test", "a bug instead")
    assert active_number() == 1
    flow_activate(actor=SYSTEM, flow=ResolutionFlow.objects.get(), number=2)
    assert active_number() == 2
    flow_activate(actor=SYSTEM, flow=ResolutionFlow.objects.get(), number=1)  # the rollback
    assert active_number() == 1
    assert list(Activity.objects.order_by("pk").values_list("verb", flat=True)) == [
        "flow.created",
        "flow.activated",
        "flow.changed",
        "flow.activated",
        "flow.activated",
    ]


def test_saving_what_is_the_newest_already_makes_no_version() -> None:
    flow = make()
    assert flow_save(actor=SYSTEM, flow=flow, base_number=1, title="Export", definition=INVOICE).number == 1
    assert (FlowVersion.objects.count(), Activity.objects.count()) == (1, 1)


@pytest.mark.row("3.11")
def test_of_two_editors_the_second_is_told_and_nothing_is_lost() -> None:
    flow = make()
    flow_save(actor=SYSTEM, flow=flow, base_number=1, title="Export", definition=BUG)
    with pytest.raises(Conflict) as refusal:
        flow_save(actor=SYSTEM, flow=flow, base_number=1, title="Mine", definition=BROKEN)
    assert (refusal.value.code, refusal.value.extra) == ("stale_flow", {"newest": 2})
    assert (ResolutionFlow.objects.get().title, FlowVersion.objects.count()) == ("Export", 2)
    assert flow_save(actor=SYSTEM, flow=flow, base_number=2, title="Mine", definition=BROKEN).number == 3


@pytest.mark.row("3.11", "3.12")
def test_errors_keep_a_version_from_being_activated_and_are_named() -> None:
    flow = make(BROKEN)
    with pytest.raises(InvalidInput) as refusal:
        flow_activate(actor=SYSTEM, flow=flow, number=1)
    assert refusal.value.code == "flow_has_errors"
    assert ["ask", "no_end"] in refusal.value.extra["findings"]
    assert active_number() is None
    with pytest.raises(NotFound):
        flow_activate(actor=SYSTEM, flow=flow, number=7)


@pytest.mark.row("3.11")
def test_an_intent_has_one_active_flow() -> None:
    first, second = make(), make(BUG, title="Other")
    flow_activate(actor=SYSTEM, flow=first, number=1)
    with pytest.raises(Conflict) as refusal:
        flow_activate(actor=SYSTEM, flow=second, number=1)
    assert (refusal.value.code, "Export" in refusal.value.message) == ("other_flow_active", True)
    with pytest.raises(IntegrityError), transaction.atomic():
        ResolutionFlow.objects.filter(pk=second.pk).update(
            state="active", active_version=second.versions.get()
        )
    with pytest.raises(IntegrityError), transaction.atomic():
        ResolutionFlow.objects.filter(pk=first.pk).update(active_version=None)


def test_a_flow_steps_back_is_archived_and_restored() -> None:
    flow = make()
    flow_activate(actor=SYSTEM, flow=flow, number=1)
    flow_deactivate(actor=SYSTEM, flow=flow)
    assert (flow.state, active_number()) == ("draft", None)
    flow_archive(actor=SYSTEM, flow=flow)
    with pytest.raises(Conflict):
        flow_activate(actor=SYSTEM, flow=flow, number=1)
    flow_restore(actor=SYSTEM, flow=flow)
    assert ResolutionFlow.objects.get().state == "draft"


def test_a_version_is_never_rewritten_or_deleted() -> None:
    version = make().versions.get()
    version.note = "x"
    with pytest.raises(TypeError):
        version.save()
    with pytest.raises(TypeError):
        version.delete()


@pytest.mark.row("8.1")
def test_only_who_may_change_flows_writes_them(make_user) -> None:
    flow = make()
    viewer = Actor.of_user(make_user("viewer", "runtime.view_resolutionflow"))
    for act in (
        lambda: flow_create(actor=viewer, intent="data_export", title="x", definition=BUG),
        lambda: flow_save(actor=viewer, flow=flow, base_number=1, title="x", definition=BUG),
        lambda: flow_activate(actor=viewer, flow=flow, number=1),
        lambda: flow_archive(actor=viewer, flow=flow),
        lambda: flow_deactivate(actor=viewer, flow=flow),
        lambda: flow_restore(actor=viewer, flow=flow),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert (FlowVersion.objects.count(), ResolutionFlow.objects.get().state) == (1, "draft")
    lead = Actor.of_user(make_user("lead", "runtime.add_resolutionflow", "runtime.change_resolutionflow"))
    flow_activate(actor=lead, flow=flow, number=1)
    assert active_number() == 1


@pytest.mark.parametrize("title", ["", " ", "x" * 121])
def test_a_title_that_cannot_be_shown_is_refused(title: str) -> None:
    with pytest.raises(InvalidInput):
        make(title=title)
    assert ResolutionFlow.objects.count() == 0


@pytest.mark.row("2.19")
def test_the_lines_of_flows_are_held_to_the_brands_voice() -> None:
    VoiceTerm.objects.create(unwanted="settle", instead="solve")
    flow = make()
    make(BUG, "billing_inquiry", "Old one")
    flow_archive(actor=SYSTEM, flow=ResolutionFlow.objects.get(title="Old one"))
    checked = next(one for one in voice_checked() if one.kind == "Resolution flows")
    assert (
        checked.texts == 6
    )  # two questions, one wrong answer, a sentence, a confirmation, the closing words
    assert [(hit.name, hit.url) for hit in checked.hits] == [
        ("Export: solved, question", f"/admin/runtime/resolutionflow/{flow.pk}/change/")
    ]
