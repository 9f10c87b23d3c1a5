"""GET /metrics as another system meets it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from rest_framework.test import APIClient

from pilot.figures.api import EXAMPLE
from pilot.figures.serializers import MetricsSerializer
from pilot.figures.weekly import weeks_freeze
from pilot.metrics import FORMULAS
from pilot.models import Pilot
from tests.pilot.figured import conversation
from tickets.models import Category

pytestmark = [pytest.mark.django_db, pytest.mark.row("5.4", "5.16")]
URL = "/api/v1/metrics"
THURSDAY = datetime(2026, 5, 7, 10, tzinfo=UTC)
MakePilot = Callable[..., Pilot]


@pytest.fixture
def pilot(make_pilot: MakePilot) -> Pilot:
    made = make_pilot(stage="full", started_at=THURSDAY)
    for _ in range(3):
        conversation(made, THURSDAY, csat=5)
    conversation(made, THURSDAY, ("escalate",))
    return made


def shape(value: Any) -> Any:
    """Return the keys of an answer, at every depth."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    return [shape(value[0])] if isinstance(value, list) and value else None


def test_the_whole_pilot_has_counts_metrics_evidence_and_gate(
    pilot: Pilot, api: Callable[..., APIClient]
) -> None:
    body = api("read").get(URL, {"scope": str(pilot.pk)}).json()
    assert (
        body["counts"] | {"interactions": 4, "resolved": 3, "confirmed": 3, "escalated": 1} == body["counts"]
    )
    rate = body["metrics"]["resolution_rate"]
    assert (rate["value"], rate["part"], rate["n"], rate["interval"]) == (0.75, 3, 4, "always_valid")
    assert rate["low"] < 0.2
    assert {name: one["formula"] for name, one in body["metrics"].items()} == FORMULAS
    assert (body["metrics"]["csat"]["value"], body["metrics"]["corrections"]["value"]) == (1.0, None)
    assert (body["evidence"], body["gate"]["may_expand"], body["week"]) == ("not_enough", False, None)
    assert body["inferred_score"]["coverage"]["n"] == 4
    assert shape(body) == shape(EXAMPLE)
    assert set(MetricsSerializer().fields) == set(body)


@pytest.mark.parametrize("week", ["2026-05-04", "2026-W19"])
def test_a_week_is_named_by_its_monday_or_its_iso_name(
    pilot: Pilot, api: Callable[..., APIClient], week: str
) -> None:
    weeks_freeze(now=datetime(2026, 5, 11, 1, tzinfo=UTC))
    body = api("read").get(URL, {"scope": "channel:email", "week": week}).json()
    assert (body["week"]["monday"], body["week"]["is_partial"]) == ("2026-05-04", False)
    assert body["week"]["review"] == "missed: not signed"
    assert body["week"]["frozen"]["counts"] == body["counts"]
    assert body["metrics"]["resolution_rate"]["interval"] == "wilson"


def test_a_scope_is_a_channel_or_a_category_and_what_runs_comes_first(
    pilot: Pilot, make_pilot: MakePilot, api: Callable[..., APIClient]
) -> None:
    category = Category.objects.create(name="Billing")
    by_category = make_pilot("Billing", channel="", scope_kind="category", category=category, stage="full")
    make_pilot("Rehearsal", source="replay")
    client = api("read")
    assert client.get(URL, {"scope": f"category:{category.pk}"}).json()["pilot"] == {
        **{"pilot_id": by_category.pk, "name": "Billing", "scope": f"category:{category.pk}"},
        **{"source": "live", "stage": "full", "state": "running"},
    }
    assert client.get(URL, {"scope": "channel:email"}).json()["pilot"]["pilot_id"] == pilot.pk


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({}, 400, "invalid"),
        ({"scope": "e-mail"}, 400, "bad_scope"),
        ({"scope": "channel:"}, 400, "bad_scope"),
        ({"scope": "category:x"}, 400, "bad_scope"),
        ({"scope": "9" * 30}, 400, "bad_scope"),
        ({"scope": "²"}, 400, "bad_scope"),
        ({"scope": "999999"}, 404, "pilot_not_found"),
        ({"scope": "channel:fax"}, 404, "pilot_not_found"),
        ({"scope": "channel:email", "week": "2026-05-05"}, 400, "invalid"),
        ({"scope": "channel:email", "week": "2026-W60"}, 400, "invalid"),
        ({"scope": "channel:email", "week": "soon"}, 400, "invalid"),
        ({"scope": "channel:email", "week": "2020-W10"}, 404, "week_not_found"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_code(
    pilot: Pilot, api: Callable[..., APIClient], query: dict[str, str], status: int, code: str
) -> None:
    answer = api("read").get(URL, query)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_key_without_the_scope_read_learns_nothing(pilot: Pilot, api: Callable[..., APIClient]) -> None:
    answer = api("runtime").get(URL, {"scope": str(pilot.pk)})
    assert (answer.status_code, answer.json()["code"]) == (403, "missing_scope")
    assert APIClient().get(URL, {"scope": str(pilot.pk)}).status_code == 401
