"""Rules on their pages: written as a sentence, tried, put in order, looked up in history."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
import time_machine
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import escape

from core.actors import Actor
from core.models import Activity
from escalation.backtest.candidate import Change
from escalation.backtest.replaying import Settings
from escalation.backtest.running import backtest_run
from escalation.models import Rule, RuleSetVersion, RuleVersion
from escalation.rule_form import RuleForm
from escalation.selectors import live_rule_set
from escalation.services import defaults_install, rule_create, rule_disable, rule_enable, rule_update
from intents.models import Intent

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("test")
ADD, TRY = reverse("admin:escalation_rule_add"), reverse("admin:escalation_rule_try_new")
ORDER = reverse("admin:escalation_rule_order")
SETS = reverse("admin:escalation_rulesetversion_changelist")
RULES = reverse("admin:escalation_rule_changelist")
TYPED = {
    "name": "Breach",
    "trigger": "pattern",
    "phrases": "data breach\nleaked",
    "patterns": r"CVE-\d+",
    "ignore_case": "on",
    "intents": ["security"],
    "tiers": [],
    "channels": "web",
    "pages": "/settings/**",
    "amount": "500",
    "currency": "usd",
    "hours_where": "outside",
    "hours": "Mon-Fri 9:00-17:00\nsat 10:00-14:00",
    "valid_from": "2026-05-03T10:00",
    "valid_until": "",
    "outcome": "hard",
    "note": "after the incident",
}
SENTENCE = (
    r"When the message says “data breach” or “leaked” or matches /CVE-\d+/ and the intent is Security and "
    "the channel is web and the page is /settings/** and a sum over 500.00 USD is named and it is outside "
    "Mon-Fri 09:00-17:00 or Sat 10:00-14:00, then escalate at once, before anything else, valid from 3 May "
    "2026 10:00 UTC."
)


@pytest.fixture
def lead(make_user, sign_in):
    Intent.objects.create(slug="security", label="Security", resolution="ai_resolvable", state="active")
    return sign_in(make_user("lead", superuser=True))


def words(name: str = "Words", phrase: str = "first words", *, enabled: bool = True, **changes) -> Rule:
    fields = {"kind": "soft", "trigger": "pattern", "parameters": {"phrases": [phrase]}, "clarify_first": 0}
    return rule_create(actor=SYSTEM, name=name, enabled=enabled, **{**fields, **changes})


def shown(response) -> str:
    """Return the page's text as a reader sees it."""
    text = re.sub(r"<(script|style).*?</\1>|<[^>]+>", "", response.content.decode(), flags=re.DOTALL)
    return " ".join(text.split())


def change(rule: Rule) -> str:
    return reverse("admin:escalation_rule_change", args=(rule.pk,))


def move(rule: Rule, name: str) -> str:
    return reverse("admin:escalation_rule_transition", args=(rule.pk, name))


@pytest.mark.row("4.8")
def test_a_rule_is_written_as_a_sentence_and_shown_as_it_was_written(lead) -> None:
    response = lead.post(ADD, TYPED)
    assert response.status_code == 302, shown(response)
    rule = Rule.objects.get()
    assert rule.conditions == {
        "intents": ["security"],
        "channels": ["web"],
        "pages": ["/settings/**"],
        "amount_over": {"minor": 50_000, "currency": "USD"},
        "hours": {
            "outside": True,
            "windows": [
                {"days": [1, 2, 3, 4, 5], "from": "09:00", "until": "17:00"},
                {"days": [6], "from": "10:00", "until": "14:00"},
            ],
        },
        "valid_from": "2026-05-03T10:00:00+00:00",
    }
    assert rule.parameters == {
        "phrases": ["data breach", "leaked"],
        "patterns": [r"CVE-\d+"],
        "ignore_case": True,
    }
    assert (rule.kind, rule.clarify_first, rule.enabled) == ("hard", 0, False)
    assert RuleVersion.objects.get().note == "after the incident"
    assert escape(SENTENCE) in lead.get(RULES).content.decode()
    page = lead.get(change(rule)).content.decode()
    for value in (
        "500.00",
        "USD",
        "Mon-Fri 09:00-17:00\nSat 10:00-14:00",
        "2026-05-03T10:00",
        "/settings/**",
    ):
        assert value in page
    before = RuleVersion.objects.count()
    again = {**TYPED, "seen_version": 1, "note": ""}
    assert lead.post(change(rule), again).status_code == 302
    assert RuleVersion.objects.count() == before  # what the form shows is what is stored


