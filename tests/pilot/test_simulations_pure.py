"""Scenarios are read strictly, with lines; what was played is checked without a judge; runs are compared."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest
from django.conf import settings as django_settings
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from pilot.simulations.assertions import JUDGES, failures_of
from pilot.simulations.checks import CHECKS
from pilot.simulations.comparing import runs_compare
from pilot.simulations.junit import junit_xml
from pilot.simulations.reading import script_loads, script_of, scripts_read
from pilot.simulations.transcript import PlayedTurn

pytestmark = pytest.mark.row("5.13")
REFUND = """\
name: A refund
channel: email
customer: {user_type: admin, tier: pro}
mocks:
  stripe_find_invoice: {outcome: [fails, succeeds], data: {invoice_status: paid}}
  linear_create_issue: times_out
steps:
  - say: yes
    expect: {decision: [answer, act], called: {action: stripe_find_invoice, times: 0}}
  - say: 007
expect: {procedure_finished: false, max_steps: 3}
"""


def turn(**fields: Any) -> PlayedTurn:
    usual = {"number": 1, "say": "Hi", "reply": "Open Settings.", "decision": "answer", "reason": "answered"}
    return PlayedTurn(**{**usual, **fields})


def failures(expect: str, *turns: PlayedTurn, whole: bool = False) -> list[str]:
    steps = "".join("  - say: Hi\n" for _ in turns[1:])
    first = "  - say: Hi\n" + ("" if whole else f"    expect: {{{expect}}}\n")
    last = f"expect: {{{expect}}}\n" if whole else ""
    script = script_loads(f"name: x\nsteps:\n{first}{steps}{last}")
    return [str(one) for one in failures_of(script, turns)]


def test_a_scenario_keeps_the_words_as_they_are_written() -> None:
    script = script_loads(REFUND)
    assert [step.say for step in script.steps] == ["yes", "007"]
    assert script.mocks["stripe_find_invoice"].outcomes == ("fails", "succeeds")
    assert script.mocks["linear_create_issue"].outcomes == ("times_out",)
    assert script.steps[0].expect["called"] == [{"action": "stripe_find_invoice", "times": 0}]
    assert script.expect == {"flow_finished": False, "settled_within": 3}
    assert script.check_count == 4


def test_a_stored_scenario_is_the_one_that_was_written() -> None:
    script = script_loads(REFUND)
    assert script_of(script.as_json()) == script
    assert script_of(script.as_json()).sha256 == script.sha256


def test_json_is_read_too_with_tabs_and_signs_in_two_halves() -> None:
    text = '{\n\t"name": "a\\/b",\n\t"steps": [{"say": "\\ud83d\\ude00"}]\n}'
    script = script_loads(text)
    assert (script.name, script.steps[0].say) == ("a/b", "😀")


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("name: x\nsteps:\n  - say: Hi\n    expect: {decison: answer}", 4, "Did you mean “decision”?"),
        ("name: x\nsteps:\n  - say: Hi\n    expect:\n      decision: answr", 5, "decision is one of answer"),
        ("name: x\nstep: []", 2, "“step” has no meaning here"),
        ("name: x\nsteps: []", 2, "The scenario needs steps"),
        ("name: x\nsteps:\n  - say: ''", 3, "The customer must say something."),
        ("name: x\nname: y", 2, "“name” stands there twice."),
        ("name: x\nmocks: {a: maybe}\nsteps: [{say: Hi}]", 2, "not “maybe”"),
        ("name: x\nsteps: [{say: Hi}]\nexpect: {decision: answer}", 3, "about one message"),
        ("name: x\nsteps:\n  - say: Hi\n    expect: {replied: true}", 4, "about the whole conversation"),
        ("name: x\nsteps:\n  - say: Hi\n    expect: {reply_matches: '(?=x)'}", 4, "look-ahead"),
        ("name: x\nsteps:\n  - say: Hi\n    expect: {confidence_at_least: 2}", 4, "from 0 to 1"),
        ("name: x\nsteps:\n  - say: Hi\n    expect: {confidence_at_least: .nan}", 4, "is a number"),
        ("name: x\nsteps:\n  - say: [a\n", 4, "expected"),
        ("name: &a x\nsteps: *a", 1, "Anchors and aliases"),
        ("name: !!python/name:os.system x", 1, "is not taken"),
        ("at: noon\nname: x\nsteps: [{say: Hi}]", 1, "at is a time"),
        ("", 1, "There is nothing in it."),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_named_with_its_line(text: str, line: int, says: str) -> None:
    problems = scripts_read(text).problems
    assert any(one.line == line and says in one.message for one in problems), problems
    with pytest.raises(InvalidInput, match=r"\w"):
        script_loads(text)


def test_the_example_of_the_documentation_can_be_read() -> None:
    page = (Path(django_settings.BASE_DIR) / "docs" / "bot-developer.md").read_text(encoding="utf-8")
    example = page.split("Simulations in your CI", 1)[1].split("```yaml\n", 1)[1].split("```", 1)[0]
    assert script_loads(example).check_count == 7


def test_all_faults_are_told_at_once() -> None:
    text = "name: x\nsteps:\n  - say: Hi\n    expect: {foo: 1}\n  - sya: Hi\nexpect: {bar: 2}"
    assert [one.line for one in scripts_read(text).problems] == [4, 5, 6]


def test_deep_or_long_texts_are_refused_and_never_crash() -> None:
    assert scripts_read("[" * 5_000).problems
    assert scripts_read("name: " + "x" * 600_000).problems[0].message.startswith("The text is longer")


@given(st.text(max_size=300))
def test_no_text_makes_the_reader_crash(text: str) -> None:
    scripts_read(text)
    scripts_read(f"name: x\nsteps:\n  - say: {text}\n    expect: {{{text}}}")


def test_every_expectation_has_a_judge() -> None:
    assert set(CHECKS) == set(JUDGES)


CALL = {"action": "find", "arguments": {"email": "kim@example.com"}, "state": "succeeded"}
LEGAL = {"kind": "hard", "trigger": "legal", "rule_id": 1, "matched_text": "sue"}
CITED = ({"article_id": 12, "title": "How to export"},)


@pytest.mark.parametrize(
    ("expect", "met", "unmet", "says"),
    [
        ("decision: answer", turn(), turn(decision="act"), "expected answer, got act"),
        ("decision: [act, answer]", turn(), turn(decision="clarify"), "expected act or answer, got clarify"),
        ("intent: export", turn(intent="export"), turn(), "expected export, got nothing"),
        ("intent_in: [a, b]", turn(intent="b"), turn(intent="c"), "expected a or b, got c"),
        ("handoff_reason: legal", turn(reason="legal"), turn(), "expected legal, got answered"),
        ("fallback: true", turn(is_fallback=True), turn(is_fallback=False), "expected true, got false"),
        ("confidence_at_least: 0.5", turn(confidence=0.5), turn(confidence=0.4999), "at least 0.5, got 0.500"),  # noqa: E501
        ("confidence_at_least: 0", turn(confidence=0.0), turn(), "nothing was classified"),
        ("out_of_scope: false", turn(), turn(out_of_scope=True), "expected false, got true"),
        ("mode: live", turn(), turn(mode="shadow"), "expected live, got shadow"),
        ("reply_contains: 'open  SETTINGS'", turn(), turn(reply=""), "got nothing"),
        ("reply_not_contains: settings", turn(reply="No"), turn(), "got Open Settings."),
        ("reply_matches: '^Open \\w+'", turn(), turn(reply="Now Open it"), "a match of ^Open"),
        ("cites: how to EXPORT", turn(citations=CITED), turn(), "got no article"),
        ("cites: 12", turn(citations=CITED), turn(citations=({"article_id": 3, "title": "T"},)), "“T” (3)"),
        ("cites_nothing: true", turn(), turn(citations=CITED), "got “How to export”"),
        ("cites_nothing: false", turn(citations=CITED), turn(), "expected an article, got none"),
        ("flow_step: ask", turn(flow_step="ask"), turn(), "expected ask, got nothing"),
        ("missing: [a, b]", turn(missing=("a", "b")), turn(missing=("b",)), "expected a, b, got b"),
        ("slots: {a: '1'}", turn(slots={"a": "1"}), turn(slots={"a": "2"}), "expected a = 1, got a = 2"),
        ("flow_finished: true", turn(flow="F", flow_outcome="resolved"), turn(), "no flow began"),
        ("flow_finished: f", turn(flow="F", flow_outcome="resolved"), turn(flow="F", flow_step="x"), "waits at x"),  # noqa: E501
        ("flow_finished: false", turn(), turn(flow="F", flow_outcome="resolved"), "“F” finished"),
        ("called: find", turn(actions=(CALL,)), turn(), "expected find, got no action"),
        ("called: {action: find, arguments: {email: a}}", turn(actions=({**CALL, "arguments": {"email": "a"}},)),  # noqa: E501
         turn(actions=(CALL,)), "expected find(email=a), got find(email=kim@example.com)"),
        ("called: {action: find, times: 2}", turn(actions=(CALL, CALL)), turn(actions=(CALL,)), "find 2 times"),  # noqa: E501
        ("not_called: find", turn(), turn(actions=(CALL,)), "no call of find"),
        ("escalated: false", turn(), turn(decision="escalate", escalation=LEGAL), "trigger=legal"),
        ("escalated: legal", turn(decision="escalate", escalation=LEGAL), turn(), "got nobody is called"),
        ("escalated: {kind: soft}", turn(decision="escalate", escalation={**LEGAL, "kind": "soft"}),
         turn(decision="escalate", escalation=LEGAL), "kind=hard"),
    ],
)  # fmt: skip
def test_an_expectation_is_met_or_says_what_came_instead(
    expect: str, met: PlayedTurn, unmet: PlayedTurn, says: str
) -> None:
    assert failures(expect, met) == []
    (failure,) = failures(expect, unmet)
    assert failure.startswith("Step 1, ")
    assert says in failure


def test_the_whole_conversation_is_judged_by_all_of_its_turns() -> None:
    asked = turn(decision="clarify", reason="low_confidence")
    answered = turn(number=2)
    assert failures("settled_within: 2, replied: true", asked, answered, whole=True) == []
    assert failures("settled_within: 1", asked, answered, whole=True) == [
        "Conversation, settled_within: expected settled by step 1, got settled at step 2"
    ]
    handed = turn(decision="escalate", reason="legal", escalation=LEGAL)
    assert failures("replied: true", handed, whole=True) == [
        "Conversation, replied: expected a reply of the agent's own, got none"
    ]


def result(
    name: str, passed: bool = True, reply: str = "Open Settings.", sha256: str = "a"
) -> dict[str, Any]:
    wrong = [] if passed else [{"step": 1, "check": "decision", "expected": "act", "got": "answer"}]
    return {
        "name": name,
        "sha256": sha256,
        "passed": passed,
        "checks": 1,
        "failures": wrong,
        "transcript": [turn(reply=reply).as_json()],
        "ms": 1.5,
    }


@pytest.mark.row("5.14")
def test_of_two_runs_what_broke_comes_first_then_what_was_mended() -> None:
    before = [result("a"), result("b", False), result("c"), result("d"), result("e")]
    after = [
        result("a", False),
        result("b"),
        result("c", reply="Close it."),
        result("f"),
        result("e", sha256="b"),
    ]
    compared = runs_compare(before, after)
    assert [(one.name, one.kind) for one in compared] == [
        ("a", "broke"),
        ("b", "fixed"),
        ("c", "changed"),
        ("d", "only_before"),
        ("f", "only_after"),
        ("e", "same"),
    ]
    (difference,) = compared[2].differences
    assert (difference.step, difference.what) == (1, "reply")
    assert (difference.before, difference.after) == ("Open Settings.", "Close it.")
    assert [one.is_rewritten for one in compared] == [False, False, False, False, False, True]


def test_junit_counts_add_up_and_hold_no_sign_that_xml_forbids() -> None:
    results = [result("a"), result("b\x0b<&", False)]
    root = fromstring(junit_xml([("Suite", results)]))  # noqa: S314 - our own
    assert (root.tag, root.get("tests"), root.get("failures")) == ("testsuites", "2", "1")
    suite = root.find("testsuite")
    assert suite is not None
    assert (suite.get("name"), suite.get("errors"), suite.get("time")) == ("Suite", "0", "0.003")
    assert [case.get("name") for case in suite] == ["a", "b\ufffd<&"]
    assert suite[1].find("failure").get("message") == "step 1, decision: expected act, got answer"
