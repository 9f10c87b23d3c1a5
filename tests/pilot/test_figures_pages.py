"""The pages of figures: the meter is honest at every boundary, numbers lead to rows, exports are safe."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.models import User
from pilot.admin.charts import Point, line_chart
from pilot.figures.cards import level_of, minutes_text
from pilot.models import Draft, Pilot, WeeklyReview
from pilot.resolutions import Resolution
from supportadmin.roles import roles_sync
from tests.pilot.figured import NOW, conversation
from tests.pilot.test_figures import told

pytestmark = pytest.mark.django_db
MONDAY = date(2026, 5, 4)
THURSDAY = datetime(2026, 5, 7, 10, tzinfo=UTC)
TARGETS = {"resolution_rate": 0.5, "csat": 0.8, "escalation_rate": 0.25, "time_to_resolution": 30}
BASELINE = {
    "csat": {"part": 70, "whole": 100},
    "escalation_rate": {"part": 30, "whole": 100},
    "time_to_resolution": {"minutes": 95.0, "n": 90},
}
MakePilot = Callable[..., Pilot]


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    """Let it be the Monday after four weeks."""
    with time_machine.travel(NOW):
        yield


@pytest.fixture
def pilot(make_pilot: MakePilot) -> Pilot:
    return make_pilot(stage="full", targets=TARGETS, baseline=BASELINE, started_at=THURSDAY)


@pytest.fixture
def lead(make_user: Callable[..., User], sign_in: Callable[[User], Client]) -> Client:
    roles_sync()
    return sign_in(make_user("lea", roles=("Support lead",)))


def address(pilot: Pilot, page: str = "figures/") -> str:
    return f"/admin/pilot/weeklyreview/{pilot.pk}/{page}"


def band(html: str) -> tuple[str, str, str]:
    """Return the meter's colour, evidence and headline."""
    found = re.search(
        r'pf-band (\w+) mb-4" aria-labelledby="meter-title" data-evidence="(\w+)">\s*<h2[^>]*>([^<]+)<', html
    )
    assert found is not None
    return found[1], found[2], found[3]


def perfect(resolved: int) -> list[Any]:
    """Return conversations of four full weeks in which everything gets better, with so many resolved."""
    shares = [0.1, 0.2, 0.3, 0.4]
    counts = [round(resolved * share) for share in shares]
    counts[-1] += resolved - sum(counts)
    rows = []
    for number, count in enumerate(counts):
        week = MONDAY + timedelta(weeks=number)
        rows += [told(week, Resolution.CONFIRMED, csat=5, reviewed=True) for _ in range(count)]
        lost = max(0, 60 - 18 * number)
        rows += [told(week, Resolution.ABANDONED, reviewed=True, corrected=True) for _ in range(lost)]
    return rows


@pytest.mark.row("5.9", "5.10")
@pytest.mark.parametrize(
    ("resolved", "colour", "evidence", "headline"),
    [
        (
            116,
            "grey",
            "not_enough",
            "Not enough yet: about 84 more resolved interactions before you can know",
        ),
        (199, "grey", "not_enough", "Not enough yet: about 1 more resolved interactions before you can know"),
        (200, "amber", "provisional", "Provisional: 100 more resolved interactions to be conclusive"),
        (299, "amber", "provisional", "Provisional: 1 more resolved interactions to be conclusive"),
        (300, "green", "conclusive", "Conclusive: 300 resolved interactions"),
    ],
)
def test_nothing_is_green_under_three_hundred_however_good_the_rest_is(
    pilot: Pilot,
    lead: Client,
    monkeypatch: pytest.MonkeyPatch,
    resolved: int,
    colour: str,
    evidence: str,
    headline: str,
) -> None:
    monkeypatch.setattr("pilot.figures.selectors.interactions_of", lambda pilot, now: perfect(resolved))
    html = lead.get(address(pilot)).content.decode()
    assert band(html) == (colour, evidence, headline)
    assert ("Every condition holds" in html) is (resolved >= 300)
    conditions = dict(re.findall(r'<li class="(?:yes|no)" data-condition="(\w+)"><strong>([^<]+)<', html))
    assert {name: said == "Holds" for name, said in conditions.items()} == {
        **{"resolution_rate": True, "csat": True, "corrections": True},
        **{"interactions": resolved >= 300, "weeks": True, "more_than_chance": True},
    }