@pytest.mark.row("4.8")
@pytest.mark.parametrize(
    ("changes", "field", "says"),
    [
        ({"currency": ""}, "currency", "Say in which currency"),
        ({"amount": ""}, "amount", "Say over which sum"),
        ({"currency": "$$$"}, "currency", "three letters"),
        ({"amount": "1.5", "currency": "JPY"}, "amount", "fewer digits"),
        ({"hours": ""}, "hours", "Say which hours"),
        ({"hours_where": ""}, "hours_where", "within these hours or outside"),
        ({"hours": "weekends"}, "hours", "is not of the form"),
        ({"hours": "Foo-Fri 09:00-17:00"}, "hours", "write days as"),
        ({"hours": "Fri 25:00-26:00"}, "hours", "from 00:00 to 24:00"),
        ({"hours": "Fri 10:60-11:00"}, "hours", "from 00:00 to 24:00"),
        ({"hours": "Fri 9:00-9:00"}, "hours", "ends when it begins"),
        ({"pages": "settings"}, "pages", "Start the pattern with a slash"),
        ({"valid_until": "2026-05-03T10:00"}, "valid_until", "end before it begins"),
        ({"patterns": "(?=x)y"}, "patterns", "look-ahead"),
        ({"patterns": "", "phrases": ""}, "phrases", "never fire"),
        ({"trigger": "step_failure", "outcome": "ask"}, "outcome", "can only be hard"),
        ({"name": ""}, "name", "required"),
    ],
)
def test_what_cannot_be_meant_is_said_beside_its_field(changes, field, says) -> None:
    Intent.objects.create(slug="security", label="Security", resolution="ai_resolvable", state="active")
    typed = QueryDict(mutable=True)
    for name, value in {**TYPED, **changes}.items():
        typed.setlist(name, value if isinstance(value, list) else [value])
    form = RuleForm(typed)
    assert not form.is_valid()
    assert list(form.errors) == [field]
    assert says in " ".join(form.errors[field])
    assert form.as_rule() is None


def test_a_refused_form_keeps_what_was_typed(lead) -> None:
    response = lead.post(ADD, {**TYPED, "patterns": "(?=x)y"})
    assert response.status_code == 200
    page = response.content.decode()
    assert "look-ahead and look-behind are not possible" in page
    assert "leaked" in page
    assert not Rule.objects.exists()


@pytest.mark.row("4.8")
@pytest.mark.parametrize(
    ("made_up", "says"),
    [
        (
            {"text": "We have a DATA breach", "intent": "security", "channel": "web"},
            ["This rule fires on “DATA breach”", "the page is /settings/**: unknown", "by this rule"],
        ),
        (
            {"text": "We have a data breach", "channel": "mail"},
            ["does not fire", "the channel is web: does not hold", "escalate (no_answer), by a safeguard"],
        ),
        ({"text": "hello", "answered": "on"}, ["does not fire", "the agent would answer (answered)."]),
        ({"text": ""}, []),
    ],
)
def test_a_rule_that_is_not_saved_is_tried_on_a_made_up_message(lead, made_up, says) -> None:
    typed = {**TYPED, "hours_where": "", "hours": "", "amount": "", "currency": "", "valid_from": ""}
    tried = {f"try-{name}": value for name, value in made_up.items()}
    response = lead.post(TRY, {**typed, **tried}, headers={"X-Fragment": "1"})
    assert response.status_code == 200
    text = shown(response)
    assert "When the message says “data breach”" in text
    assert [part for part in says if part not in text] == [], text
    assert (Rule.objects.count(), RuleVersion.objects.count(), Activity.objects.count()) == (0, 0, 0)


@pytest.mark.row("4.8")
def test_an_edit_is_tried_in_the_place_of_its_live_version(lead) -> None:
    rule = words()
    words("Later", "other words")
    typed = {
        "name": "Words",
        "trigger": "pattern",
        "phrases": "new words",
        "outcome": "ask",
        "try-answered": "on",
    }
    address = reverse("admin:escalation_rule_try", args=(rule.pk,))
    for text, says in (
        ("first words", "the agent would answer"),
        ("new words", "the agent would clarify (pattern), by this rule"),
        ("other words", "by another rule: “When the message says “other words”"),
    ):
        assert says in shown(lead.post(address, {**typed, "try-text": text}))
    assert (Rule.objects.get(pk=rule.pk).version, live_rule_set().version) == (1, 2)


