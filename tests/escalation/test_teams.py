"""Teams and routes: who gets a handoff, whether somebody is there, and who may change that."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from core.actors import Actor
from core.errors import InvalidInput, NotAllowed
from core.models import Activity
from escalation.models import HandoffRoute, HandoffTemplate, HoursException, OpeningHours, Team
from escalation.services import defaults_install
from escalation.teams.contracts import NO_TEAM
from escalation.teams.hours import Span
from escalation.teams.routing import HandoffCase, Route, team_for
from escalation.teams.selectors import team_assigned, teams_of
from escalation.teams.services import route_delete, route_save, team_save
from escalation.triggers import TRIGGERS

SYSTEM = Actor.system("test")
OFFICE = dict.fromkeys(range(5), (Span(9 * 60, 17 * 60),))
MONDAY_NOON = datetime(2026, 11, 30, 11, tzinfo=UTC)  # 12:00 in Berlin
MONDAY_NIGHT = datetime(2026, 11, 30, 21, tzinfo=UTC)
TEAM_LIST = reverse("admin:escalation_team_changelist")
ROUTES = (
    Route(1, reason="human_request", tier="enterprise"),
    Route(2, intent="billing", locale="de"),
    Route(3, intent="billing"),
    Route(4, locale="fr-CA"),
)


def team(name: str, members=(), weekly=OFFICE, exceptions=None, **fields) -> Team:
    made = Team(name=name, **{"time_zone": "Europe/Berlin", **fields})
    return team_save(actor=SYSTEM, team=made, members=members, weekly=weekly, exceptions=exceptions)


@pytest.mark.row("4.18")
@pytest.mark.parametrize(
    ("case", "expected"),
    [
        (HandoffCase("human_request", tier="enterprise", intent="billing", locale="de"), 1),
        (HandoffCase("human_request", tier="pro", intent="billing", locale="de"), 2),
        (HandoffCase("no_answer", intent="billing", locale="de-AT"), 2),
        (HandoffCase("no_answer", intent="billing", locale="DE_at"), 2),
        (HandoffCase("no_answer", intent="billing", locale="den"), 3),
        (HandoffCase("no_answer", intent="billing"), 3),
        (HandoffCase("no_answer", locale="fr-CA"), 4),
        (HandoffCase("no_answer", locale="fr"), 9),
        (HandoffCase("no_answer"), 9),
    ],
)
def test_the_first_route_whose_conditions_all_hold_wins(case: HandoffCase, expected: int) -> None:
    assert team_for(case, ROUTES, default=9) == expected


@pytest.mark.row("4.18")
@given(
    st.lists(st.builds(Route, st.integers(1, 9), *[st.sampled_from(["", "a", "b"])] * 4), max_size=8),
    st.builds(HandoffCase, *[st.sampled_from(["", "a", "b"])] * 4),
)
def test_routing_is_deterministic_and_lines_below_the_match_do_not_count(routes, case) -> None:
    found = team_for(case, routes, default=None)
    first = next((place for place, route in enumerate(routes) if route.takes(case)), None)
    assert found == (None if first is None else routes[first].team_id)
    assert team_for(case, routes[: (first or 0) + 1], default=None) == found or first is None


@pytest.mark.row("4.18")
@pytest.mark.django_db
def test_without_a_team_everybody_is_there(django_assert_num_queries) -> None:
    with django_assert_num_queries(1):
        assert team_assigned(HandoffCase("no_answer"), at=MONDAY_NIGHT) == NO_TEAM
    assert NO_TEAM.available


@pytest.mark.row("4.18")
@pytest.mark.django_db
def test_a_team_is_available_in_its_hours_and_with_a_member(make_user, django_assert_num_queries) -> None:
    ada = make_user("ada")
    support = team("Support", [ada], is_default=True)
    billing = team("Billing", exceptions={date(2026, 11, 30): ((), "Day off")})
    route_save(actor=SYSTEM, route=HandoffRoute(intent="billing", team=billing))
    with django_assert_num_queries(4):
        there = team_assigned(HandoffCase("no_answer"), at=MONDAY_NOON)
    assert (there.id, there.name, there.available, there.opens_at) == (support.pk, "Support", True, None)
    night = team_assigned(HandoffCase("no_answer"), at=MONDAY_NIGHT)
    assert (night.available, night.opens_at) == (False, datetime(2026, 12, 1, 8, tzinfo=UTC))
    holiday = team_assigned(HandoffCase("x", intent="billing"), at=MONDAY_NOON)
    assert (holiday.id, holiday.opens_at) == (billing.pk, datetime(2026, 12, 1, 8, tzinfo=UTC))
    ada.is_active = False
    ada.save()
    nobody = team_assigned(HandoffCase("no_answer"), at=MONDAY_NOON)
    assert (nobody.available, nobody.opens_at) == (False, None)


@pytest.mark.row("4.18")
@pytest.mark.django_db
def test_an_inactive_team_gets_nothing(make_user) -> None:
    support = team("Support", is_default=True)
    billing = team("Billing", [make_user("bo")])
    route_save(actor=SYSTEM, route=HandoffRoute(team=billing))
    assert team_assigned(HandoffCase("x"), at=MONDAY_NOON).id == billing.pk
    billing.active = False
    team_save(actor=SYSTEM, team=billing, members=[], weekly={})
    assert team_assigned(HandoffCase("x"), at=MONDAY_NOON).id == support.pk
    with pytest.raises(InvalidInput, match="not active"):
        route_save(actor=SYSTEM, route=HandoffRoute(team=billing))


@pytest.mark.row("4.18")
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "weekly", "code"),
    [
        ({"name": " "}, OFFICE, "bad_name"),
        ({"name": "support"}, OFFICE, None),
        ({"name": "Support"}, OFFICE, "name_taken"),
        ({"time_zone": "Europe/Atlantis"}, OFFICE, "unknown_time_zone"),
        ({"is_default": True, "active": False}, OFFICE, "default_inactive"),
        ({}, {0: (Span(600, 540),)}, "bad_hours"),
        ({}, {0: (Span(540, 720), Span(700, 800))}, "bad_hours"),
    ],
)
def test_a_team_that_cannot_be_meant_is_refused_and_nothing_is_written(fields, weekly, code) -> None:
    team("Support", is_default=True)
    before = (Team.objects.count(), OpeningHours.objects.count(), Activity.objects.count())
    wanted = Team(**{"name": "New", "time_zone": "UTC", **fields})
    if code is None:
        team_save(actor=SYSTEM, team=wanted, members=[], weekly=weekly)
        return
    with pytest.raises(InvalidInput) as refusal:
        team_save(actor=SYSTEM, team=wanted, members=[], weekly=weekly)
    assert refusal.value.code == code
    assert (Team.objects.count(), OpeningHours.objects.count(), Activity.objects.count()) == before


@pytest.mark.row("4.18")
@pytest.mark.django_db
def test_there_is_one_default_team_and_always_one() -> None:
    first, second = team("First", is_default=True), team("Second", is_default=True)
    first.refresh_from_db()
    assert (first.is_default, second.is_default) == (False, True)
    second.is_default = False
    with pytest.raises(InvalidInput, match="another team the default"):
        team_save(actor=SYSTEM, team=second, members=[], weekly={})
    with pytest.raises(IntegrityError), transaction.atomic():
        Team.objects.filter(pk=first.pk).update(is_default=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        OpeningHours.objects.filter(team=second).update(opens=1_300)
    with pytest.raises(IntegrityError), transaction.atomic():
        HoursException.objects.create(team=first, day=date(2026, 12, 25), opens=5)


@pytest.mark.row("4.18", "8.1")
@pytest.mark.django_db
def test_who_lacks_the_permission_changes_no_team_and_no_route(make_user) -> None:
    support = team("Support", is_default=True)
    route = route_save(actor=SYSTEM, route=HandoffRoute(team=support))
    reader = Actor.of_user(make_user("reader", "escalation.view_team"))
    before = Activity.objects.count()
    for act in (
        lambda: team_save(actor=reader, team=Team(name="Mine"), members=[], weekly={}),
        lambda: team_save(actor=reader, team=support, members=[], weekly={}),
        lambda: route_save(actor=reader, route=HandoffRoute(team=support)),
        lambda: route_save(actor=reader, route=route),
        lambda: route_delete(actor=reader, route=route),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert (Team.objects.count(), HandoffRoute.objects.count(), Activity.objects.count()) == (1, 1, before)


@pytest.mark.row("4.18")
@pytest.mark.django_db
def test_a_person_sees_the_teams_that_are_theirs(make_user, django_assert_num_queries) -> None:
    ada, bo = make_user("ada"), make_user("bo")
    team("Support", [ada, bo], is_default=True)
    team("Billing", [ada])
    with django_assert_num_queries(3):
        assert [one.name for one in teams_of(ada)] == ["Billing", "Support"]
    assert [one.name for one in teams_of(bo)] == ["Support"]


def form(**changes):
    hours = dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday"), "09:00–17:00")
    fields = {"name": "Support", "time_zone": "Europe/Berlin", "is_default": "on", "active": "on", **hours}
    return {name: value for name, value in {**fields, **changes}.items() if value is not None}


@pytest.fixture
def lead(make_user, sign_in):
    return sign_in(make_user("lead", superuser=True))


@pytest.mark.row("4.18")
@pytest.mark.django_db
def test_a_lead_writes_a_week_and_special_days_in_the_admin(lead, make_user) -> None:
    ada = make_user("ada")
    sent = form(
        monday="09:00–12:30, 13:30–17:00", members=[ada.pk], exceptions="2026-12-25 closed # Christmas"
    )
    response = lead.post(reverse("admin:escalation_team_add"), sent)
    assert response.status_code == 302, response.content.decode()[:3000]
    made = Team.objects.get()
    assert list(made.members.all()) == [ada]
    assert [(row.weekday, row.opens, row.closes) for row in made.hours.all()][:3] == [
        (0, 540, 750),
        (0, 810, 1020),
        (1, 540, 1020),
    ]
    assert [(row.day, row.opens, row.label) for row in made.exceptions.all()] == [
        (date(2026, 12, 25), None, "Christmas")
    ]
    page = lead.get(reverse("admin:escalation_team_change", args=(made.pk,))).content.decode()
    assert "09:00–12:30, 13:30–17:00" in page
    assert "2026-12-25 closed  # Christmas" in page
    assert "Europe/Berlin" in page
    assert Activity.objects.get(verb="team.created").after["hours"]["Tuesday"] == "09:00–17:00"
    again = form(
        monday="09:00–12:30, 13:30–17:00", members=[ada.pk], exceptions="2026-12-25 closed # Christmas"
    )
    lead.post(reverse("admin:escalation_team_change", args=(made.pk,)), again)
    assert not Activity.objects.filter(verb="team.changed").exists()


@pytest.mark.row("4.18")
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"monday": "17:00–09:00"}, "ends before it begins"),
        ({"monday": "09:00–12:00, 11:00–13:00"}, "overlap"),
        ({"sunday": "whenever"}, "write hours as"),
        ({"exceptions": "2026-02-30 closed"}, "no date of the calendar"),
        ({"time_zone": "Mars"}, "There is no time zone"),
        ({"active": None}, "it is active"),
    ],
)
def test_hours_that_cannot_be_meant_are_shown_with_their_fault(lead, changes, fault) -> None:
    response = lead.post(reverse("admin:escalation_team_add"), form(**changes))
    assert response.status_code == 200
    assert fault in response.content.decode()
    assert Team.objects.count() == 0


@pytest.mark.row("8.1", "4.18")
@pytest.mark.django_db
def test_without_the_permission_a_team_is_only_read(make_user, sign_in) -> None:
    support = team("Support", [make_user("ada")], is_default=True)
    reader = sign_in(make_user("reader", "escalation.view_team"))
    change = reverse("admin:escalation_team_change", args=(support.pk,))
    page = reader.get(change).content.decode()
    assert "09:00–17:00" in page
    assert "ada" in page
    assert reader.post(change, form(name="Mine")).status_code == 403
    assert reader.post(reverse("admin:escalation_team_add"), form(name="Mine")).status_code == 403
    assert Team.objects.get().name == "Support"


@pytest.mark.row("4.18")
@pytest.mark.django_db
def test_routes_are_edited_and_deleted_with_a_line_in_the_log(lead) -> None:
    support = team("Support", is_default=True)
    sent = {
        "position": 10,
        "reason": "human_request",
        "intent": "",
        "tier": "",
        "locale": "de",
        "team": support.pk,
    }
    response = lead.post(reverse("admin:escalation_handoffroute_add"), sent)
    assert response.status_code == 302, response.content.decode()[:3000]
    route = HandoffRoute.objects.get()
    page = lead.get(reverse("admin:escalation_handoffroute_changelist")).content.decode()
    assert TRIGGERS["human_request"].label in page
    lead.post(reverse("admin:escalation_handoffroute_delete", args=(route.pk,)), {"post": "yes"})
    assert not HandoffRoute.objects.exists()
    assert list(Activity.objects.order_by("pk").values_list("verb", flat=True))[-2:] == [
        "handoff_route.created",
        "handoff_route.deleted",
    ]


@pytest.mark.django_db
def test_the_list_of_teams_asks_as_often_for_thirty_as_for_three(lead, make_user) -> None:
    ada = make_user("ada")

    def cost(count: int) -> int:
        for number in range(Team.objects.count(), count):
            team(f"Team {number}", [ada])
        with CaptureQueriesContext(connection) as queries:
            assert lead.get(TEAM_LIST).status_code == 200
        return len(queries)

    assert cost(3) == cost(30)


@pytest.mark.row("4.11")
@pytest.mark.django_db
def test_what_is_typed_is_judged_at_once_and_shown_as_a_customer_reads_it(lead) -> None:
    sent = {
        "locale": "en",
        "body": "I'm sorry. A specialist will reply in {wait_minutes} minutes.",
        "body_without_wait": "",
        "body_off_hours": "No worries: a specialist takes over {opens_at}. <b>{x}</b>",
    }
    found = lead.post(reverse("admin:escalation_handofftemplate_lint"), sent).json()
    assert found["body"]["findings"] == []
    assert found["body"]["preview"] == "I'm sorry. A specialist will reply in 5 minutes."
    assert [part["code"] for part in found["body"]["parts"]] == ["reassurance", "takeover", "wait"]
    assert [one["code"] for one in found["body_without_wait"]["findings"]] == ["variant_missing"]
    assert [one["code"] for one in found["body_off_hours"]["findings"]] == ["unknown_placeholder"]
    assert "at 09:00 (Berlin time). <b>{x}</b>" in found["body_off_hours"]["preview"]
    assert found["body_off_hours"]["question"].startswith("If you would like the answer by e-mail")
    too_long = lead.post(reverse("admin:escalation_handofftemplate_lint"), {"body": "x" * 2_001})
    assert too_long.status_code == 400


@pytest.mark.row("4.11", "8.1")
@pytest.mark.django_db
def test_the_page_of_a_message_checks_it_and_says_how_often_waits_were_kept(lead, make_user, sign_in) -> None:
    defaults_install(actor=SYSTEM)
    german = HandoffTemplate.objects.get(locale="de")
    page = lead.get(reverse("admin:escalation_handofftemplate_change", args=(german.pk,))).content.decode()
    assert reverse("admin:escalation_handofftemplate_lint") in page
    assert 'data-words-locale="de"' in page
    assert "is over yet: how many were kept is not known." in page
    stranger = sign_in(make_user("stranger", "escalation.view_rule"))
    assert stranger.post(reverse("admin:escalation_handofftemplate_lint"), {"body": "x"}).status_code == 403