@pytest.mark.row("5.9")
def test_three_hundred_without_the_trends_are_conclusive_and_not_green(
    pilot: Pilot, lead: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [told(MONDAY, Resolution.CONFIRMED, csat=5, reviewed=True) for _ in range(400)]
    monkeypatch.setattr("pilot.figures.selectors.interactions_of", lambda pilot, now: rows)
    html = lead.get(address(pilot)).content.decode()
    assert band(html)[:2] == ("plain", "conclusive")
    assert "The resolution rate is above the target of 50 % by more than chance" in html


@pytest.mark.row("5.4")
def test_each_metric_stands_with_formula_n_interval_before_and_target(pilot: Pilot, lead: Client) -> None:
    for _ in range(3):
        conversation(pilot, THURSDAY, ("clarify", "answer"), minutes=20, csat=5)
    conversation(pilot, THURSDAY, ("escalate",))
    html = lead.get(address(pilot)).content.decode()
    cards = {
        name: re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text)).strip()
        for name, text in re.findall(r'data-metric="(\w+)">(.*?)</section>', html, re.S)
    }
    assert cards["resolution_rate"] == (
        "Resolution rate 75 % n = 4, 95 % interval 14–100 % Before AI – Target at least 50 % "
        "(confirmed + assumed + judged) ÷ conversations that have ended (all but pending)"
    )
    assert cards["csat"].startswith("CSAT 100 % n = 3, 95 % interval 23–100 % Before AI 70 % Target at least")
    assert cards["escalation_rate"].startswith("Escalation rate 25 % n = 4")
    assert cards["time_to_resolution"].startswith(
        "Time to resolution 20 min n = 3, too few for an interval Before AI 95 min Target at most 30 min"
    )
    assert cards["corrections"].startswith("Corrections per 100 – Nothing to count yet")
    assert cards["inferred"].startswith("Inferred score, not CSAT 3.8 of 5")
    assert "A resolution is assumed after 72 hours of silence." in html


@pytest.mark.row("5.4", "5.5")
def test_every_count_leads_to_the_conversations_behind_it(pilot: Pilot, lead: Client) -> None:
    conversation(pilot, THURSDAY)
    conversation(pilot, THURSDAY, csat=5, review="correct")
    conversation(pilot, THURSDAY, csat=1)
    conversation(pilot, THURSDAY, ("escalate",))
    conversation(pilot, THURSDAY + timedelta(weeks=1), ("clarify",))
    html = lead.get(address(pilot)).content.decode()
    links = re.findall(r'<a href="([^"]+/conversations/\?[^"]+)">(\d+)</a>', html)
    assert len(links) == 13  # four states and all in one week, one state and all in the other, all weeks
    for link, count in links:
        page = lead.get(link.replace("&amp;", "&")).content.decode()
        assert f"{count} of 5 conversations" in page, link


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 4),
        ("state=resolved", 2),
        ("state=not_sampled", 1),
        ("state=sampled", 3),
        ("mode=shadow", 1),
        ("review=yes", 1),
        ("review=corrected", 0),
        ("rated=low", 1),
        ("rated=no", 2),
        ("week=2026-05-04&state=confirmed", 1),
        ("week=2026-05-05", 0),
        ("intent=billing_inquiry", 1),
        ("state=nonsense&week=never&mode=9&page=zz", 4),
    ],
)
def test_conversations_are_filtered(pilot: Pilot, lead: Client, query: str, count: int) -> None:
    conversation(pilot, THURSDAY, intent="billing_inquiry")
    conversation(pilot, THURSDAY, csat=5, review="correct")
    conversation(pilot, THURSDAY, csat=1)
    conversation(pilot, THURSDAY, mode="shadow", in_sample=False)
    html = lead.get(f"{address(pilot, 'conversations/')}?{query}").content.decode()
    assert f"{count} of 4 conversations" in html
    exported = lead.get(f"{address(pilot, 'conversations/export/')}?{query}")
    assert len(list(csv.DictReader(io.StringIO(exported.content.decode())))) == count


def test_exports_hold_the_figures_and_calculate_nothing(pilot: Pilot, lead: Client) -> None:
    conversation(pilot, THURSDAY, csat=5, intent="=cmd|' /C calc'!A0")
    weeks = list(csv.DictReader(io.StringIO(lead.get(address(pilot, "figures/export/")).content.decode())))
    first = weeks[0]
    assert (first["week_from"], first["confirmed"], first["resolution_rate"]) == ("2026-05-04", "1", "1.0")
    assert (first["csat_n"], first["escalation_rate_n"], first["minutes_n"]) == ("1", "1", "1")
    rows = csv.DictReader(io.StringIO(lead.get(address(pilot, "conversations/export/")).content.decode()))
    assert next(rows)["intent"].startswith("'=cmd")


