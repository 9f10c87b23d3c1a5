"""Read scenarios from YAML, JSON or stored definitions, collecting every problem with its line. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import InvalidInput
from pilot.simulations import checks
from pilot.simulations.checks import CHECKS, OTHER_NAMES
from pilot.simulations.nodes import Fields, Items, Node, Unreadable, nodes_of, nodes_read
from pilot.simulations.script import (
    MAX_MOCKS,
    MAX_NAME,
    MAX_SAY,
    MAX_STEPS,
    MAX_TAGS,
    OUTCOMES,
    PLACES,
    UNRESTRICTED,
    Mock,
    Problem,
    Script,
    ScriptStep,
)
from pilot.simulations.values import (
    MAX_TEXT,
    READERS,
    Faults,
    known_only,
    pairs_of,
    text_of,
    texts_of,
    time_of,
)

CUSTOMER = ("external_id", "user_type", "tier", "locale")
LIMITS = {"channel": 32, "page": 500, "external_id": 128, "user_type": 64, "tier": 64, "locale": 35}
SCRIPT_FIELDS = (
    *("name", "description", "note", "tags", "channel", "page", "place", "at", "customer", "mocks"),
    *("steps", "expect"),
)
SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
MAX_SCENARIOS = 2_000


@dataclass(frozen=True, slots=True)
class ReadFile:
    """What a file holds: scenarios with the line on which each begins, the suite's name if it says one."""

    scripts: tuple[tuple[int, Script], ...]
    problems: tuple[Problem, ...]
    suite: str = ""


def script_loads(text: str) -> Script:
    """Return the one scenario in ``text``; raise InvalidInput with all problems, each with its line."""
    read = scripts_read(text)
    if read.problems:
        raise refusal(read.problems)
    if len(read.scripts) != 1:
        raise refusal((Problem(1, f"Write one scenario here; these are {len(read.scripts)}."),))
    return read.scripts[0][1]


def script_of(definition: Mapping[str, Any]) -> Script:
    """Return a stored definition as a scenario; raise InvalidInput where it is none (any more)."""
    faults = Faults()
    script = _script(nodes_of(definition), faults)
    if script is None or faults.problems:
        raise refusal(faults.problems)
    return script


def refusal(problems: Sequence[Problem]) -> InvalidInput:
    """Return the problems as a refusal."""
    shown = " ".join(str(one) for one in problems[:5])
    return InvalidInput(
        shown, code="bad_scenario", extra={"problems": [one.as_json() for one in problems[:50]]}
    )


def scripts_read(text: str) -> ReadFile:
    """Return the scenarios of a file: one, a list, or ``suite`` with ``scenarios``. Raises nothing."""
    try:
        root = nodes_read(text)
    except Unreadable as error:
        return ReadFile((), (Problem(error.line, error.message),))
    faults, suite, found = Faults(), "", [root]
    if isinstance(root, Fields) and "scenarios" in root.fields:
        known_only(root, ("suite", "scenarios", "description"), faults)
        if "suite" in root.fields:
            suite = text_of(root.fields["suite"], "suite", 80, faults)
        inner = root.fields["scenarios"]
        found = list(inner.items) if isinstance(inner, Items) else []
        if not isinstance(inner, Items):
            faults.add(inner, "scenarios is a list.")
    elif isinstance(root, Items):
        found = list(root.items)
    if len(found) > MAX_SCENARIOS:
        faults.add(root, f"A file holds at most {MAX_SCENARIOS:,} scenarios.")
        found = found[:MAX_SCENARIOS]
    scripts: list[tuple[int, Script]] = []
    names: set[str] = set()
    for node in found:
        script = _script(node, faults)
        if script is None:
            continue
        if script.name in names:
            faults.add(node, f"There are two scenarios called “{script.name}”.")
        names.add(script.name)
        scripts.append((node.line, script))
    return ReadFile(tuple(scripts), tuple(faults.problems), suite)


def _script(node: Node, faults: Faults) -> Script | None:
    """Return one scenario, or None where something in it cannot be meant."""
    before = len(faults.problems)
    if not isinstance(node, Fields):
        faults.add(node, "A scenario has a name and steps, as “name: …” and “steps:”.")
        return None
    known_only(node, SCRIPT_FIELDS, faults)
    given = node.fields
    name = text_of(given["name"], "name", MAX_NAME, faults) if "name" in given else ""
    if not name:
        faults.add(node, "The scenario needs a name.")
    texts = {
        key: text_of(given[key], key, limit, faults)
        for key, limit in (("description", MAX_TEXT), ("note", MAX_TEXT), ("channel", 32), ("page", 500))
        if key in given
    }
    place = text_of(given["place"], "place", 20, faults) if "place" in given else UNRESTRICTED
    if place not in PLACES:
        faults.add(given["place"], f"place is one of {', '.join(PLACES)}.")
    script = Script(
        name=name,
        steps=_steps(node, faults),
        place=place,
        at=time_of(given["at"], faults) if "at" in given else None,
        customer=_customer(given["customer"], faults) if "customer" in given else {},
        mocks=_mocks(given["mocks"], faults) if "mocks" in given else {},
        expect=_expect(given["expect"], checks.WHOLE, faults) if "expect" in given else {},
        tags=tuple(texts_of(given["tags"], "tags", faults, most=MAX_TAGS)) if "tags" in given else (),
        **{key: value for key, value in texts.items() if value},
    )
    return script if len(faults.problems) == before else None


