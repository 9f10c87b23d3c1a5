"""Rules change with a version, a rule-set version and an activity line, or not at all."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from core.actors import Actor
from core.errors import Conflict, InvalidInput, NotAllowed
from core.models import Activity
from escalation.models import Rule, RuleSetVersion, RuleVersion
from escalation.selectors import live_rule_set, rule_set_at
from escalation.services import (
    defaults_install,
    rule_archive,
    rule_create,
    rule_disable,
    rule_enable,
    rule_update,
    template_save,
)
from escalation.versions import MAX_RULES

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
    rule_enable(actor=SYSTEM, rule=rule, is_first_installation=True)
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
    rule_update(actor=SYSTEM, rule=rule, name="Low")
    rule_enable(actor=SYSTEM, rule=rule, is_first_installation=True)
    assert rows() == before


def test_a_disabled_rule_leaves_the_rule_set() -> None:
    rule = make()
    rule_disable(actor=SYSTEM, rule=rule)
    assert live_rule_set().rules == ()
    rule_enable(actor=SYSTEM, rule=rule, is_first_installation=True)
    assert [r.version for r in live_rule_set().rules] == [1]
    assert live_rule_set().version == 3


def test_hard_rules_stand_before_soft_ones_and_then_by_priority() -> None:
    make(name="b", priority=9)
    make(name="a", priority=1)
    make(name="z", kind="hard", trigger="human_request", clarify_first=0, priority=99)
    assert [rule.name for rule in live_rule_set().rules] == ["z", "a", "b"]


@pytest.mark.row("R22")
def test_of_two_editors_the_second_is_told() -> None:
    rule = make()
    other = Rule.objects.get(pk=rule.pk)
    rule_update(actor=SYSTEM, rule=rule, name="First")
    before = rows()
    for late in (
        lambda: rule_update(actor=SYSTEM, rule=other, name="Second"),
        lambda: rule_disable(actor=SYSTEM, rule=other),
        lambda: rule_archive(actor=SYSTEM, rule=other),
    ):
        with pytest.raises(Conflict) as refusal:
            late()
        assert refusal.value.code == "stale_rule"
    assert rows() == before
    assert Rule.objects.get().name == "First"


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


def test_there_are_never_more_rules_than_a_turn_can_ask() -> None:
    Rule.objects.bulk_create(
        Rule(name=f"r{n}", kind="soft", trigger="no_answer", archived_at=None) for n in range(MAX_RULES)
    )
    with pytest.raises(InvalidInput) as refusal:
        make()
    assert refusal.value.code == "too_many_rules"
    assert rows() == (MAX_RULES, 0, 0, 0)
    Rule.objects.filter(name="r0").update(archived_at=timezone.now())
    make()


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
    assert defaults_install(actor=SYSTEM) == {"rules": 11, "templates": 16}
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


def together(acts: list[Callable[[], object]]) -> None:
    """Run each in a thread of its own, again and again while somebody else is first."""

    def run(act: Callable[[], object]) -> None:
        try:
            while True:
                try:
                    act()
                    return
                except Conflict:
                    continue
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.row("R22")
@pytest.mark.django_db(transaction=True)
def test_parallel_edits_and_moves_number_versions_without_gap() -> None:
    rule = make(name="Low 0")
    others = [make(name=f"other {n}", enabled=False) for n in range(5)]

    def edit(number: int) -> None:
        rule_update(actor=SYSTEM, rule=Rule.objects.get(pk=rule.pk), name=f"Low {number}")

    edits = [partial(edit, number) for number in range(1, 6)]
    together(
        [
            *edits,
            *(partial(rule_enable, actor=SYSTEM, rule=other, is_first_installation=True) for other in others),
        ]
    )
    versions = RuleVersion.objects.filter(rule=rule).order_by("version")
    assert list(versions.values_list("version", flat=True)) == [1, 2, 3, 4, 5, 6]
    assert list(RuleSetVersion.objects.order_by("number").values_list("number", flat=True)) == [
        1,
        2,
        3,
        4,
        5,
        6,
    ]
    assert [(r.name, r.version) for r in live_rule_set().rules[:1]] == [("Low 0", 1)]


@pytest.mark.row("4.8")
def test_what_a_new_version_brings_is_added_switched_off_where_there_are_rules() -> None:
    make()
    before = live_rule_set().rules
    assert defaults_install(actor=SYSTEM)["rules"] == 11
    assert live_rule_set().rules == before
