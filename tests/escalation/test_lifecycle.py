"""Which version of a rule decides: edits wait, the live version goes on, and every set can be looked up."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from core.actors import Actor
from core.errors import Conflict, InvalidInput, NotAllowed
from core.models import Activity
from escalation.lifecycle import rules_reorder
from escalation.models import Rule, RuleSetVersion, RuleVersion
from escalation.selectors import live_rule_set, rule_names, rule_set_at
from escalation.services import (
    rule_archive,
    rule_create,
    rule_disable,
    rule_discard,
    rule_enable,
    rule_restore,
    rule_roll_back,
    rule_update,
)

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("test")


def make(name: str = "Words", *, phrase: str = "first words", **changes) -> Rule:
    fields = {
        "kind": "soft",
        "trigger": "pattern",
        "parameters": {"phrases": [phrase]},
        "clarify_first": 0,
        "enabled": True,
    }
    return rule_create(actor=SYSTEM, name=name, **{**fields, **changes})


def edit(rule: Rule, phrase: str) -> None:
    rule_update(actor=SYSTEM, rule=rule, parameters={"phrases": [phrase]})


def live() -> list[tuple[int, list[str]]]:
    return [(rule.version, rule.parameters["phrases"]) for rule in live_rule_set().rules]


def rows() -> tuple[int, int, int, int]:
    return (
        Rule.objects.count(),
        RuleVersion.objects.count(),
        RuleSetVersion.objects.count(),
        Activity.objects.count(),
    )


@pytest.mark.row("4.8")
def test_an_edit_decides_nothing_until_it_is_enabled() -> None:
    rule = make()
    edit(rule, "second words")
    assert (rule.version, rule.live_version, rule.is_pending) == (2, 1, True)
    assert live() == [(1, ["first words"])]
    assert live_rule_set().version == 1
    rule_enable(actor=SYSTEM, rule=rule, is_first_installation=True)
    assert (rule.version, rule.live_version, rule.is_pending) == (2, 2, False)
    assert live() == [(2, ["second words"])]
    assert [rule_set_at(number).rules[0].version for number in (1, 2)] == [1, 2]


@pytest.mark.row("4.8")
def test_a_pending_name_is_linked_by_no_article_yet() -> None:
    rule = make("Old name")
    rule_update(actor=SYSTEM, rule=rule, name="New name")
    assert rule_names() == {str(rule.pk): "Old name"}
    rule_enable(actor=SYSTEM, rule=rule, is_first_installation=True)
    assert rule_names() == {str(rule.pk): "New name"}


@pytest.mark.row("4.8")
def test_a_pending_edit_is_discarded_and_its_number_is_not_given_again() -> None:
    rule = make()
    edit(rule, "second words")
    rule_discard(actor=SYSTEM, rule=rule)
    assert (rule.version, rule.live_version, rule.parameters["phrases"]) == (1, 1, ["first words"])
    assert live_rule_set().version == 1
    edit(rule, "third words")
    assert rule.version == 3
    assert RuleVersion.objects.get(version=2).fields["parameters"]["phrases"] == ["second words"]
    line = Activity.objects.get(verb="rule.edit_discarded")
    assert (line.before["version"], line.after["version"]) == (2, 1)


@pytest.mark.row("4.8")
def test_a_roll_back_is_a_new_version_that_waits_like_any_edit() -> None:
    rule = make()
    edit(rule, "second words")
    rule_enable(actor=SYSTEM, rule=rule, is_first_installation=True)
    rule_roll_back(actor=SYSTEM, rule=rule, version=1)
    assert (rule.version, rule.live_version) == (3, 2)
    assert live() == [(2, ["second words"])]
    newest = RuleVersion.objects.get(version=3)
    assert (newest.note, newest.fields["parameters"]["phrases"]) == ("as version 1", ["first words"])
    rule_enable(actor=SYSTEM, rule=rule, is_first_installation=True)
    assert live() == [(3, ["first words"])]


@pytest.mark.row("4.8")
def test_a_rule_that_was_disabled_comes_back_with_its_newest_version() -> None:
    rule = make()
    edit(rule, "second words")
    rule_disable(actor=SYSTEM, rule=rule)
    assert live() == []
    assert not rule.enabled
    rule_enable(actor=SYSTEM, rule=rule, is_first_installation=True)
    assert live() == [(2, ["second words"])]


@pytest.mark.row("4.8")
def test_an_archived_rule_decides_nothing_and_keeps_its_name_and_history() -> None:
    rule = make()
    rule_archive(actor=SYSTEM, rule=rule)
    assert live() == []
    with pytest.raises(InvalidInput) as refusal:
        rule_enable(actor=SYSTEM, rule=rule, is_first_installation=True)
    assert refusal.value.code == "archived"
    with pytest.raises(InvalidInput) as refusal:
        make()
    assert refusal.value.code == "name_taken"
    with pytest.raises(IntegrityError), transaction.atomic():
        Rule.objects.update(live_version=1)
    rule_restore(actor=SYSTEM, rule=rule)
    assert (rule.archived_at, rule.enabled, live()) == (None, False, [])
    assert rule_set_at(1).rules[0].id == rule.pk


@pytest.mark.row("4.8")
@pytest.mark.parametrize(
    ("act", "code"),
    [
        (lambda rule: rule_discard(actor=SYSTEM, rule=rule), "nothing_to_discard"),
        (lambda rule: rule_roll_back(actor=SYSTEM, rule=rule, version=9), "unknown_version"),
        (lambda rule: rule_update(actor=SYSTEM, rule=rule, priority=3), "bad_fields"),
        (lambda rule: rule_update(actor=SYSTEM, rule=rule, live_version=3), "bad_fields"),
        (lambda rule: rule_update(actor=SYSTEM, rule=rule, conditions={"tiers": []}), "bad_conditions"),
    ],
)
def test_a_move_that_cannot_be_meant_is_refused(act, code) -> None:
    rule = make()
    before = rows()
    with pytest.raises(InvalidInput) as refusal:
        act(rule)
    assert refusal.value.code == code
    assert rows() == before


@pytest.mark.row("4.8")
def test_moving_rules_is_one_change_of_the_set_and_of_no_rule() -> None:
    first, second, hard = make("a"), make("b"), make("c", kind="hard")
    seen = [hard.pk, first.pk, second.pk]
    before = live_rule_set().version
    kept = rules_reorder(actor=SYSTEM, rule_ids=[second.pk, first.pk, hard.pk], seen=seen)
    assert kept.number == before + 1
    assert [rule.name for rule in live_rule_set().rules] == ["c", "b", "a"]
    assert [rule.version for rule in live_rule_set().rules] == [1, 1, 1]
    assert Activity.objects.get(verb="rules.reordered").after == {"a": 20, "b": 10}


@pytest.mark.row("4.8", "R22")
@pytest.mark.parametrize("stale", [True, False])
def test_an_order_that_leaves_a_rule_out_or_comes_too_late_moves_nothing(stale: bool) -> None:
    first, second = make("a"), make("b")
    seen = [first.pk, second.pk]
    if stale:
        rules_reorder(actor=SYSTEM, rule_ids=[second.pk, first.pk], seen=seen)
    before = (rows(), [rule.name for rule in live_rule_set().rules])
    order = [first.pk, second.pk] if stale else [first.pk]
    with pytest.raises(Conflict if stale else InvalidInput):
        rules_reorder(actor=SYSTEM, rule_ids=order, seen=seen)
    assert (rows(), [rule.name for rule in live_rule_set().rules]) == before


@pytest.mark.row("8.1")
def test_every_move_asks_for_the_permission(make_user) -> None:
    rule = make()
    edit(rule, "second words")
    stranger = Actor.of_user(make_user("stranger"))
    before = rows()
    for act in (
        lambda: rule_enable(actor=stranger, rule=rule, is_first_installation=True),
        lambda: rule_disable(actor=stranger, rule=rule),
        lambda: rule_discard(actor=stranger, rule=rule),
        lambda: rule_archive(actor=stranger, rule=rule),
        lambda: rule_restore(actor=stranger, rule=rule),
        lambda: rule_roll_back(actor=stranger, rule=rule, version=1),
        lambda: rules_reorder(actor=stranger, rule_ids=[rule.pk], seen=[rule.pk]),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert rows() == before
