"""Admin pages of models and releases, as a support lead uses them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from core import jobs
from core.actors import Actor
from core.models import Job, User
from intents.models import DatasetSnapshot, Intent, ModelVersion, Release
from intents.services import release_activate

VERSIONS = "admin:intents_modelversion_changelist"
RELEASES = "admin:intents_release_changelist"
TRAIN = "/admin/intents/modelversion/do/train/"
ROLL_BACK = "/admin/intents/release/do/roll-back/"
LEAD = (
    "intents.view_modelversion",
    "intents.add_modelversion",
    "intents.change_modelversion",
    "intents.view_datasetsnapshot",
    "intents.view_release",
    "intents.release_model",
    "intents.view_intent",
)


@pytest.fixture
def lead(make_user: Callable[..., User], sign_in: Callable[[User], Client]) -> Client:
    """Return the browser of a person who trains and releases."""
    return sign_in(make_user("lee", *LEAD))


@pytest.fixture
def reader(make_user: Callable[..., User], sign_in: Callable[[User], Client]) -> Client:
    """Return the browser of a person who may only look."""
    return sign_in(make_user("kim", "intents.view_modelversion", "intents.view_release"))


def page_of(version: ModelVersion) -> str:
    return reverse("admin:intents_modelversion_change", args=(version.pk,))


def button(version: ModelVersion, name: str) -> str:
    return reverse("admin:intents_modelversion_transition", args=(version.pk, name))


@pytest.mark.parametrize(
    ("address", "words"), [(VERSIONS, "No model yet."), (RELEASES, "Nothing has been live yet.")]
)
def test_empty_lists_say_the_next_step(lead: Client, address: str, words: str) -> None:
    assert words in lead.get(reverse(address)).content.decode()


@pytest.mark.row("3.3")
def test_the_training_page_names_what_blocks_and_posting_writes_nothing(
    lead: Client, make_intent: Callable[..., Intent]
) -> None:
    make_intent("billing", real=7)
    make_intent("bug_report", real=8)
    assert "Too few have: Billing (7)." in lead.get(TRAIN).content.decode()
    response = lead.post(TRAIN)
    assert response.status_code == 409
    assert "Too few have: Billing (7)." in response.content.decode()
    assert (ModelVersion.objects.count(), Job.objects.count()) == (0, 0)


@pytest.mark.usefixtures("model_dir", "train_once")
def test_a_training_is_started_by_button_and_its_page_follows_the_progress(
    lead: Client, support_intents: dict[str, Intent]
) -> None:
    response = lead.post(TRAIN)
    version = ModelVersion.objects.get()
    assert response["Location"] == page_of(version)
    Job.objects.update(progress_done=2, progress_total=6, progress_message="Scoring examples")
    page = lead.get(page_of(version)).content.decode()
    assert '<meta http-equiv="refresh" content="3">' in page
    assert 'max="6" value="2"' in page
    assert "Scoring examples" in page
    assert button(version, "activate") not in page
    jobs.run_due()
    page = lead.get(page_of(version)).content.decode()
    assert "http-equiv" not in page
    assert "Per intent, worst first" in page
    assert "Ten worst queries" in page
    assert button(version, "activate") in page


@pytest.mark.row("3.14", "3.15", "3.16")
def test_the_page_shows_the_evidence_and_compares_with_the_live_version(
    lead: Client, make_version: Callable[..., ModelVersion], actor: Actor
) -> None:
    live, other = make_version(), make_version(0.2)
    release_activate(actor=actor, version=live)
    metrics = other.metrics
    metrics["accuracy"] = live.metrics["accuracy"] - 0.1
    row = next(row for row in metrics["per_intent"] if row["slug"] == "data_export")
    row["f1"], row["confused_with"] = 0.25, [{"slug": "bug_report", "n": 4}]
    ModelVersion.objects.filter(pk=other.pk).update(metrics=metrics)
    page = lead.get(page_of(other)).content.decode()
    assert "-0.100</span> against Version 1" in page
    assert "bug_report (4)" in page
    assert "0.250" in page
    assert "Calibration error" in page
    assert "Coverage and risk" in page
    assert f"{metrics['fallback']['count']} of 41; 95% interval" in page
    assert "Per intent, worst first" in lead.get(button(other, "activate")).content.decode()


@pytest.mark.row("3.20")
def test_activation_and_rollback_are_confirmed_posts(
    lead: Client, make_version: Callable[..., ModelVersion]
) -> None:
    first, second = make_version(), make_version(0.2)
    for version in (first, second):
        assert lead.get(button(version, "activate")).status_code == 200
        assert lead.post(button(version, "activate"), {"note": "Better", "_seen": ""}).status_code == 302
    assert Release.objects.live().get().model_version_id == second.pk
    assert "Release 1" in lead.get(reverse(RELEASES)).content.decode()
    assert "Version 1 comes back" in lead.get(ROLL_BACK).content.decode()
    assert Release.objects.count() == 2
    assert lead.post(ROLL_BACK).status_code == 302
    assert Release.objects.live().get().model_version_id == first.pk
    assert lead.post(ROLL_BACK).status_code == 409


def test_who_may_only_look_can_neither_train_nor_release(
    reader: Client, make_version: Callable[..., ModelVersion], actor: Actor
) -> None:
    version = make_version()
    page = reader.get(page_of(version)).content.decode()
    assert button(version, "activate") not in page
    addresses = [TRAIN, ROLL_BACK, button(version, "activate"), button(version, "retire")]
    assert [reader.post(address).status_code for address in addresses] == [403] * 4
    assert reader.post(page_of(version), {"state": "retired"}).status_code == 403
    assert (Release.objects.count(), Job.objects.count()) == (0, 0)
    assert ModelVersion.objects.get().state == "ready"


def test_the_snapshot_page_shows_counts_and_rows(
    make_user: Callable[..., User],
    sign_in: Callable[[User], Client],
    make_version: Callable[..., ModelVersion],
) -> None:
    make_version()
    snapshot = DatasetSnapshot.objects.get()
    client = sign_in(make_user("root", superuser=True))
    page = client.get(reverse("admin:intents_datasetsnapshot_change", args=(snapshot.pk,))).content.decode()
    assert snapshot.sha256 in page
    assert "41 of 41" in page
    assert "please unlock my user, too many wrong attempts" in page


@pytest.mark.parametrize("address", [VERSIONS, RELEASES])
def test_list_pages_need_as_many_queries_for_thirty_rows_as_for_three(
    lead: Client,
    make_version: Callable[..., ModelVersion],
    address: str,
    django_assert_max_num_queries: Callable[..., Any],
    django_assert_num_queries: Callable[..., Any],
) -> None:
    version = make_version()

    def add(first: int, last: int) -> None:
        for number in range(first, last):
            version.pk, version.number, version._state.adding = None, number, True
            version.save()
            Release.objects.create(number=number, model_version=version, is_live=False)

    add(2, 5)
    lead.get(reverse(address))
    with django_assert_max_num_queries(10) as few:
        lead.get(reverse(address))
    add(5, 32)
    with django_assert_num_queries(len(few)):
        lead.get(reverse(address))
