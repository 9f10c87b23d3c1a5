"""The weekly review: frozen once on the Monday after, signed by a lead, missed where nobody did in time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.db import IntegrityError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.actors import Actor
from core.errors import Conflict, InvalidInput, NotAllowed, NotFound
from core.models import Activity, User
from pilot.figures.weekly import week_sign, weeks_freeze
from pilot.models import Pilot, WeeklyReview
from runtime.models import Feedback
from supportadmin.roles import roles_sync
from tests.pilot.figured import conversation

pytestmark = [pytest.mark.django_db, pytest.mark.row("5.7")]
FIRST, SECOND = date(2026, 5, 4), date(2026, 5, 11)
MONDAY_AFTER = datetime(2026, 5, 11, 0, 15, tzinfo=UTC)
THURSDAY = datetime(2026, 5, 7, 10, tzinfo=UTC)
MakePilot = Callable[..., Pilot]
MakeUser = Callable[..., User]


@pytest.fixture
def pilot(make_pilot: MakePilot) -> Pilot:
    """Return a full-stage pilot with two conversations in its first week."""
    made = make_pilot(stage="full", started_at=THURSDAY)
    conversation(made, THURSDAY)
    conversation(made, THURSDAY, csat=5)
    return made


@pytest.fixture
def lead(make_user: MakeUser) -> User:
    roles_sync()
    return make_user("lea", roles=("Support lead",))


def test_each_full_week_is_frozen_once_and_missed_mondays_are_caught_up_on(pilot: Pilot) -> None:
    assert weeks_freeze(now=MONDAY_AFTER - timedelta(hours=1)) == 0
    assert weeks_freeze(now=MONDAY_AFTER) == 1
    assert weeks_freeze(now=MONDAY_AFTER + timedelta(days=6)) == 0
    frozen = WeeklyReview.objects.get()
    assert (frozen.week, frozen.figures["counts"]["resolved"]) == (FIRST, 2)
    assert frozen.figures["metrics"]["csat"]["n"] == 1
    assert weeks_freeze(now=MONDAY_AFTER + timedelta(weeks=3)) == 3
    assert weeks_freeze(now=MONDAY_AFTER + timedelta(weeks=3)) == 0
    assert sorted(WeeklyReview.objects.values_list("week", flat=True)) == [
        FIRST + timedelta(weeks=number) for number in range(4)
    ]


def test_an_ended_pilot_is_frozen_up_to_its_end_and_a_rehearsal_never(
    pilot: Pilot, make_pilot: MakePilot
) -> None:
    rehearsal = make_pilot("Rehearsal", source="replay", channel="chat", started_at=THURSDAY)
    conversation(rehearsal, THURSDAY, mode="shadow")
    Pilot.objects.filter(pk=pilot.pk).update(state="ended", ended_at=datetime(2026, 5, 13, tzinfo=UTC))
    assert weeks_freeze(now=MONDAY_AFTER + timedelta(weeks=9)) == 2
    assert weeks_freeze(now=MONDAY_AFTER + timedelta(weeks=10)) == 0
    assert set(WeeklyReview.objects.values_list("pilot", "week")) == {(pilot.pk, FIRST), (pilot.pk, SECOND)}


def test_late_feedback_moves_the_live_figure_and_not_the_frozen_one(
    pilot: Pilot, lead: User, sign_in: Callable[[User], Client]
) -> None:
    weeks_freeze(now=MONDAY_AFTER)
    review = WeeklyReview.objects.get()
    week_sign(actor=Actor.of_user(lead), pilot=pilot, week=FIRST)
    turn = pilot.drafts.filter(turn__feedback=None).get().turn
    Feedback.objects.create(turn=turn, csat=1, given_by="bot")
    review.refresh_from_db()
    assert review.figures["counts"]["resolved"] == 2
    browser = sign_in(lead)
    page = browser.get(f"/admin/pilot/weeklyreview/{review.pk}/change/").content.decode()
    assert "100 % (34–100 %, n = 2)" in page
    assert "<strong>50 % (9–91 %, n = 2)</strong>" in page
    overview = browser.get(f"/admin/pilot/weeklyreview/{pilot.pk}/figures/").content.decode()
    assert "moved since it was frozen" in overview


@pytest.mark.parametrize(
    ("day", "late", "standing"),
    [
        (date(2026, 5, 11), 0, "signed"),
        (date(2026, 5, 17), 0, "signed"),
        (date(2026, 5, 18), 1, "missed: signed 1 day late"),
        (date(2026, 5, 26), 9, "missed: signed 9 days late"),
    ],
)
def test_a_week_that_is_signed_too_late_stays_missed(
    pilot: Pilot, lead: User, day: date, late: int, standing: str
) -> None:
    weeks_freeze(now=MONDAY_AFTER)
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    with time_machine.travel(noon, tick=False):
        unsigned = WeeklyReview.objects.get()
        assert unsigned.is_missed is bool(late)
        review = week_sign(actor=Actor.of_user(lead), pilot=pilot, week=FIRST)
    assert (review.days_late, review.is_missed, review.standing) == (late, bool(late), standing)


def test_a_lead_signs_once_with_what_is_done_next(pilot: Pilot, lead: User) -> None:
    weeks_freeze(now=MONDAY_AFTER)
    actor = Actor.of_user(lead)
    review = week_sign(
        actor=actor, pilot=pilot, week=FIRST, note="Better.", actions=["  Write  the article ", ""]
    )
    assert (review.signed_by, review.note, review.actions) == (actor.label, "Better.", ["Write the article"])
    logged = Activity.objects.get(verb="weekly_review.signed")
    assert logged.after["actions"] == ["Write the article"]
    with pytest.raises(Conflict) as refusal:
        week_sign(actor=actor, pilot=pilot, week=FIRST, note="Again")
    assert refusal.value.code == "already_signed"
    assert WeeklyReview.objects.get().note == "Better."


def test_refusals_to_sign_write_nothing(pilot: Pilot, lead: User, make_user: MakeUser) -> None:
    weeks_freeze(now=MONDAY_AFTER)
    reviewer, actor = make_user("rex", roles=("Reviewer",)), Actor.of_user(lead)
    with pytest.raises(NotAllowed):
        week_sign(actor=Actor.of_user(reviewer), pilot=pilot, week=FIRST)
    with pytest.raises(NotFound) as refusal:
        week_sign(actor=actor, pilot=pilot, week=SECOND)
    assert refusal.value.code == "week_not_frozen"
    for fields, code in (
        ({"note": "x" * 1_001}, "note_too_long"),
        ({"actions": ["x"] * 11}, "bad_actions"),
        ({"actions": ["x" * 201]}, "bad_actions"),
    ):
        with pytest.raises(InvalidInput) as refused:
            week_sign(actor=actor, pilot=pilot, week=FIRST, **fields)  # type: ignore[arg-type]
        assert refused.value.code == code
    review = WeeklyReview.objects.get()
    assert (review.signed_at, review.signed_by, review.actions) == (None, "", [])
    assert not Activity.objects.filter(verb="weekly_review.signed").exists()


def test_the_database_keeps_one_review_a_week_and_no_signature_without_a_name(pilot: Pilot) -> None:
    weeks_freeze(now=MONDAY_AFTER)
    with pytest.raises(IntegrityError):
        WeeklyReview.objects.update(signed_at=MONDAY_AFTER)


def test_the_page_signs_and_lists_what_is_open(
    pilot: Pilot, lead: User, sign_in: Callable[[User], Client], make_user: MakeUser
) -> None:
    weeks_freeze(now=MONDAY_AFTER)
    review, browser = WeeklyReview.objects.get(), sign_in(lead)
    changelist = "/admin/pilot/weeklyreview/"
    assert "Missed: not signed" in browser.get(f"{changelist}?signed=no").content.decode()
    move = f"{changelist}{review.pk}/move/sign/"
    assert "Resolution rate" in browser.get(move).content.decode()
    too_many = browser.post(move, {"note": "", "actions": "x\n" * 11, "_seen": ""})
    assert (too_many.status_code, WeeklyReview.objects.get().signed_at) == (400, None)
    done = browser.post(move, {"note": "<b>Better</b>", "actions": "Write it\n\nFix it", "_seen": ""})
    assert done.status_code == 302
    assert WeeklyReview.objects.get().actions == ["Write it", "Fix it"]
    page = browser.get(f"{changelist}{review.pk}/change/").content.decode()
    assert "&lt;b&gt;Better&lt;/b&gt;" in page
    assert "<b>Better</b>" not in page
    assert "Missed: not signed" not in browser.get(f"{changelist}?signed=no").content.decode()
    reviewer = sign_in(make_user("rex", roles=("Reviewer",)))
    assert reviewer.get(changelist).status_code == 200
    assert reviewer.post(move, {"note": "x"}).status_code == 403


def test_an_empty_list_says_when_there_will_be_a_week(lead: User, sign_in: Callable[[User], Client]) -> None:
    page = sign_in(lead).get("/admin/pilot/weeklyreview/").content.decode()
    assert "No week has been frozen yet." in page


def test_the_list_asks_as_many_queries_for_thirty_weeks_as_for_three(
    pilot: Pilot, lead: User, sign_in: Callable[[User], Client]
) -> None:
    weeks_freeze(now=MONDAY_AFTER)
    browser, figures = sign_in(lead), WeeklyReview.objects.get().figures
    counts = []
    for wanted in (3, 30):
        for number in range(WeeklyReview.objects.count(), wanted):
            WeeklyReview.objects.create(pilot=pilot, week=FIRST + timedelta(weeks=number), figures=figures)
        browser.get("/admin/pilot/weeklyreview/")
        with CaptureQueriesContext(connection) as captured:
            browser.get("/admin/pilot/weeklyreview/")
        counts.append(len(captured))
    assert counts[0] == counts[1]
