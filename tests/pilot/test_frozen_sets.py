"""The frozen test set: drawn once, learned from by nobody, and week 1 against now on exactly these cases."""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace

import pytest
from django.urls import reverse

from core import jobs
from core.actors import Actor
from core.errors import Conflict, NotAllowed
from core.models import Job
from intents.classifier import ArtefactRefused
from intents.gate import chance
from intents.models import DatasetSnapshot, Example, Intent, ModelVersion, Release
from intents.phrasings import text_hash
from pilot.models import FrozenCase, FrozenJudgement
from pilot.replay import frozen
from pilot.replay.frozen import (
    compared,
    frozen_cases_ensure,
    frozen_judge,
    frozen_judge_start,
    is_frozen_text,
    is_frozen_ticket,
    versions_by_week,
)
from pilot.replay.rehearsing import rehearsal_play
from runtime.models import Turn
from supportadmin.roles import roles_sync
from tests.pilot.closed_tickets import MONDAY, closed_ticket, version_made
from tests.runtime.conftest import ENGINES, SYSTEM
from tickets.models import Category

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rules"), pytest.mark.row("5.7")]


@pytest.fixture
def exports(db) -> Category:
    category = Category.objects.create(name="Exports")
    Intent.objects.create(slug="data_export", label="Data export", state="active", category=category)
    return category


@pytest.fixture
def versions(monkeypatch) -> dict[int, set[int]]:
    """Make versions 1 and 2; each maps to the numbers of the tickets that it gets wrong."""
    wrong: dict[int, set[int]] = {1: {1, 2, 3}, 2: {3, 4}}
    for number in wrong:
        snapshot = DatasetSnapshot.objects.create(sha256=f"{number:064}", rows=[], label_names={}, counts={})
        ModelVersion.objects.create(
            number=number, snapshot=snapshot, state="ready", artefact_sha256="ab" * 32
        )
    Release.objects.create(number=2, model_version=ModelVersion.objects.get(number=2))

    def load(version: ModelVersion):
        def predict(texts):
            numbers = [int(text.split()[-1]) for text in texts]
            labels = ["billing" if n in wrong[version.number] else "data_export" for n in numbers]
            return [SimpleNamespace(label=label, confidence=0.8, is_fallback=False) for label in labels]

        return SimpleNamespace(predict=predict)

    monkeypatch.setattr(frozen, "artefact_load", load)
    return wrong


def tickets_made(count: int, category: Category, **more) -> None:
    for number in range(count):
        at = MONDAY + timedelta(hours=number)
        closed_ticket(number, f"How do I export list {number}", category=category, at=at, **more)


def test_the_set_is_drawn_at_the_lock_once_and_never_added_to(make_pilot, exports) -> None:
    tickets_made(12, exports)
    planned = make_pilot("Planned", channel="chat", state="planned", started_at=None, locked_at=None)
    assert frozen_cases_ensure(planned) == 0
    pilot = make_pilot()
    assert frozen_cases_ensure(pilot) == 12
    assert set(FrozenCase.objects.values_list("expected", flat=True)) == {"data_export"}
    closed_ticket(99, "How do I export list 99", category=exports)
    assert frozen_cases_ensure(pilot) == 12
    assert FrozenCase.objects.filter(pilot=pilot).count() == 12
    with pytest.raises(TypeError):
        FrozenCase.objects.first().save()
    with pytest.raises(TypeError):
        FrozenCase.objects.first().delete()


def test_no_example_no_twin_and_nothing_that_is_mapped_to_two_intents_is_frozen(make_pilot, exports) -> None:
    intent = Intent.objects.get()
    two = Category.objects.create(name="Two meanings")
    Intent.objects.create(slug="billing", label="Billing", state="active", category=two)
    Intent.objects.create(slug="invoices", label="Invoices", state="active", category=two)
    for text, reference in (("How do I export LIST 1!", "csv:77"), ("Other words", "csv:2")):
        Example.objects.create(
            intent=intent, text=text, text_hash=text_hash(text), origin="ticket", source_ref=reference
        )
    tickets_made(4, exports)
    closed_ticket(10, "How do I export list 0", category=exports)  # a twin of ticket 0
    closed_ticket(11, "Of two meanings", category=two)
    closed_ticket(12, "Of no category")
    assert frozen_cases_ensure(make_pilot()) == 2
    texts = set(FrozenCase.objects.values_list("text", flat=True))
    assert texts == {"How do I export list 0", "How do I export list 3"}


def test_what_is_frozen_is_known_by_text_and_by_ticket(make_pilot, exports) -> None:
    tickets_made(1, exports)
    frozen_cases_ensure(make_pilot())
    case = FrozenCase.objects.get()
    assert is_frozen_text("how do I EXPORT list 0?")
    assert not is_frozen_text("Something else")
    assert is_frozen_ticket(case.ticket_id)
    assert not is_frozen_ticket(case.ticket_id + 1)
    case.ticket.delete()
    assert not is_frozen_text("How do I export list 0")