def test_what_was_measured_is_escaped(pilot: Pilot, lead: Client) -> None:
    Pilot.objects.filter(pk=pilot.pk).update(name="<script>alert(1)</script>")
    conversation(pilot, THURSDAY, intent="<img src=x>")
    for page in ("figures/", "conversations/"):
        html = lead.get(address(pilot, page)).content.decode()
        assert "<script>alert(1)" not in html
        assert "<img src=x>" not in html


def test_without_conversations_or_pilots_the_next_step_is_said(
    pilot: Pilot, lead: Client, make_pilot: MakePilot
) -> None:
    html = lead.get(address(pilot)).content.decode()
    assert "No conversation has come into this pilot yet." in html
    assert band(html)[0] == "grey"
    assert lead.get("/admin/pilot/weeklyreview/figures/").url == address(pilot)  # type: ignore[attr-defined]
    Pilot.objects.update(state="planned", started_at=None)
    assert "No pilot has started yet" in lead.get("/admin/pilot/weeklyreview/figures/").content.decode()


def test_pages_are_for_those_who_may_see_pilots(
    pilot: Pilot, make_user: Callable[..., User], sign_in: Callable[[User], Client]
) -> None:
    stranger = sign_in(make_user("sid"))
    for page in ("figures/", "figures/export/", "conversations/", "conversations/export/"):
        assert stranger.get(address(pilot, page)).status_code == 403
        assert stranger.post(address(pilot, page)).status_code in (403, 405)
    reader = sign_in(make_user("rea", "pilot.view_weeklyreview"))
    assert reader.get(address(pilot)).status_code == 200
    assert reader.get("/admin/pilot/weeklyreview/999/figures/").status_code == 404
    assert reader.get(f"/admin/pilot/weeklyreview/{10**30}/figures/").status_code == 404


def test_the_overview_asks_as_many_queries_for_thirty_conversations_and_weeks_as_for_three(
    pilot: Pilot, lead: Client
) -> None:
    counts = []
    for wanted in (3, 30):
        for number in range(Draft.objects.count(), wanted):
            conversation(pilot, THURSDAY - timedelta(weeks=number), csat=5, review="correct")
            week = MONDAY - timedelta(weeks=number)
            WeeklyReview.objects.create(pilot=pilot, week=week, figures={})
        lead.get(address(pilot))
        with CaptureQueriesContext(connection) as captured:
            lead.get(address(pilot))
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_a_chart_leaves_gaps_where_nothing_is_known_and_room_for_levels() -> None:
    points = [
        Point(MONDAY + timedelta(weeks=n), value, 10, 60, f"week {n}", n == 3)
        for n, value in enumerate((20.0, None, 40.0, 50.0))
    ]
    chart = line_chart("Rate", points, unit=" %", most=100, levels=[("target", 80.0), ("before AI", None)])
    assert chart is not None
    assert [tick.text for tick in chart.y_ticks] == ["0 %", "25 %", "50 %", "75 %", "100 %"]
    assert ([dot.kind for dot in chart.dots], len(chart.lines)) == (["", "", "running"], 2)
    assert [level.text for level in chart.levels] == ["target"]
    assert line_chart("Rate", points[1:2], unit="") is None
    assert line_chart("Rate", [Point(MONDAY, 0.0, 0, 0, "", False)], unit="") is not None


@pytest.mark.parametrize(
    ("levels", "name", "expected"),
    [
        (TARGETS, "csat", 0.8),
        (BASELINE, "csat", 0.7),
        (BASELINE, "time_to_resolution", 95.0),
        (BASELINE, "resolution_rate", None),
        ({"csat": {"part": 0, "whole": 0}}, "csat", None),
        ({"csat": "x"}, "csat", None),
    ],
)
def test_baselines_and_targets_are_read_as_they_are_kept(
    levels: dict[str, Any], name: str, expected: float | None
) -> None:
    assert level_of(levels, name) == expected


def test_minutes_are_said_as_people_say_them() -> None:
    said = [minutes_text(minutes) for minutes in (0, 0.5, 14, 95, 180, 4 * 1440)]
    assert said == ["<1 s", "30 s", "14 min", "95 min", "3 h", "4 days"]
