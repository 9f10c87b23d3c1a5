"""People who decide and jobs that collect at the same moment: one decision holds, nothing is made twice."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from core.actors import Actor
from core.errors import Conflict
from core.models import Activity, User
from intents.models import Example, Intent
from pilot.corrections.accepting import correction_accept, correction_decline
from pilot.corrections.collecting import corrections_collect
from pilot.models import Correction, Draft
from tests.pilot.correcting import say_of

pytestmark = pytest.mark.django_db(transaction=True)


def _together(acts: list[Callable[[], Any]]) -> list[str]:
    """Do them at once; return for each "done" or the code of its refusal."""

    def do(act: Callable[[], Any]) -> str:
        try:
            act()
        except Conflict as refusal:
            return refusal.code
        else:
            return "done"
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=6) as pool:
        return list(pool.map(do, acts))


@pytest.mark.row("5.3")
def test_of_six_who_decide_at_once_one_wins_and_one_thing_is_made(
    make_pilot: Any, make_draft: Any, make_user: Callable[..., User]
) -> None:
    Intent.objects.create(slug="data_export", label="Data export", state="active")
    make_pilot()
    say_of(make_draft())
    corrections_collect()
    rights = ("pilot.decide_correction", "intents.add_example")
    people = [Actor.of_user(make_user(f"person{number}", *rights)) for number in range(6)]
    seen = [Correction.objects.get() for _ in people]
    acts = [correction_accept if number % 2 else correction_decline for number in range(6)]
    said = _together(
        [
            lambda act=act, actor=actor, row=row: act(actor=actor, correction=row)
            for act, actor, row in zip(acts, people, seen, strict=True)
        ]
    )
    assert sorted(said) == ["done"] + ["stale_transition"] * 5
    row = Correction.objects.get()
    assert row.decided_by == people[said.index("done")].label
    assert Example.objects.count() == (1 if row.state == "accepted" else 0)
    assert Activity.objects.filter(verb__startswith="correction.").count() == 1


@pytest.mark.row("5.6")
def test_four_collections_at_once_propose_each_thing_once(make_pilot: Any, make_draft: Any) -> None:
    make_pilot()
    for number in range(12):
        make_draft(f"unsure {number}")
    say_of(make_draft(), "outdated", text="Elsewhere.")
    assert _together([corrections_collect] * 4) == ["done"] * 4
    failures = Correction.objects.filter(priority=1).values_list("draft_id", flat=True)
    assert sorted(failures) == sorted(Draft.objects.values_list("pk", flat=True))
