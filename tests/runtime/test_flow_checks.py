"""What the checks say of flows, how paths and exchanges are counted, and the picture. No database."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from runtime.flows import graph
from runtime.flows.changes import changes
from runtime.flows.checks import Surroundings, check, has_errors, pattern_problem
from runtime.flows.definition import STEP_SCHEMAS, flow_dumps, flow_hash, flow_loads, flow_read
from runtime.flows.picture import BOX_HEIGHT, BOX_WIDTH, draw
from runtime.flows.starters import STARTERS
from tests.runtime.flows import ACTIONS, BUG, DONE, INVOICE, PERSON, collect, definition

AROUND = Surroundings(ACTIONS, {"data_export"})


def codes(*steps, intent: str = "data_export", around: Surroundings = AROUND) -> list[tuple[str, str]]:
    return [(one.step, one.code) for one in check(flow_read(definition(*steps)), intent, around)]


def say(step_id: str, text: str = "Hello.", **more) -> dict:
    return {"id": step_id, "kind": "say", "text": text, **more}


@pytest.mark.row("3.11", "3.12")
def test_a_sound_flow_has_no_findings() -> None:
    assert codes(*INVOICE["steps"]) == []
    assert codes(*BUG["steps"]) == []


@pytest.mark.row("3.11")
def test_a_slot_that_one_way_leaves_out_is_an_error_where_it_is_used() -> None:
    steps = (
        collect("ask_plan", "plan", "choice", choices=["Team", "Starter"]),
        {
            "id": "which",
            "kind": "branch",
            "on": "plan",
            "cases": [{"values": ["Team"], "next": "ask_email"}],
            "otherwise": "tell",
        },
        collect("ask_email", "email"),
        say("tell", "We write to {email}."),
        DONE,
    )
    assert ("tell", "slot_before_collected") in codes(*steps)
    assert ("tell", "slot_before_collected") not in codes(*steps[2:])


@pytest.mark.row("3.11")
@pytest.mark.parametrize(
    ("steps", "finding"),
    [
        ((say("a", "{email}"), collect("b", "email"), DONE), ("a", "slot_before_collected")),
        ((say("a", "{emial}"), collect("b", "email"), DONE), ("a", "unknown_slot")),
        ((collect("a", "email", next="nowhere"), DONE), ("a", "unknown_step")),
        ((collect("a", "email", next="done"), say("lost", next="done"), DONE), ("lost", "unreachable")),
        ((collect("a", "email"),), ("a", "no_end")),
        ((collect("a", "email"), say("a"), DONE), ("a", "same_id")),
        ((collect("result", "email"), DONE), ("result", "reserved_id")),
        ((collect("a", "email", question=" "), DONE), ("a", "empty_text")),
        ((collect("a", "plan", "choice", choices=["Team"]), DONE), ("a", "few_choices")),
        ((collect("a", "x", "reference", pattern="(INV"), DONE), ("a", "bad_pattern")),
        ((collect("a", "x"), collect("b", "x", "date"), DONE), ("b", "slot_of_two_types")),
        ((collect("a", "x"), {"id": "b", "kind": "act", "action": "nope"}, DONE), ("b", "unknown_action")),
        (
            (collect("a", "x"), {"id": "b", "kind": "act", "action": "stripe_find_invoice"}, DONE),
            ("b", "argument_missing"),
        ),
        (
            (
                collect("a", "x"),
                {"id": "b", "kind": "act", "action": "slack_post_message", "arguments": {"to": "x"}},
                DONE,
            ),
            ("b", "unknown_argument"),
        ),
        ((collect("a", "x"), say("b", "{result.issue_url}"), DONE), ("b", "unknown_result")),
        (
            (collect("a", "x"), {"id": "b", "kind": "end", "outcome": "escalated", "reason": ""}),
            ("b", "no_reason"),
        ),
    ],
)
def test_what_keeps_a_flow_from_being_activated_is_named_at_its_step(steps, finding) -> None:
    assert finding in codes(*steps)
    assert has_errors(check(flow_read(definition(*steps)), "data_export", AROUND))


@pytest.mark.row("3.11")
def test_what_an_action_gives_may_be_used_only_where_it_has_succeeded() -> None:
    steps = [dict(step) for step in INVOICE["steps"]]
    steps[2] |= {"failure": "tell"}
    assert ("tell", "result_before_action") in codes(*steps)
    assert codes(*steps[:3], say("tell", "{find.amount_due}", next="done"), DONE) == [
        ("tell", "result_before_action")
    ]


@pytest.mark.row("3.12")
def test_a_circle_on_which_nobody_is_asked_is_an_error_and_one_with_a_question_is_not() -> None:
    retry = {
        "id": "try",
        "kind": "act",
        "action": "webhook_send",
        "arguments": {"x": "{email}"},
        "failure": "wait",
    }
    steps = (collect("ask", "email"), retry, DONE, say("wait", next="try"))
    assert ("try", "endless") in codes(*steps)
    assert not any(code == "endless" for _, code in codes(*BUG["steps"]))  # "no" asks again, three times


@pytest.mark.row("3.12")
@pytest.mark.parametrize(
    ("questions", "exchanges", "found"),
    [
        (0, 1, [("done", "one_exchange")]),
        (1, 2, []),
        (3, 4, []),
        (4, 5, [("done", "many_exchanges")]),
    ],
)
def test_one_exchange_or_more_than_four_warn_with_the_path(questions, exchanges, found) -> None:
    steps = (*(collect(f"ask_{n}", f"slot_{n}") for n in range(questions)), DONE)
    flow = flow_read(definition(*steps))
    assert [path.exchanges for path in graph.paths(flow)] == [exchanges]
    findings = check(flow, "data_export", AROUND)
    assert [(one.step, one.code) for one in findings] == found
    assert all(one.level == "warning" and one.message.endswith("done.") for one in findings)


@pytest.mark.row("3.12")
def test_every_path_is_listed_with_its_exchanges_and_its_end() -> None:
    found = graph.paths(flow_read(INVOICE))
    assert [(path.exchanges, path.end) for path in found] == [(4, "resolved"), (4, "escalated")]
    assert found[1].text == "ask_email → ask_invoice → find → (done) tell → solved → (no) person"


@pytest.mark.row("3.11")
def test_an_action_that_changes_something_wants_a_confirmation_on_every_way() -> None:
    act = {"id": "b", "kind": "act", "action": "slack_post_message", "arguments": {"text": "{x}"}}
    assert codes(collect("a", "x"), act, DONE) == [("b", "not_confirmed")]
    ask = {"id": "sure", "kind": "confirm", "question": "Shall I?", "no": "done"}
    assert codes(collect("a", "x"), ask, act, DONE) == []
    around = {"id": "sure", "kind": "confirm", "question": "Shall I?", "no": "b"}
    assert codes(collect("a", "x"), around, act, DONE) == [("b", "not_confirmed")]


@pytest.mark.row("2.19")
def test_what_does_not_keep_the_brands_voice_is_a_warning_at_its_step() -> None:
    around = Surroundings(ACTIONS, {"data_export"}, lambda text: ["W001: simply"] if "simply" in text else [])
    found = check(
        flow_read(definition(collect("a", "x", question="Simply, simply?"), DONE)), "data_export", around
    )
    assert [(one.step, one.level, one.code) for one in found] == [("a", "warning", "voice")]
    assert "W001: simply" in found[0].message


def test_an_intent_that_does_not_answer_is_an_error() -> None:
    assert codes(*INVOICE["steps"], intent="gone") == [("", "unknown_intent")]
    assert codes() == [("", "no_steps")]


@pytest.mark.parametrize(
    "raw",
    [
        [],
        {"format": 2, "steps": []},
        {"format": 1},
        {"format": 1, "steps": [1]},
        {"format": 1, "steps": [{"id": "a", "kind": "jump"}]},
        {"format": 1, "steps": [{"id": "A b", "kind": "say", "text": ""}]},
        {"format": 1, "steps": [{"id": "a", "kind": "say", "text": "", "html": "x"}]},
        {"format": 1, "steps": [{"id": "a", "kind": "collect", "slot": "x", "type": "iban", "question": ""}]},
        {"format": 1, "steps": [{"id": f"s{n}", "kind": "say", "text": ""} for n in range(41)]},
    ],
)
def test_what_is_no_flow_cannot_be_read(raw) -> None:
    with pytest.raises(InvalidInput) as refusal:
        flow_read(raw)
    assert refusal.value.code == "bad_definition"


def test_a_definition_survives_its_text_and_keeps_its_hash() -> None:
    _, raw = flow_loads(flow_dumps(INVOICE))
    assert (raw, flow_hash(raw)) == (INVOICE, flow_hash(INVOICE))
    assert flow_hash(BUG) != flow_hash(INVOICE)
    for text in ("{", '{"format": 1, "steps": [NaN]}', "\ud800"):
        with pytest.raises(InvalidInput):
            flow_loads(text)


@pytest.mark.row("3.11", "3.12")
@pytest.mark.parametrize("starter", STARTERS.values(), ids=lambda starter: starter.intent)
def test_every_starter_can_be_activated_as_it_is(starter) -> None:
    flow = flow_read(starter.definition)
    assert check(flow, starter.intent, Surroundings(ACTIONS, {starter.intent})) == []
    assert all(2 <= path.exchanges <= 4 and path.end for path in graph.paths(flow))


def test_there_is_a_starter_for_each_of_the_guides_intents() -> None:
    assert list(STARTERS) == [
        "billing_inquiry",
        "feature_request",
        "bug_report",
        "account_access",
        "integration_setup",
        "data_export",
    ]


@pytest.mark.parametrize("starter", STARTERS.values(), ids=lambda starter: starter.intent)
def test_no_box_of_the_picture_overlaps_another(starter) -> None:
    picture = draw(flow_read(starter.definition))
    assert {box.step for box in picture.boxes} == {step["id"] for step in starter.definition["steps"]}
    corners = [(box.x, box.y) for box in picture.boxes]
    for number, (x, y) in enumerate(corners):
        assert 0 <= x <= picture.width - BOX_WIDTH
        assert 0 <= y <= picture.height - BOX_HEIGHT
        for other_x, other_y in corners[:number]:
            assert abs(x - other_x) >= BOX_WIDTH or abs(y - other_y) >= BOX_HEIGHT


NAMES = st.sampled_from(["a", "b", "c", "d", "e", ""])
ANY_STEP = st.one_of(
    st.builds(lambda i, n: collect(i, "x", next=n), NAMES.filter(bool), NAMES),
    st.builds(lambda i, n: say(i, "{x} {b.issue_url}", next=n), NAMES.filter(bool), NAMES),
    st.builds(
        lambda i, s, f: {"id": i, "kind": "act", "action": "linear_create_issue", "success": s, "failure": f},
        NAMES.filter(bool),
        NAMES,
        NAMES,
    ),
    st.builds(
        lambda i, y, n: {"id": i, "kind": "confirm", "question": "?", "yes": y, "no": n},
        NAMES.filter(bool),
        NAMES,
        NAMES,
    ),
    st.builds(
        lambda i, n, o: {
            "id": i,
            "kind": "branch",
            "on": "x",
            "cases": [{"values": ["1"], "next": n}],
            "otherwise": o,
        },
        NAMES.filter(bool),
        NAMES,
        NAMES,
    ),
    st.builds(lambda i: {**DONE, "id": i}, NAMES.filter(bool)),
)


@given(st.lists(ANY_STEP, max_size=7))
def test_any_tangle_is_checked_and_drawn_and_without_errors_every_path_ends(steps) -> None:
    flow = flow_read(definition(*steps))
    findings = check(flow, "data_export", AROUND)
    draw(flow)
    if not has_errors(findings):
        ways = graph.paths(flow)
        assert ways
        assert all(path.end for path in ways)


def test_a_tangle_of_branches_is_looked_at_in_bounded_time() -> None:
    ids = [f"s{n}" for n in range(40)]
    steps = [
        {
            "id": name,
            "kind": "branch",
            "on": "x",
            "cases": [{"values": [str(n)], "next": other} for n, other in enumerate(ids[:20])],
            "otherwise": ids[-1],
        }
        for name in ids
    ]
    flow = flow_read(definition(*steps))
    assert graph.paths(flow) == []
    assert has_errors(check(flow, "data_export", AROUND))


def test_what_changed_is_said_step_by_step() -> None:
    before = definition(collect("a", "x"), say("b", "One."), DONE)
    after = definition(say("b", "Two."), collect("c", "x"), DONE, PERSON)
    assert changes(before, after) == [
        "c: added (collect)",
        "person: added (end)",
        "a: taken out (collect)",
        "b, text: “One.” → “Two.”",
    ]
    assert changes(before, before) == []


def test_each_kind_says_what_it_may_hold() -> None:
    assert set(STEP_SCHEMAS) == {"collect", "say", "act", "confirm", "branch", "end"}
    assert pattern_problem(r"INV-\d+") == ""
    assert pattern_problem("(a") == "missing ): (a"