def test_what_cannot_be_meant_is_said_while_it_is_typed(lead) -> None:
    text = shown(lead.post(TRY, {**TYPED, "patterns": r"(a)\1", "try-text": "x"}))
    assert "This cannot be meant yet" in text
    assert "back-references" in text


@pytest.mark.row("4.8")
def test_enabling_shows_what_changes_in_words_and_the_page_says_what_waits(lead) -> None:
    rule = words()
    rule_update(actor=SYSTEM, rule=rule, parameters={"phrases": ["second words"]}, note="clearer")
    assert "says “first words”" in shown(lead.get(RULES))
    assert "second words" not in shown(lead.get(RULES)) + shown(lead.get(ORDER))
    page = lead.get(change(rule)).content.decode()
    assert "Version 1 decides until version 2 is enabled." in page
    assert "<del>first</del>" in page
    assert "<ins>second</ins>" in page
    assert "clearer" in page
    evidence = lead.get(move(rule, "enable")).content.decode()
    assert "<ins>second</ins>" in evidence
    assert "Version 2 decides from the next turn on." in evidence
    stale = lead.post(move(rule, "enable"), {"_seen": "1 1 None"})
    assert stale.status_code == 409
    assert lead.post(move(rule, "enable"), {"_seen": "2 1 None"}).status_code == 409  # not without a run
    backtest_run(change=Change("enable", rule.pk), settings=Settings(), made_by="lead")
    assert lead.post(move(rule, "enable"), {"_seen": "2 1 None"}).status_code == 302
    assert live_rule_set().rules[0].version == 2
    assert lead.post(move(rule, "rollback"), {"_seen": "2 2 None", "version": 1}).status_code == 302
    rule.refresh_from_db()
    assert (rule.version, rule.live_version, rule.parameters["phrases"]) == (3, 2, ["first words"])
    assert lead.post(move(rule, "discard"), {"_seen": "3 2 None"}).status_code == 302
    assert lead.post(move(rule, "archive"), {"_seen": "2 2 None"}).status_code == 302
    assert rule.name not in shown(lead.get(RULES))
    assert rule.name in shown(lead.get(RULES, {"state": "archived"}))
    assert lead.post(change(rule), {"name": "x"}).status_code == 403


@pytest.mark.row("4.8")
def test_rules_are_moved_without_a_script_one_place_at_a_time(lead) -> None:
    first, second = words("a"), words("b")
    seen = f"{first.pk},{second.pk}"
    before = live_rule_set().version
    assert lead.post(ORDER, {"seen": seen, "move": f"{second.pk}:up"}).status_code == 302
    assert [rule.name for rule in live_rule_set().rules] == ["b", "a"]
    late = lead.post(ORDER, {"seen": seen, "order": f"{second.pk},{first.pk}"}, follow=True)
    assert "changed in the meantime" in shown(late)
    lead.post(ORDER, {"seen": f"{second.pk},{first.pk}", "order": f"{first.pk},{second.pk}"})
    assert [rule.name for rule in live_rule_set().rules] == ["a", "b"]
    assert live_rule_set().version == before + 2
    for nonsense in ("x", "9999:up", f"{first.pk}:left", f"{first.pk}:up"):
        lead.post(ORDER, {"seen": seen, "move": nonsense})
    assert live_rule_set().version == before + 2


@pytest.mark.row("4.8")
def test_the_set_that_decided_at_a_moment_is_found_with_its_words(lead) -> None:
    with time_machine.travel(datetime(2026, 5, 3, 9, 0, tzinfo=UTC), tick=False):
        rule = words()
    with time_machine.travel(datetime(2026, 5, 3, 11, 0, tzinfo=UTC), tick=False):
        rule_update(actor=SYSTEM, rule=rule, parameters={"phrases": ["second words"]})
        rule_enable(actor=SYSTEM, rule=rule, is_first_installation=True)
    at = reverse("admin:escalation_rulesetversion_at")
    at_ten = lead.get(at, {"at": "2026-05-03T10:00"}, follow=True).content.decode()
    assert "says “first words”" in at_ten
    at_noon = lead.get(at, {"at": "2026-05-03T12:00"}, follow=True).content.decode()
    assert "<del>first</del>" in at_noon
    assert "<ins>second</ins>" in at_noon
    too_early = lead.get(at, {"at": "2026-05-03T08:00"}, follow=True)
    assert "only the safeguards decided" in shown(too_early)
    assert "Write a date and a time" in shown(lead.get(at, {"at": "2026-13-40"}, follow=True))
    assert "1 changed" in shown(lead.get(SETS))
    by_number = reverse("admin:escalation_rulesetversion_number", args=(1,))
    assert lead.get(by_number, follow=True).status_code == 200
    assert lead.get(reverse("admin:escalation_rulesetversion_number", args=(9,))).status_code == 404


