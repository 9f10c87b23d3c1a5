"""Check what was played against what a scenario expects. Pure and without any judge but equality.

Each unmet expectation says where, what was expected and what came instead. A check that finds nothing to look
at fails: silence is not a pass.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from escalation.patterns import pattern_find
from pilot.simulations.script import Script
from pilot.simulations.transcript import DIGITS, Failure, PlayedTurn
from runtime.flows.interpreter import DONE

SHOWN = 160
SETTLING = ("answered", "flow_resolved")
OWN_DECISIONS = ("answer", "act", "out_of_scope", "clarify")
Turns = Sequence[PlayedTurn]


def failures_of(script: Script, played: Turns) -> tuple[Failure, ...]:
    """Return every expectation that was not met, in the order of the conversation."""
    found: list[Failure] = []
    for number, (step, turn) in enumerate(zip(script.steps, played, strict=True), 1):
        for check, expected in step.expect.items():
            found += _judged(number, check, expected, (turn,))
    for check, expected in script.expect.items():
        found += _judged(0, check, expected, played)
    return tuple(found)


def _judged(step: int, check: str, expected: Any, turns: Turns) -> list[Failure]:
    wrong = JUDGES[check](expected, turns)
    return [Failure(step, check, _short(wanted), _short(got)) for wanted, got in wrong]


Wrong = list[tuple[str, str]]  # expected, got


def _equal(of: Callable[[PlayedTurn], Any]) -> Callable[[Any, Turns], Wrong]:
    def judge(expected: Any, turns: Turns) -> Wrong:
        got = of(turns[-1])
        return [] if got == expected else [(_said(expected), _said(got))]

    return judge


def _among(of: Callable[[PlayedTurn], Any]) -> Callable[[Any, Turns], Wrong]:
    def judge(expected: Sequence[str], turns: Turns) -> Wrong:
        got = of(turns[-1])
        return [] if got in expected else [(" or ".join(expected), _said(got))]

    return judge


def _confidence(expected: float, turns: Turns) -> Wrong:
    got = turns[-1].confidence
    if got is not None and round(got, DIGITS) >= expected:
        return []
    return [(f"at least {expected:g}", "nothing was classified" if got is None else f"{got:.3f}")]


def _contains(expected: Sequence[str], turns: Turns) -> Wrong:
    reply = turns[-1].reply
    return [
        (f"“{text}” in the reply", _said(reply)) for text in expected if _plain(text) not in _plain(reply)
    ]


def _contains_not(expected: Sequence[str], turns: Turns) -> Wrong:
    reply = turns[-1].reply
    return [(f"no “{text}” in the reply", _said(reply)) for text in expected if _plain(text) in _plain(reply)]


def _matches(expected: Sequence[str], turns: Turns) -> Wrong:
    reply = turns[-1].reply
    return [
        (f"a match of {pattern}", _said(reply))
        for pattern in expected
        if pattern_find(reply, [pattern], ignore_case=False) is None
    ]


def _cites(expected: Sequence[str], turns: Turns) -> Wrong:
    cited = turns[-1].citations
    names = {_plain(str(one["title"])) for one in cited} | {str(one["article_id"]) for one in cited}
    if any(_plain(name) in names for name in expected):
        return []
    got = ", ".join(f"“{one['title']}” ({one['article_id']})" for one in cited)
    return [(" or ".join(f"“{name}”" for name in expected), got or "no article")]


def _cites_nothing(expected: bool, turns: Turns) -> Wrong:
    titles = ", ".join(f"“{one['title']}”" for one in turns[-1].citations)
    if expected != bool(titles):
        return []
    return [("no article", titles)] if expected else [("an article", "none")]


def _slots(expected: Mapping[str, str], turns: Turns) -> Wrong:
    known: dict[str, str] = {}
    for turn in turns:
        known |= turn.slots
    return [
        (f"{name} = {value}", f"{name} = {known[name]}" if name in known else f"{name} is not known")
        for name, value in expected.items()
        if known.get(name) != value
    ]


def _flow_finished(expected: bool | str, turns: Turns) -> Wrong:
    done = [turn.flow for turn in turns if turn.flow_outcome == DONE]
    is_met = bool(done) == expected if isinstance(expected, bool) else _plain(expected) in map(_plain, done)
    if is_met:
        return []
    if expected is False:
        return [("no flow finished", f"“{done[-1]}” finished")]
    wanted = "a flow finished" if expected is True else f"“{expected}” finished"
    began = [turn for turn in turns if turn.flow]
    if not began:
        return [(wanted, "no flow began")]
    last = began[-1]
    where = last.flow_outcome or (f"it waits at {last.flow_step}" if last.flow_step else "it did not end")
    return [(wanted, f"“{last.flow}”: {where}")]


def _called(expected: Sequence[Mapping[str, Any]], turns: Turns) -> Wrong:
    taken = [one for turn in turns for one in turn.actions]
    wrong: Wrong = []
    for call in expected:
        wanted = call.get("arguments", {})
        alike = [one for one in taken if one["action"] == call["action"]]
        fitting = [
            one for one in alike if all(one["arguments"].get(name) == value for name, value in wanted.items())
        ]
        times = call.get("times")
        if (len(fitting) == times) if times is not None else fitting:
            continue
        said = f"{call['action']}({_arguments(wanted)})" if wanted else call["action"]
        wrong.append((said + (f" {times} times" if times is not None else ""), _calls_said(alike or taken)))
    return wrong


def _called_not(expected: Sequence[str], turns: Turns) -> Wrong:
    taken = [one for turn in turns for one in turn.actions if one["action"] in expected]
    return [(f"no call of {' or '.join(expected)}", _calls_said(taken))] if taken else []


def _escalated(expected: bool | Mapping[str, str], turns: Turns) -> Wrong:
    turn = next((one for one in turns if one.decision == "escalate"), None)
    got = "nobody is called" if turn is None else _escalation_said(turn)
    if isinstance(expected, bool):
        wanted = "a person takes over" if expected else "no person takes over"
        return [] if expected == (turn is not None) else [(wanted, got)]
    rule = (turn.escalation or {}) if turn else {}
    is_met = turn is not None and all(
        (turn.reason if name == "reason" else rule.get(name)) == value for name, value in expected.items()
    )
    return [] if is_met else [(f"a person takes over ({_arguments(expected)})", got)]


def _replied(expected: bool, turns: Turns) -> Wrong:
    own = [turn for turn in turns if turn.decision in OWN_DECISIONS and turn.reply]
    if expected == bool(own):
        return []
    return (
        [("a reply of the agent's own", "none")]
        if expected
        else [("no reply", f"one at step {own[0].number}")]
    )


def _settled_within(expected: int, turns: Turns) -> Wrong:
    settled = next((t.number for t in turns if t.reason in SETTLING or t.decision == "escalate"), None)
    if settled is not None and settled <= expected:
        return []
    return [
        (f"settled by step {expected}", f"settled at step {settled}" if settled else "not settled at all")
    ]


JUDGES: Mapping[str, Callable[[Any, Turns], Wrong]] = {
    "decision": _among(lambda turn: turn.decision),
    "reason": _among(lambda turn: turn.reason),
    "intent": _equal(lambda turn: turn.intent),
    "intent_in": _among(lambda turn: turn.intent),
    "fallback": _equal(lambda turn: turn.is_fallback),
    "confidence_at_least": _confidence,
    "out_of_scope": _equal(lambda turn: turn.out_of_scope),
    "mode": _equal(lambda turn: turn.mode),
    "reply_contains": _contains,
    "reply_not_contains": _contains_not,
    "reply_matches": _matches,
    "cites": _cites,
    "cites_nothing": _cites_nothing,
    "flow_step": _equal(lambda turn: turn.flow_step),
    "missing": _equal(lambda turn: list(turn.missing)),
    "slots": _slots,
    "flow_finished": _flow_finished,
    "called": _called,
    "not_called": _called_not,
    "escalated": _escalated,
    "replied": _replied,
    "settled_within": _settled_within,
}


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _said(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    return "nothing" if value in (None, "") else str(value)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SHOWN else f"{line[: SHOWN - 1]}…"


def _arguments(values: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in values.items())


def _calls_said(calls: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(f"{one['action']}({_arguments(one['arguments'])})" for one in calls) or "no action"


def _escalation_said(turn: PlayedTurn) -> str:
    rule = turn.escalation or {}
    found = {"trigger": rule.get("trigger", ""), "kind": rule.get("kind", ""), "reason": turn.reason}
    return f"a person takes over ({_arguments(found)})"
