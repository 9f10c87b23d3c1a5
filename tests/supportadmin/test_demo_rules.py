"""The demo's rules show every state, and are added once."""

from __future__ import annotations

import pytest

from core.actors import Actor
from escalation.models import Rule
from escalation.selectors import live_rule_set
from supportadmin.demo.rules import BREACH, LAUNCH, WEEKEND, rules_add

pytestmark = pytest.mark.django_db
LEAD = Actor.system("demo")


@pytest.mark.row("4.8")
def test_the_demo_has_a_live_rule_with_an_edit_that_waits_and_disabled_ones() -> None:
    assert rules_add(LEAD) == 3
    assert rules_add(LEAD) == 0
    states = {rule.name: (rule.version, rule.live_version) for rule in Rule.objects.all()}
    assert states == {BREACH: (2, 1), WEEKEND: (1, None), LAUNCH: (1, None)}
    assert [rule.name for rule in live_rule_set().rules] == [BREACH]