@pytest.mark.row("8.1")
def test_readers_see_rules_and_sets_and_change_nothing(make_user, sign_in) -> None:
    rule = words()
    rule_disable(actor=SYSTEM, rule=rule)
    reader = sign_in(make_user("reader", "escalation.view_rule", "escalation.view_rulesetversion"))
    for address in (RULES, change(rule), ORDER, SETS):
        assert reader.get(address).status_code == 200
    before = (Activity.objects.count(), RuleSetVersion.objects.count())
    for address, fields in (
        (reverse("admin:escalation_rule_try", args=(rule.pk,)), TYPED),
        (TRY, TYPED),
        (ORDER, {"seen": rule.pk, "move": f"{rule.pk}:up"}),
        (move(rule, "enable"), {"_seen": "1 None None"}),
        (reverse("admin:escalation_rulesetversion_add"), {}),
    ):
        assert reader.post(address, fields).status_code == 403
    assert (Activity.objects.count(), RuleSetVersion.objects.count()) == before
    stranger = sign_in(make_user("stranger"))
    for address in (RULES, ORDER, SETS, reverse("admin:escalation_rulesetversion_at")):
        assert stranger.get(address).status_code == 403


@pytest.mark.row("R19")
def test_hostile_words_are_shown_and_never_run(lead) -> None:
    hostile = '<img src=x onerror="alert(1)">'
    rule = words(hostile, f"say {hostile}")
    rule_update(actor=SYSTEM, rule=rule, parameters={"phrases": [hostile]}, note=hostile)
    typed = {**TYPED, "phrases": hostile, "try-text": f"they said {hostile}", "valid_from": ""}
    pages = [lead.get(address) for address in (RULES, change(rule), ORDER, SETS, move(rule, "enable"))]
    for response in (*pages, lead.post(TRY, typed)):
        assert "<img src=x" not in response.content.decode()


@pytest.mark.parametrize("address", [RULES, SETS, ORDER])
def test_lists_cost_as_many_queries_for_thirty_rules_as_for_three(lead, address) -> None:
    defaults_install(actor=SYSTEM)
    rule_update(actor=SYSTEM, rule=Rule.objects.get(trigger="no_answer"), clarify_first=0)
    with CaptureQueriesContext(connection) as few:
        lead.get(address)
    for number in range(30):
        rule_update(actor=SYSTEM, rule=words(f"rule {number}"), name=f"rule {number}, edited")
    with CaptureQueriesContext(connection) as many:
        lead.get(address)
    assert len(many) == len(few)


@pytest.mark.row("4.2", "4.4", "4.8")
@pytest.mark.parametrize(
    ("trigger", "tried", "said"),
    [
        ("billing_dispute", {"try-text": "I was charged 900 USD twice, refund me"}, "This rule fires"),
        ("billing_dispute", {"try-text": "I was charged 90 USD twice, refund me"}, "This rule does not fire"),
        ("repeated_failure", {"try-text": "and now?", "try-failed_attempts": "2"}, "This rule fires"),
        ("repeated_failure", {"try-text": "and now?", "try-failed_attempts": "1"}, "This rule does not fire"),
    ],
)
def test_a_made_up_message_is_read_for_sums_and_failures_as_a_real_one(lead, trigger, tried, said) -> None:
    settings = {"threshold_amount": "500.00", "threshold_currency": "USD", "without_amount": "leave"}
    settings |= {
        "minimum_likeness": "0.8",
        "failed_attempts": "2",
        "amount": "",
        "currency": "",
        "hours_where": "",
    }
    settings |= {"hours": "", "valid_from": ""}
    page = lead.post(TRY, {**TYPED, **settings, "trigger": trigger, **tried}, headers={"X-Fragment": "1"})
    assert said in page.content.decode()
