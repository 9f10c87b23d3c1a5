"""Pilots in the admin: plan, start, the gate at the button, the kill switch, lists and who may what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.models import Activity
from pilot.gate import Condition, Verdict
from pilot.meter import Evidence
from pilot.models import Pilot, StageMove
from supportadmin.roles import roles_sync
from tests.pilot.test_stages import CASES, NAMES

LIST = "/admin/pilot/pilot/"
TARGETS = {
    "target_resolution_rate": "60",
    "target_csat": "85",
    "target_escalation_rate": "20",
    "target_time_to_resolution": "240",
}
PLAN = {
    "name": "E-mail first",
    "goal": "",
    "scope_kind": "channel",
    "channel": "email",
    "category_choice": "",
    "percent": "10",
    "review_percent": "100",
    "double_percent": "10",
    **TARGETS,
}
GOOD = {"resolution_rate": 0.6, "csat": 0.85, "escalation_rate": 0.2, "time_to_resolution": 240.0}


@pytest.fixture(autouse=True)
def roles(db: None) -> None:
    roles_sync()


@pytest.fixture
def lead(make_user: Any, sign_in: Any) -> Client:
    return sign_in(make_user("lena", roles=("Support lead",)))


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Have all conditions of the gate hold but those that are named."""

    def but(*missing: str) -> None:
        verdict = Verdict(
            Evidence.CONCLUSIVE,
            tuple(Condition(name, name not in missing, f"Why {name}.") for name in NAMES),
        )
        for function in (pilot_forward, next_conditions):
            monkeypatch.setitem(function.__kwdefaults__, "gate", lambda pilot: verdict)

    from pilot.services.conditions import next_conditions  # noqa: PLC0415
    from pilot.services.stages import pilot_forward  # noqa: PLC0415

    return but


def page(client: Client, pilot: Pilot) -> str:
    response = client.get(f"{LIST}{pilot.pk}/change/")
    assert response.status_code == 200
    return response.content.decode()


def test_an_empty_list_says_what_a_pilot_is_and_what_to_do(
    lead: Client, make_user: Any, sign_in: Any
) -> None:
    assert "Add one: choose a scope" in lead.get(LIST).content.decode()
    reader = sign_in(make_user("kim", "pilot.view_pilot"))
    assert "A support lead can plan one." in reader.get(LIST).content.decode()
    assert reader.get(f"{LIST}add/").status_code == 403


@pytest.mark.row("5.1", "5.4")
def test_a_pilot_is_planned_changed_and_started_and_then_locked(lead: Client) -> None:
    response = lead.post(f"{LIST}add/", PLAN)
    pilot = Pilot.objects.get()
    assert response["Location"] == f"{LIST}{pilot.pk}/change/"
    assert (pilot.channel, pilot.targets, pilot.created_by) == ("email", GOOD, "lena")
    lead.post(f"{LIST}{pilot.pk}/change/", {**PLAN, "target_csat": "90", "goal": "To know"})
    pilot.refresh_from_db()
    assert (pilot.targets["csat"], pilot.goal) == (0.9, "To know")
    shown = page(lead, pilot)
    assert "No map of your closed tickets is signed yet" in shown
    assert "/admin/audit/" in shown
    confirm = lead.get(f"{LIST}{pilot.pk}/move/start/").content.decode()
    assert "your people answer as before" in confirm
    assert "outside of the pilots the agent is silent" in confirm
    seen = "('planned', 'shadow', 10)"
    lead.post(f"{LIST}{pilot.pk}/move/start/", {"_seen": seen, "reason": "Ready"})
    pilot.refresh_from_db()
    assert (pilot.state, StageMove.objects.get().reason) == ("running", "Ready")
    assert lead.post(f"{LIST}{pilot.pk}/change/", {**PLAN, "target_csat": "1"}).status_code == 403
    pilot.refresh_from_db()
    assert pilot.targets["csat"] == 0.9
    assert "There are no figures from before AI: when it started, no map was signed" in page(lead, pilot)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"channel": ""}, "Name the channel"),
        ({"scope_kind": "category"}, "Choose the category"),
        ({"percent": "0"}, "greater than or equal to 1"),
        ({"target_csat": "101"}, "less than or equal to 100"),
        ({"name": "Taken"}, "already"),
    ],
)
def test_what_cannot_be_a_pilot_is_said_beside_the_field(
    lead: Client, make_pilot: Any, changes: dict[str, str], said: str
) -> None:
    make_pilot("Taken", state="planned", channel="chat")
    response = lead.post(f"{LIST}add/", {**PLAN, **changes})
    assert said in response.content.decode()
    assert Pilot.objects.count() == 1


