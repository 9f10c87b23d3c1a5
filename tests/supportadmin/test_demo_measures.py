"""The demo's settled handoffs and judged turns give the pages of measures something to show."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.actors import Actor
from core.api_keys import api_key_create
from core.models import User
from core.proportions import Share
from escalation.services import defaults_install
from runtime.models import Handoff, RepeatField, SampledTurn, Verdict
from supportadmin.demo.measures import CASES, handoffs_finish, sample_judge
from supportadmin.roles import roles_sync

pytestmark = pytest.mark.django_db


@pytest.mark.row("4.13")
@pytest.mark.row("4.15")
def test_people_settle_handoffs_and_judge_most_of_a_sample_and_again_changes_nothing(
    make_user: Callable[..., User],
) -> None:
    roles_sync()
    system = Actor.system("tests")
    defaults_install(actor=system)
    key, _ = api_key_create(actor=system, name="bot", scopes=["runtime", "identity"])
    roles = ("Support lead", "Reviewer", "Tagger")
    lead, *judges = (Actor.of_user(make_user(role.split()[0].lower(), roles=(role,))) for role in roles)
    counts = []
    for _ in range(2):
        read = handoffs_finish(bot=Actor.of_api_key(key), agent=lead, channel="web")
        sample_judge(lead=lead, judges=(judges[0], judges[1]))
        assert (read, Handoff.objects.filter(state="resolved").count()) == (len(CASES), len(CASES))
        asked = RepeatField.objects.filter(asked=True).values_list("field", flat=True)
        assert sorted(asked) == ["amount", "date", "order_number", "order_number", "plan"]
        judged = Share(SampledTurn.objects.filter(missing=0).count(), SampledTurn.objects.count())
        assert 0 < judged.part < judged.whole
        counts.append(Verdict.objects.count())
    assert counts[0] == counts[1]
