"""The admin pages of rules and handoff messages."""

from __future__ import annotations

import pytest
from django.urls import reverse

from core.actors import Actor
from core.models import Activity
from escalation.backtest.candidate import Change
from escalation.backtest.replaying import Settings
from escalation.backtest.running import backtest_run
from escalation.models import HandoffTemplate, Rule, RuleVersion
from escalation.selectors import live_rule_set
from escalation.services import defaults_install, rule_update

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("test")
RULE_LIST = reverse("admin:escalation_rule_changelist")


@pytest.fixture
def lead(make_user, sign_in):
    defaults_install(actor=SYSTEM)
    return sign_in(make_user("lead", superuser=True))


def fields_of(rule: Rule, **changes):
    asked = "ask" if rule.clarify_first else "soft"
    fields = {
        "name": rule.name,
        "trigger": rule.trigger,
        "outcome": "hard" if rule.kind == "hard" else asked,
        "seen_version": rule.version,
        "minimum_confidence": 0,
        "ambiguous_below_margin": 0.1,
        "minimum_confidence_by_intent": "",
    }
    return {**fields, **changes}


def address(rule: Rule) -> str:
    return reverse("admin:escalation_rule_change", args=(rule.pk,))


@pytest.mark.row("4.6", "4.8")
def test_thresholds_are_edited_as_plain_fields_and_versioned(lead) -> None:
    rule = Rule.objects.get(trigger="low_confidence")
    page = lead.get(address(rule)).content.decode()
    assert "minimum_confidence_by_intent" in page
    assert 'data-triggers="no_answer"' in page  # of another trigger: the script hides it
    changes = {
        "minimum_confidence_by_intent": "billing = 0.8\ndata_export=0.7",
        "ambiguous_below_margin": "0.2",
    }
    response = lead.post(address(rule), fields_of(rule, **changes))
    assert response.status_code == 302, response.content.decode()[:2000]
    rule.refresh_from_db()
    assert rule.parameters == {
        "minimum_confidence": 0,
        "minimum_confidence_by_intent": {"billing": 0.8, "data_export": 0.7},
        "ambiguous_below_margin": 0.2,
    }
    assert (rule.version, rule.live_version) == (2, 1)
    assert live_rule_set().version == 11
    assert Activity.objects.get(verb="rule.changed").actor_label == "lead"


@pytest.mark.row("R22")
def test_a_rule_that_somebody_else_has_changed_is_not_overwritten(lead) -> None:
    rule = Rule.objects.get(trigger="low_confidence")
    form = fields_of(rule, name="Mine")
    rule_update(actor=SYSTEM, rule=rule, clarify_first=0)
    response = lead.post(address(rule), form)
    assert response.status_code == 200
    page = response.content.decode()
    assert "Somebody else has changed this rule" in page
    assert "within 10 points, then escalate." in page  # what it says now
    assert 'value="Mine"' in page
    assert Rule.objects.get(pk=rule.pk).name == "Intent not certain"
    assert lead.post(address(rule), {**form, "seen_version": 2}).status_code == 302
    assert Rule.objects.get(pk=rule.pk).name == "Mine"


@pytest.mark.parametrize(
    "changes",
    [
        {"minimum_confidence": "1.5"},
        {"minimum_confidence_by_intent": "billing: 0.8"},
        {"minimum_confidence_by_intent": "billing = much"},
        {"minimum_confidence_by_intent": "billing = 7"},
        {"outcome": "whenever"},
        {"trigger": "step_failure"},
        {"name": ""},
    ],
)
def test_a_rule_that_cannot_be_meant_is_shown_with_its_fault(lead, changes) -> None:
    rule = Rule.objects.get(trigger="low_confidence")
    before = RuleVersion.objects.count()
    assert lead.post(address(rule), fields_of(rule, **changes)).status_code == 200
    assert RuleVersion.objects.count() == before


def test_a_rule_is_added_disabled_and_then_enabled(lead) -> None:
    fields = {
        "name": "Ask first",
        "trigger": "human_request",
        "outcome": "ask",
    }
    response = lead.post(reverse("admin:escalation_rule_add"), fields)
    assert response.status_code == 302, response.content.decode()[:2000]
    rule = Rule.objects.get(name="Ask first")
    assert (rule.enabled, rule.parameters, rule.priority) == (
        False,
        {"extra_phrases": [], "minimum_likeness": 0.75},
        60,
    )
    enable = reverse("admin:escalation_rule_transition", args=(rule.pk, "enable"))
    seen = {"_seen": f"{rule.version} None None"}
    assert lead.post(enable, seen).status_code == 409  # not without a back-test
    backtest_run(change=Change("enable", rule.pk), settings=Settings(), made_by="lead")
    assert lead.post(enable, seen).status_code == 302
    assert Rule.objects.get(name="Ask first").enabled


@pytest.mark.row("4.11")
def test_a_message_without_its_three_parts_is_refused_with_advice(lead) -> None:
    template = HandoffTemplate.objects.get(reason="", locale="en")
    change = reverse("admin:escalation_handofftemplate_change", args=(template.pk,))
    response = lead.post(change, {"body": "Transferring to agent.", "body_without_wait": ""})
    assert response.status_code == 200
    assert "Reassure the customer" in response.content.decode()
    assert HandoffTemplate.objects.get(pk=template.pk).body == template.body
    response = lead.post(change, {"body": template.body_without_wait, "body_without_wait": ""})
    assert response.status_code == 302
    assert Activity.objects.filter(verb="handoff_template.saved", actor_label="lead").count() == 1


@pytest.mark.row("8.1")
def test_without_the_permission_rules_are_only_read(lead, make_user, sign_in) -> None:
    reader = sign_in(make_user("reader", "escalation.view_rule"))
    rule = Rule.objects.get(trigger="low_confidence")
    assert reader.get(RULE_LIST).status_code == 200
    assert reader.get(address(rule)).status_code == 200
    assert reader.post(address(rule), fields_of(rule, name="x")).status_code == 403
    disable = reverse("admin:escalation_rule_transition", args=(rule.pk, "disable"))
    assert reader.post(disable).status_code == 403
    assert Rule.objects.get(pk=rule.pk).version == 1
