"""Soft rules drafted from the flags of the ticket audit."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.actors import Actor
from core.errors import NotAllowed
from core.models import User
from escalation.drafting import soft_rules_draft
from escalation.models import Rule, RuleSetVersion
from escalation.selectors import live_rule_set
from escalation.services import rule_update
from tests.tickets.builders import SYSTEM
from tickets.contracts import FlaggedCategory
from tickets.models import Category
from tickets.selectors import flagged_categories

pytestmark = [pytest.mark.django_db, pytest.mark.row("1.7")]
REFUNDS = FlaggedCategory(7, "Refunds", ("judgement", "policy exception"))


def test_each_flagged_category_gets_one_disabled_soft_rule_which_stays_as_people_leave_it() -> None:
    (rule,) = soft_rules_draft(actor=SYSTEM, categories=[REFUNDS])
    assert (rule.name, rule.kind, rule.trigger, rule.parameters, rule.enabled) == (
        "Refunds (judgement, policy exception)",
        "soft",
        "flagged_category",
        {"category_id": 7},
        False,
    )
    assert live_rule_set().rules == ()
    rule_update(actor=SYSTEM, rule=rule, name="Refunds go to people", clarify_first=1)
    assert soft_rules_draft(actor=SYSTEM, categories=[REFUNDS]) == []
    assert Rule.objects.get().name == "Refunds go to people"


def test_a_long_or_taken_name_still_gives_a_rule() -> None:
    long = FlaggedCategory(8, "x" * 120, ("judgement",))
    taken = FlaggedCategory(9, "x" * 120, ("judgement",))
    first, second = soft_rules_draft(actor=SYSTEM, categories=[long, taken])
    assert (len(first.name), len(second.name)) == (100, 100)
    assert second.name.endswith(" #9")


def test_who_may_not_add_rules_drafts_none(make_user: Callable[..., User]) -> None:
    kim = Actor.of_user(make_user("kim", "escalation.change_rule"))
    with pytest.raises(NotAllowed):
        soft_rules_draft(actor=kim, categories=[REFUNDS])
    assert (Rule.objects.count(), RuleSetVersion.objects.count()) == (0, 0)


def test_categories_in_use_with_a_flag_are_found_with_their_flags_in_words() -> None:
    flagged = Category.objects.create(name="Refunds", policy_exception=True, multi_system=True)
    Category.objects.create(name="Exports")
    assert flagged_categories() == (
        FlaggedCategory(flagged.pk, "Refunds", ("policy exception", "several systems")),
    )
