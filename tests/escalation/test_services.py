"""Rules change with a version, a rule-set version and an activity line, or not at all."""

from __future__ import annotations

import threading

import pytest
from django.db import IntegrityError, connection, transaction

from core.actors import Actor
from core.errors import Conflict, InvalidInput, NotAllowed
from core.models import Activity
from escalation.models import Rule, RuleSetVersion, RuleVersion
from escalation.selectors import live_rule_set, rule_set_at
from escalation.services import (
    defaults_install,
    rule_create,
    rule_disable,
    rule_enable,
    rule_update,
    template_save,
)

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("test")


def make(**changes) -> Rule:
    fields = {
        "name": "Low",
        "kind": "soft",
        "trigger": "low_confidence",
        "parameters": {},
        "clarify_first": 1,
        "priority": 5,
        "enabled": True,
    }
    return rule_create(actor=SYSTEM, **{**fields, **changes})


def rows() -> tuple[int, int, int, int]:
    return (
        Rule.objects.count(),
        RuleVersion.objects.count(),
        RuleSetVersion.objects.count(),
        Activity.objects.count(),
    )


@pytest.mark.row("4.8", "8.2")
def test_every_change_makes_a_new_version_and_old_decisions_keep_their_rules() -> None:
    rule = make()
    first = live_rule_set()
    rule_update(actor=SYSTEM, rule=rule, parameters={"minimum_confidence": 0.7})
    second = live_rule_set()
    assert (first.version, second.version, rule.version) == (1, 2, 2)
    assert second.rules[0].parameters["minimum_confidence"] == 0.7
    assert rule_set_at(1) == first
    assert rule_set_at(2) == second
    assert rule_set_at(3) is None
    assert list(RuleVersion.objects.order_by("version").values_list("version", flat=True)) == [1, 2]
    line = Activity.objects.get(verb="rule.changed")
    assert line.before["parameters"]["minimum_confidence"] == 0
    assert line.after["parameters"]["minimum_confidence"] == 0.7


def test_a_change_that_changes_nothing_leaves_no_trace() -> None:
    rule = make()
    before = rows()
    rule_update(actor=SYSTEM, rule=rule, priority=5)
    rule_enable(actor=SYSTEM, rule=rule)
    assert rows() == before


def test_a_disabled_rule_leaves_the_rule_set() -> None:
    rule = make()
    rule_disable(actor=SYSTEM, rule=rule)
    assert live_rule_set().rules == ()
    rule_enable(actor=SYSTEM, rule=rule)
    assert [r.version for r in live_rule_set().rules] == [3]


def test_hard_rules_stand_before_soft_ones_and_then_by_priority() -> None:
    make(name="b", priority=9)
    make(name="a", priority=1)
    make(name="z", kind="hard", trigger="human_request", clarify_first=0, priority=99)
    assert [rule.name for rule in live_rule_set().rules] == ["z", "a", "b"]


@pytest.mark.row("R22")
def test_of_two_editors_the_second_is_told() -> None:
    rule = make()
    other = Rule.objects.get(pk=rule.pk)
    rule_update(actor=SYSTEM, rule=rule, priority=6)
    before = rows()
    with pytest.raises(Conflict) as refusal:
        rule_update(actor=SYSTEM, rule=other, priority=7)
    assert refusal.value.code == "stale_rule"
    assert rows() == before
    assert Rule.objects.get().priority == 6


@pytest.mark.row("4.6")
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"parameters": {"minimum_confidence": 1.5}}, "bad_parameters"),
        ({"parameters": {"nonsense": 1}}, "bad_parameters"),
        ({"parameters": ["x"]}, "bad_parameters"),
        ({"parameters": {"minimum_confidence_by_intent": {"a": "x"}}}, "bad_parameters"),
        ({"clarify_first": 2}, "bad_clarify_first"),
        ({"kind": "hard"}, "hard_asks_nothing"),
        ({"kind": "wild"}, "bad_kind"),
        ({"trigger": "moon"}, "unknown_trigger"),
        ({"trigger": "step_failure"}, "bad_kind"),
        ({"name": " "}, "bad_name"),
        ({"trigger": "human_request", "parameters": {"extra_phrases": ["..."]}}, "bad_parameters"),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused(changes, code) -> None:
    with pytest.raises(InvalidInput) as refusal:
        make(**changes)
    assert refusal.value.code == code
    assert rows() == (0, 0, 0, 0)


def test_the_database_itself_refuses_a_hard_rule_that_asks_first() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Rule.objects.create(name="x", kind="hard", trigger="human_request", clarify_first=1)


@pytest.mark.row("8.1")
def test_only_those_with_the_permission_change_rules(make_user) -> None:
    rule = make()
    before = rows()
    stranger = Actor.of_user(make_user("stranger"))
    for act in (
        lambda: rule_disable(actor=stranger, rule=rule),
        lambda: rule_disable(actor=Actor("api_key", 1, "bot"), rule=rule),
        lambda: template_save(actor=stranger, reason="", body="x"),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert rows() == before
    rule_disable(actor=Actor.of_user(make_user("lead", "escalation.change_rule")), rule=rule)
    assert not Rule.objects.get().enabled


@pytest.mark.row("8.2")
def test_history_is_neither_rewritten_nor_deleted() -> None:
    make()
    for kept in (RuleVersion.objects.get(), RuleSetVersion.objects.get()):
        with pytest.raises(TypeError):
            kept.save()
        with pytest.raises(TypeError):
            kept.delete()


def test_defaults_are_installed_once() -> None:
    assert defaults_install(actor=SYSTEM) == {"rules": 11, "templates": 13}
    before = rows()
    assert defaults_install(actor=SYSTEM) == {"rules": 0, "templates": 0}
    assert rows() == before
    assert [rule.trigger for rule in live_rule_set().rules] == [
        "legal",
        "billing_dispute",
        "anger",
        "repeated_failure",
        "step_failure",
        "tool_failure",
        "flow_escalation",
        "human_request",
        "human_only_intent",
        "low_confidence",
        "no_answer",
    ]


@pytest.mark.row("R22")
@pytest.mark.django_db(transaction=True)
def test_parallel_edits_number_versions_without_gap() -> None:
    rule = make(parameters={"minimum_confidence": 0.5})

    def edit(number: int) -> None:
        try:
            while True:
                try:
                    fresh = Rule.objects.get(pk=rule.pk)
                    rule_update(actor=SYSTEM, rule=fresh, priority=100 + number)
                    return
                except Conflict:
                    continue
        finally:
            connection.close()

    threads = [threading.Thread(target=edit, args=(n,)) for n in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(RuleVersion.objects.order_by("version").values_list("version", flat=True)) == list(
        range(1, 12)
    )
    assert list(RuleSetVersion.objects.order_by("number").values_list("number", flat=True)) == list(
        range(1, 12)
    )


@pytest.mark.row("4.8")
def test_what_a_new_version_brings_is_added_switched_off_where_there_are_rules() -> None:
    make()
    before = live_rule_set().rules
    assert defaults_install(actor=SYSTEM)["rules"] == 11
    assert live_rule_set().rules == before