def test_two_who_take_a_name_at_once_read_why_and_keep_what_they_typed(
    lead: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.errors import Conflict  # noqa: PLC0415
    from pilot.admin import pilots  # noqa: PLC0415

    def taken(**_: Any) -> None:
        raise Conflict("There is a pilot “E-mail first” already.", code="name_taken")

    monkeypatch.setattr(pilots, "pilot_create", taken)
    response = lead.post(f"{LIST}add/", {**PLAN, "goal": "What I typed"})
    assert response.status_code == 409
    assert "What I typed" in response.content.decode()
    assert "There is a pilot “E-mail first” already." in response.content.decode()


@pytest.mark.row("5.10")
@pytest.mark.parametrize("missing", CASES)
def test_the_expand_button_is_off_unless_all_three_hold(
    lead: Client, make_pilot: Any, gate: Any, missing: tuple[str, ...]
) -> None:
    pilot = make_pilot(stage="assist")
    gate(*missing)
    shown = page(lead, pilot)
    link = f'href="{LIST}{pilot.pk}/move/forward/"'
    for name in NAMES:
        assert f"Why {name}." in shown
    assert shown.count("Does not hold: ") == len(missing)
    assert (link in shown) is not bool(missing)
    assert ("disabled aria-describedby" in shown) is bool(missing)
    sent = {"_seen": "('running', 'assist', 10)", "reason": "Now", "percent": "15"}
    response = lead.post(f"{LIST}{pilot.pk}/move/forward/", sent)
    pilot.refresh_from_db()
    if missing:
        assert response.status_code == 409
        assert (pilot.stage, StageMove.objects.count(), Activity.objects.count()) == ("assist", 0, 0)
        return
    assert (pilot.stage, pilot.percent) == ("limited", 15)


@pytest.mark.row("5.11")
def test_the_kill_switch_is_on_every_page_of_pilots_and_on_the_dashboard(
    lead: Client, make_pilot: Any
) -> None:
    pilot = make_pilot(stage="full")
    halt = f'action="{LIST}{pilot.pk}/halt/"'
    for address in (
        "/admin/",
        LIST,
        f"{LIST}add/",
        f"{LIST}{pilot.pk}/change/",
        f"{LIST}{pilot.pk}/move/end/",
    ):
        assert lead.get(address).content.decode().count(halt) == 1, address
    assert lead.get(f"{LIST}{pilot.pk}/halt/").status_code == 405
    response = lead.post(f"{LIST}{pilot.pk}/halt/", {"back": "dashboard"}, follow=True)
    assert response.redirect_chain == [("/admin/", 302)]
    shown = response.content.decode()
    assert "E-mail first</a></strong>, stopped, people have every conversation, week 1" in shown
    assert halt not in shown
    pilot.refresh_from_db()
    assert pilot.state == "halted"
    assert "Stopped by lena" in page(lead, pilot)


@pytest.mark.row("5.11")
@pytest.mark.parametrize("role", ["Admin", "Support lead", "Tagger", "Reviewer"])
def test_these_roles_stop_a_pilot(make_user: Any, sign_in: Any, make_pilot: Any, role: str) -> None:
    pilot = make_pilot()
    client = sign_in(make_user("kim", roles=(role,)))
    assert client.post(f"{LIST}{pilot.pk}/halt/").status_code == 302
    pilot.refresh_from_db()
    assert pilot.state == "halted"


@pytest.mark.row("5.11")
def test_who_may_not_stop_or_move_sees_no_button_and_is_refused(
    make_user: Any, sign_in: Any, make_pilot: Any
) -> None:
    pilot = make_pilot(stage="limited")
    reader = sign_in(make_user("kim", roles=("KB owner",)))
    shown = page(reader, pilot)
    assert "/move/" not in shown
    assert "/halt/" not in shown
    assert "/halt/" not in reader.get("/admin/").content.decode()
    assert reader.post(f"{LIST}{pilot.pk}/halt/").status_code == 403
    for name in ("start", "forward", "share", "back", "resume", "end"):
        assert reader.post(f"{LIST}{pilot.pk}/move/{name}/", {"reason": "r"}).status_code == 403
    pilot.refresh_from_db()
    assert (pilot.state, pilot.stage, StageMove.objects.count()) == ("running", "limited", 0)


@pytest.mark.row("5.11")
def test_many_are_stopped_at_once_and_each_is_told(lead: Client, make_pilot: Any) -> None:
    made = [make_pilot("Full", stage="full"), make_pilot("Ended", channel="chat", state="ended")]
    sent = {"action": "stop_now", "_selected_action": [pilot.pk for pilot in made]}
    shown = lead.post(LIST, sent, follow=True).content.decode()
    assert "“Full” is stopped." in shown
    assert "This pilot does not run, so there is nothing to stop." in shown
    assert sorted(Pilot.objects.values_list("name", "state")) == [("Ended", "ended"), ("Full", "halted")]


@pytest.mark.row("5.11")
def test_the_way_back_says_what_differs_and_the_end_what_it_opens(lead: Client, make_pilot: Any) -> None:
    pilot = make_pilot(stage="limited")
    for stage, number in (("shadow", 3), ("assist", 0)):
        StageMove.objects.create(
            pilot=pilot,
            verb="forward",
            from_stage="shadow",
            to_stage=stage,
            reason="r",
            bundle={"release": None, "index": 0, "rules": number},
            signed_by="kim",
        )
    shown = lead.get(f"{LIST}{pilot.pk}/move/back/").content.decode()
    assert "The rule set was 3, is 0: open that version under Step 4" in shown
    assert "Release, index and rules are as they were then." in shown
    sent = {"_seen": "('running', 'limited', 10)", "reason": "Complaints", "to": "shadow"}
    shown = lead.post(f"{LIST}{pilot.pk}/move/back/", sent, follow=True).content.decode()
    assert "The rule set was 3, is 0" in shown
    end = lead.get(f"{LIST}{pilot.pk}/move/end/").content.decode()
    assert "the agent answers every customer on every channel at once" in end
    sent = {"_seen": "('running', 'shadow', 10)", "reason": "Enough"}
    assert lead.post(f"{LIST}{pilot.pk}/move/end/", sent).status_code == 400
    lead.post(f"{LIST}{pilot.pk}/move/end/", {**sent, "opens_to_all": "on"})
    pilot.refresh_from_db()
    assert pilot.state == "ended"
    shown = page(lead, pilot)  # readable, and nothing to press
    assert "Complaints" in shown
    assert "/move/" not in shown


def test_what_changed_since_the_page_was_opened_is_not_overrun(lead: Client, make_pilot: Any) -> None:
    pilot = make_pilot(stage="assist")
    sent = {"_seen": "('running', 'limited', 10)", "reason": "r", "to": "shadow"}
    assert lead.post(f"{LIST}{pilot.pk}/move/back/", sent).status_code == 409
    pilot.refresh_from_db()
    assert pilot.stage == "assist"


@pytest.mark.row("8.7")
def test_list_and_dashboard_cost_the_same_queries_at_3_and_30_pilots(lead: Client, make_pilot: Any) -> None:
    def counted(address: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert lead.get(address).status_code == 200
        return len(queries)

    for number in range(3):
        make_pilot(f"P{number}", channel=f"c{number}", stage="full")
    lead.get(LIST)
    few = [counted(address) for address in (LIST, "/admin/")]
    for number in range(3, 30):
        make_pilot(f"P{number}", channel=f"c{number}", stage="full")
    assert [counted(address) for address in (LIST, "/admin/")] == few


def test_hostile_names_and_reasons_are_shown_as_words(lead: Client, make_pilot: Any) -> None:
    hostile = "<script>alert(1)</script>"
    pilot = make_pilot(hostile, channel="<b>x</b>", goal=hostile, created_by=hostile)
    StageMove.objects.create(
        pilot=pilot,
        verb="halt",
        from_stage="shadow",
        to_stage="shadow",
        reason=hostile,
        gate={"conditions": [{"name": "x", "holds": False, "why": hostile}]},
        signed_by=hostile,
    )
    for address in ("/admin/", LIST, f"{LIST}{pilot.pk}/change/", f"{LIST}{pilot.pk}/move/back/"):
        shown = lead.get(address, follow=True).content.decode()
        assert hostile not in shown
        assert "<b>x</b>" not in shown