def test_a_rehearsal_keeps_three_of_four_tickets_to_play_and_plays_no_frozen_one(make_pilot, exports) -> None:
    tickets_made(12, exports)
    version_made()
    pilot = make_pilot(source="replay")
    assert rehearsal_play(actor=SYSTEM, pilot=pilot, engines=ENGINES).tickets == 9
    assert FrozenCase.objects.filter(pilot=pilot).count() == 3
    frozen_tickets = set(FrozenCase.objects.values_list("ticket_id", flat=True))
    assert not frozen_tickets & set(Turn.objects.values_list("conversation__ticket_id", flat=True))


def test_week_one_against_now_on_exactly_these_cases(make_pilot, make_draft, exports, versions) -> None:
    tickets_made(8, exports)
    pilot = make_pilot()
    frozen_cases_ensure(pilot)
    for week, version in enumerate((1, 2)):
        draft = make_draft(at=MONDAY + timedelta(days=7 * week))
        Turn.objects.filter(pk=draft.turn_id).update(model_version=version)
    assert versions_by_week(pilot) == [(date(2026, 3, 2), 1), (date(2026, 3, 9), 2)]
    assert frozen_judge(pilot_id=pilot.pk) == [1, 2]
    found = compared(pilot, week=date(2026, 3, 2), before=1, after=2)
    assert (str(found.right_before), str(found.right_after)) == ("62 % (5 of 8)", "75 % (6 of 8)")
    assert found.counts == {"fixed": 2, "broken": 1, "moved": 0, "wrong": 1, "right": 4}
    assert found.p == chance(2, 1) == 1.0
    assert sorted((flip.change, flip.after.text[-1]) for flip in found.flips) == [
        ("broken", "4"),
        ("fixed", "1"),
        ("fixed", "2"),
    ]
    assert frozen_judge(pilot_id=pilot.pk) == []  # each version is asked once
    assert FrozenJudgement.objects.count() == 2


def test_a_case_that_a_version_has_learned_from_all_the_same_is_left_out(
    make_pilot, exports, versions
) -> None:
    tickets_made(8, exports)
    pilot = make_pilot()
    frozen_cases_ensure(pilot)
    learned = [[0, "how do I EXPORT list 1?", "data_export"]]
    DatasetSnapshot.objects.filter(sha256=f"{2:064}").update(rows=learned)
    for number in (1, 2):
        assert frozen._ask(pilot, ModelVersion.objects.get(number=number))
    found = compared(pilot, week=date(2026, 3, 2), before=1, after=2)
    assert found.right_after.whole == 7
    assert found.counts["fixed"] == 1


def test_a_version_whose_file_is_gone_is_left_out(make_pilot, exports, versions, monkeypatch) -> None:
    tickets_made(1, exports)

    def refuse(version):
        raise ArtefactRefused("The file is missing.")

    monkeypatch.setattr(frozen, "artefact_load", refuse)
    pilot = make_pilot()
    assert frozen_judge(pilot_id=pilot.pk) == []
    assert compared(pilot, week=date(2026, 3, 2), before=1, after=2) is None
    assert not FrozenJudgement.objects.exists()


def test_the_job_asks_and_who_may_not_asks_nothing(make_pilot, exports, versions, make_user) -> None:
    pilot = make_pilot()
    with pytest.raises(Conflict) as nothing:
        frozen_judge_start(actor=SYSTEM, pilot=pilot)
    assert nothing.value.code == "no_frozen_cases"
    tickets_made(2, exports)
    with pytest.raises(NotAllowed):
        frozen_judge_start(actor=Actor.of_user(make_user("nobody")), pilot=pilot)
    assert not Job.objects.filter(task=frozen.JUDGE_TASK).exists()
    frozen_judge_start(actor=SYSTEM, pilot=pilot)
    jobs.run_due()
    assert list(FrozenJudgement.objects.values_list("model_version", flat=True)) == [2]


def test_week_one_against_now_lists_the_cases_that_flip(
    make_user, sign_in, make_pilot, make_draft, exports, versions
) -> None:
    roles_sync()
    lead = sign_in(make_user("lead", roles=("Support lead",)))
    pilot = make_pilot()
    page = reverse("admin:pilot_frozen", args=(pilot.pk,))
    assert "There is none yet" in lead.get(page).content.decode()
    tickets_made(8, exports)
    draft = make_draft(at=MONDAY)
    Turn.objects.filter(pk=draft.turn_id).update(model_version=1)
    assert "Not asked yet: versions 1, 2." in lead.get(page).content.decode()
    assert FrozenCase.objects.count() == 8
    assert lead.post(page).status_code == 302
    jobs.run_due()
    assert FrozenJudgement.objects.count() == 2
    text = lead.get(page).content.decode()
    assert "62 % (5 of 8)" in text
    assert "75 % (6 of 8)" in text
    assert "p = 1.000" in text
    assert text.count("data_export") >= 3
    assert "fixed" in text
    assert "broken" in text
    assert str(date(2026, 3, 2)) in text
