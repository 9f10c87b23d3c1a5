"""The honest wait: what is told, who counts, whether it was kept, and the page that shows it."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from core.models import User
from escalation.models import HandoffRoute, Team
from escalation.teams.contracts import AssignedTeam
from escalation.teams.hours import Span
from escalation.teams.services import route_save, team_save
from runtime.contracts import TurnRequest
from runtime.models import Conversation, Handoff, Turn
from runtime.services import turn_take
from runtime.waiting.estimates import wait_seconds_estimate
from runtime.waiting.promises import promise_verdict
from runtime.waiting.quantiles import Wait, wait_quantile
from runtime.waiting.readouts import duration, promises_kept_line, waiting_readout
from tests.runtime.conftest import ENGINES, SYSTEM

ALWAYS = dict.fromkeys(range(7), (Span(0, 1440),))
NOW = datetime(2026, 11, 30, 14, 30, tzinfo=UTC)
AGO = timedelta(days=1)


def ended(*seconds: float) -> list[Wait]:
    return [Wait(one) for one in seconds]


def still(*seconds: float) -> list[Wait]:
    return [Wait(one, ended=False) for one in seconds]


@pytest.mark.row("4.12")
@pytest.mark.parametrize(
    ("waits", "p50", "p80"),
    [
        ([], None, None),
        (ended(60), 60, 60),
        (ended(60, 120, 180, 240, 600), 180, 240),
        (ended(*range(1, 11)), 5, 8),
        (ended(60, 60, 60, 60, 60), 60, 60),
        (still(600, 600), None, None),
        # Five quick answers say little while ten people wait: the p80 is not 60 seconds, it is unknown.
        (ended(60, 60, 60, 60, 60) + still(*[900] * 10), None, None),
        (ended(60, 120, 180) + still(240), 120, None),
        # Who has waited only a little so far is no sign of anything yet.
        (ended(60, 120, 180, 240, 600) + still(1, 2, 3), 180, 240),
        # Worked by hand: S falls to 4/5 at 10, then 4/5·2/3 at 30, then to 0 at 50.
        (ended(10, 30, 50) + still(20, 40), 50, 50),
    ],
)
def test_the_quantile_counts_those_who_still_wait(waits, p50, p80) -> None:
    assert wait_quantile(waits, 0.5) == p50
    assert wait_quantile(waits, 0.8) == p80


SECONDS = st.lists(st.integers(0, 10_000), min_size=1, max_size=40)


@pytest.mark.row("4.12")
@given(SECONDS, st.sampled_from([0.5, 0.8, 0.95]))
def test_where_all_waits_are_over_it_is_the_plain_quantile(seconds: list[int], quantile: float) -> None:
    rank = math.ceil(quantile * len(seconds) - 1e-9)
    assert wait_quantile(ended(*seconds), quantile) == sorted(seconds)[rank - 1]


@pytest.mark.row("4.12")
@given(SECONDS, SECONDS)
def test_people_who_still_wait_never_make_the_queue_look_faster(over: list[int], waiting: list[int]) -> None:
    without = wait_quantile(ended(*over), 0.8)
    found = wait_quantile(ended(*over) + still(*waiting), 0.8)
    assert without is not None
    assert found is None or found >= without


def team(name: str, user: User, **fields: object) -> AssignedTeam:
    made = team_save(actor=SYSTEM, team=Team(name=name, **fields), members=[user], weekly=ALWAYS)
    return AssignedTeam(made.pk, name, made.time_zone)


def handoff(
    wait: float | None,
    *,
    of: AssignedTeam | None = None,
    at: datetime = NOW - AGO,
    told: int | None = None,
    finished: datetime | None = None,
    **fields: object,
) -> Handoff:
    """Write a handoff with its times; ``wait`` None is still open, or was given back at ``finished``."""
    state = "accepted" if wait is not None else "returned" if finished else "queued"
    conversation = Conversation.objects.create(channel="api", state="closed")
    turn = Turn.objects.create(
        conversation=conversation,
        number=1,
        text="I want a human",
        decision="escalate",
        reason="human_request",
        rule_trigger="human_request",
        mode="live",
        delivered=True,
        wait_estimate_seconds=told,
    )
    return Handoff.objects.create(
        conversation=conversation,
        turn=turn,
        reason="human_request",
        packet={},
        complete=True,
        state=state,
        team_id=of.id if of else None,
        requested_at=at,
        requested_hour=at.hour,
        accepted_at=None if wait is None else at + timedelta(seconds=wait),
        finished_at=finished,
        **fields,
    )


@pytest.mark.row("4.12")
@pytest.mark.django_db
def test_a_team_is_told_by_its_own_waits_and_borrows_where_it_has_too_few(make_user) -> None:
    ada = make_user("ada")
    quick, slow, new = (team(name, ada) for name in ("Quick", "Slow", "New"))
    for number in range(5):
        handoff(60 + number, of=quick)
        handoff(600 + number, of=slow)
    for number in range(4):
        handoff(5, of=new, at=NOW - AGO + timedelta(minutes=number))
    assert wait_seconds_estimate(quick, now=NOW) == 63
    assert wait_seconds_estimate(slow, now=NOW) == 603
    # Four of its own are too few: of all fourteen the twelfth.
    assert wait_seconds_estimate(new, now=NOW) == 602
    assert wait_seconds_estimate(now=NOW) == 602


@pytest.mark.row("4.12")
@pytest.mark.django_db
@pytest.mark.parametrize(
    "fields",
    [
        {"at": NOW - AGO - timedelta(hours=1)},  # another hour
        {"at": NOW - timedelta(days=14, minutes=1)},  # too old
        {"off_hours": True},  # nobody was there to come
        {"at": NOW + timedelta(minutes=1)},  # a clock that goes wrong
    ],
)
def test_what_says_nothing_about_this_hour_does_not_count(fields) -> None:
    for _ in range(4):
        handoff(60)
    handoff(60, **fields)
    assert wait_seconds_estimate(now=NOW) is None
    handoff(60)
    assert wait_seconds_estimate(now=NOW) == 60


@pytest.mark.row("4.12")
@pytest.mark.django_db
def test_whoever_waits_now_counts_whatever_the_hour_they_asked_in() -> None:
    for _ in range(20):
        handoff(60)
    assert wait_seconds_estimate(now=NOW) == 60
    for _ in range(4):
        handoff(None, at=NOW - timedelta(hours=2))
    assert wait_seconds_estimate(now=NOW) == 60  # 20 of 24 came within a minute
    for _ in range(2):
        handoff(None, at=NOW - timedelta(hours=2))
    assert wait_seconds_estimate(now=NOW) is None  # 20 of 26: fewer than four in five
    Handoff.objects.filter(state="queued").update(requested_at=NOW - timedelta(days=2), requested_hour=3)
    assert wait_seconds_estimate(now=NOW) == 60  # forgotten requests are no sign of today's queue


@pytest.mark.row("4.12")
@pytest.mark.django_db
def test_the_hour_is_that_of_the_teams_own_clock(rules, make_user) -> None:
    tokyo = team("Tokyo", make_user("ada"), is_default=True, time_zone="Asia/Tokyo")
    result = turn_take(actor=SYSTEM, request=TurnRequest("I want a human"), engines=ENGINES)
    kept = Handoff.objects.get(pk=result.handoff_id)
    assert kept.team_id == tokyo.id
    assert kept.requested_hour == (kept.requested_at.hour + 9) % 24


@pytest.mark.row("4.12")
@pytest.mark.django_db
def test_the_estimate_costs_two_statements_that_stand_on_indexes(make_user) -> None:
    ada = team("Ada's", make_user("ada"))
    for _ in range(5):
        handoff(60, of=ada)
    with CaptureQueriesContext(connection) as queries:
        assert wait_seconds_estimate(ada, now=NOW) == 60
    assert len(queries) == 2
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        for query, index in zip(queries, ("handoff_waiting", "handoff_waits_of_team"), strict=True):
            cursor.execute(f"EXPLAIN QUERY PLAN {query['sql']}")
            assert index in " ".join(str(row) for row in cursor.fetchall())


LATER = NOW + timedelta(hours=3)


@pytest.mark.row("4.12")
@pytest.mark.parametrize(
    ("told", "accepted", "finished", "now", "verdict"),
    [
        (250, 299, None, LATER, "kept"),  # “under 5 minutes” was read
        (250, 300, None, LATER, "kept"),
        (250, 301, None, LATER, "broken"),
        (20, 120, None, LATER, "kept"),  # less than two minutes is never told
        (5_401, 7_200, None, LATER, "kept"),  # “under 2 hours”
        (250, None, None, NOW + timedelta(seconds=300), "pending"),
        (250, None, None, NOW + timedelta(seconds=301), "broken"),  # still waiting, let down already
        (250, None, 200, LATER, "withdrawn"),
        (250, None, 400, LATER, "broken"),
    ],
)
def test_a_promise_is_what_was_read_against_the_real_wait(told, accepted, finished, now, verdict) -> None:
    moments = [None if s is None else NOW + timedelta(seconds=s) for s in (accepted, finished)]
    assert promise_verdict(told, NOW, *moments, now=now) == verdict


@pytest.mark.row("4.12")
@pytest.mark.django_db
def test_promises_are_counted_by_team_and_week_with_their_interval(make_user) -> None:
    support = team("Support", make_user("ada"))
    for number in range(8):
        handoff(60, of=support, told=120, at=NOW - timedelta(days=1, minutes=number))
    handoff(600, of=support, told=120)
    handoff(None, of=support, told=120, at=NOW - timedelta(minutes=5))
    handoff(None, told=120, at=NOW - timedelta(minutes=1))
    handoff(60, told=120, at=NOW - timedelta(days=7))
    handoff(60)  # nothing was told
    readout = waiting_readout(team_id=None, now=NOW)
    found = [
        (str(line.week), line.team, line.promises.made, line.promises.kept, line.promises.broken)
        for line in readout.promises
    ]
    assert found == [
        ("2026-11-30", "No team", 1, 0, 0),
        ("2026-11-30", "Support", 1, 0, 1),
        ("2026-11-23", "No team", 1, 1, 0),
        ("2026-11-23", "Support", 9, 8, 1),
    ]
    assert readout.total.share.with_interval() == "82 % (9 of 11), 95 % interval 52–95 %"
    assert waiting_readout(team_id=support.id, now=NOW).total.made == 10


@pytest.mark.row("4.12")
@pytest.mark.django_db
def test_hours_show_their_quantiles_only_with_enough_waits() -> None:
    for seconds in (60, 120, 180, 240, 4_800):
        handoff(seconds)
    handoff(30, at=NOW - AGO - timedelta(hours=1))
    handoff(30, off_hours=True)
    readout = waiting_readout(team_id=None, now=NOW)
    shown = {line.hour: (line.ended, line.waiting, line.p50, line.p80, line.width) for line in readout.hours}
    assert shown[14] == (5, 0, "3 min", "4 min", 100)
    assert shown[13] == (1, 0, "–", "–", 0)
    assert readout.off_hours == 1
    assert [duration(s) for s in (None, 59, 90, 4_800, 3_600_000)] == [
        "–",
        "59 s",
        "2 min",
        "1 h 20 min",
        "1,000 h 0 min",
    ]


@pytest.mark.row("4.12")
@pytest.mark.django_db
def test_the_page_shows_figures_or_says_that_there_are_none(make_user, sign_in) -> None:
    lead = sign_in(make_user("lead", superuser=True))
    page = reverse("admin:runtime_waiting")
    empty = lead.get(page).content.decode()
    assert "there is no data" in empty
    assert "No wait has been told" in empty
    support = team("Support <b>", make_user("ada"))
    now = timezone.now()
    for number in range(5):
        handoff(60, of=support, told=120, at=now - timedelta(hours=24, minutes=number))
    text = lead.get(page, {"team": support.id}).content.decode()
    assert "100 % (5 of 5), 95 % interval" in text
    assert "Support &lt;b&gt;" in text
    assert promises_kept_line() == (
        "Waits that were told in the last four weeks and kept: 100 % (5 of 5), 95 % interval 57–100 %."
    )
    assert lead.get(page, {"team": "x"}).status_code == 404
    assert sign_in(make_user("stranger")).get(page).status_code == 403


@pytest.mark.django_db
def test_the_page_asks_as_often_for_thirty_waits_as_for_three(make_user, sign_in) -> None:
    lead = sign_in(make_user("lead", superuser=True))
    support = team("Support", make_user("ada"))
    route_save(actor=SYSTEM, route=HandoffRoute(team_id=support.id))

    def cost(count: int) -> int:
        for _ in range(count):
            handoff(60, of=support, told=120, at=timezone.now() - AGO)
        with CaptureQueriesContext(connection) as queries:
            assert lead.get(reverse("admin:runtime_waiting")).status_code == 200
        return len(queries)

    assert cost(3) == cost(27)