def _steps(node: Fields, faults: Faults) -> tuple[ScriptStep, ...]:
    inner = node.fields.get("steps")
    if not isinstance(inner, Items) or not inner.items:
        faults.add(inner or node, "The scenario needs steps: a list of “- say: …”.")
        return ()
    if len(inner.items) > MAX_STEPS:
        faults.add(inner, f"A scenario has at most {MAX_STEPS} steps.")
    steps = []
    for one in inner.items[:MAX_STEPS]:
        if not isinstance(one, Fields) or "say" not in one.fields:
            faults.add(one, "A step needs “say:”, the customer's words.")
            continue
        known_only(one, ("say", "expect"), faults)
        said = text_of(one.fields["say"], "say", MAX_SAY, faults)
        if not said.strip():
            faults.add(one.fields["say"], "The customer must say something.")
        expect = _expect(one.fields["expect"], checks.TURN, faults) if "expect" in one.fields else {}
        steps.append(ScriptStep(said, expect))
    return tuple(steps)


def _customer(node: Node, faults: Faults) -> dict[str, str]:
    if not isinstance(node, Fields):
        faults.add(node, f"customer takes {', '.join(CUSTOMER)}.")
        return {}
    known_only(node, CUSTOMER, faults)
    found = {
        name: text_of(node.fields[name], name, LIMITS[name], faults)
        for name in CUSTOMER
        if name in node.fields
    }
    return {name: value for name, value in found.items() if value}


def _mocks(node: Node, faults: Faults) -> dict[str, Mock]:
    if not isinstance(node, Fields) or len(node.fields) > MAX_MOCKS:
        faults.add(node, f"mocks says, by action, what becomes of its calls; at most {MAX_MOCKS}.")
        return {}
    found = {}
    for slug, value in node.fields.items():
        if not SLUG.fullmatch(slug):
            faults.add(value, f"“{slug[:60]}” is not the name of an action.")
            continue
        fields = value.fields if isinstance(value, Fields) else {"outcome": value}
        if isinstance(value, Fields):
            known_only(value, ("outcome", "data", "message"), faults)
        outcomes = texts_of(fields["outcome"], "outcome", faults) if "outcome" in fields else [OUTCOMES[0]]
        for outcome in outcomes:
            if outcome not in OUTCOMES:
                faults.add(
                    fields.get("outcome", value), f"An action {', '.join(OUTCOMES)}; not “{outcome[:40]}”."
                )
        data = pairs_of(fields["data"], "data", faults) if "data" in fields else {}
        message = text_of(fields["message"], "message", 300, faults) if "message" in fields else ""
        found[slug] = Mock(tuple(outcomes), data, message)
    return found


def _expect(node: Node, scope: str, faults: Faults) -> dict[str, Any]:
    """Return expectations as they are stored; names of other products become ours."""
    if not isinstance(node, Fields):
        faults.add(node, "expect says what must be so, as “decision: answer”.")
        return {}
    found: dict[str, Any] = {}
    for written, value in node.fields.items():
        line = node.lines.get(written, value.line)
        name = OTHER_NAMES.get(written, written)
        check = CHECKS.get(name)
        if check is None:
            faults.add(line, f"Nothing is known of “{written[:40]}”. {_nearest(written)}")
        elif check.scope not in (scope, checks.BOTH):
            where = "the whole conversation: put it under the scenario's own “expect”"
            turn = "one message: put it under a step's “expect”"
            faults.add(line, f"“{written}” is about {turn if check.scope == checks.TURN else where}.")
        elif name in found:
            faults.add(line, f"“{written}” says “{name}” a second time.")
        else:
            before = len(faults.problems)
            parsed = READERS[check.kind](value, name, faults)
            if len(faults.problems) == before:
                _among(parsed, check, name, line, faults)
                found[name] = parsed
    return found


def _among(value: Any, check: checks.Check, name: str, line: int, faults: Faults) -> None:
    given = value if isinstance(value, list) else [value]
    wrong = [one for one in given if check.among and one not in check.among]
    if wrong:
        faults.add(line, f"{name} is one of {', '.join(check.among)}; not “{str(wrong[0])[:40]}”.")


def _nearest(word: str) -> str:
    import difflib  # noqa: PLC0415 - only for a mistake

    close = difflib.get_close_matches(word, [*CHECKS, *OTHER_NAMES], n=1)
    return f"Did you mean “{close[0]}”?" if close else f"There are: {', '.join(CHECKS)}."
