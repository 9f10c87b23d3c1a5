"""Read the values of a scenario: texts, lists, numbers, calls. Pure; faults are noted with their line."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from core.errors import InvalidInput
from escalation.patterns import patterns_check
from pilot.simulations import checks, nodes
from pilot.simulations.nodes import Fields, Items, Node, Scalar
from pilot.simulations.script import Problem

CALL_FIELDS, ESCALATION_FIELDS = ("action", "arguments", "times"), ("trigger", "kind", "reason")
MAX_TEXT, MAX_TEXTS, MAX_COUNT = 2_000, 30, 1_000


@dataclass(slots=True)
class Faults:
    """What is wrong, collected while reading goes on."""

    problems: list[Problem] = field(default_factory=list)

    def add(self, node: Node | int, message: str) -> None:
        """Note a problem at a node or line."""
        self.problems.append(Problem(node if isinstance(node, int) else node.line, message))


def known_only(node: Fields, names: Sequence[str], faults: Faults) -> None:
    """Note every field that is none of ``names``."""
    for name in node.fields:
        if name not in names:
            line = node.lines.get(name, node.line)
            faults.add(line, f"“{name[:40]}” has no meaning here. There are: {', '.join(names)}.")


def text_of(node: Node, name: str, limit: int, faults: Faults) -> str:
    """Return a text; nothing written is the empty one."""
    if not isinstance(node, Scalar):
        faults.add(node, f"{name} is a text.")
        return ""
    text = "" if node.kind == nodes.NULL and node.text in ("", "~", "null") else node.text
    if len(text) > limit:
        faults.add(node, f"{name} has at most {limit:,} characters.")
    return text


def texts_of(node: Node, name: str, faults: Faults, most: int = MAX_TEXTS) -> list[str]:
    """Return one text or a list of them as a list."""
    given = node.items if isinstance(node, Items) else (node,)
    found = [text_of(one, name, MAX_TEXT, faults) for one in given]
    if not found or not all(found):
        faults.add(node, f"{name} needs a text, or a list of texts.")
    if len(found) > most:
        faults.add(node, f"{name} takes at most {most}.")
    return found


def pairs_of(node: Node, name: str, faults: Faults) -> dict[str, str]:
    """Return values by name, as texts."""
    if not isinstance(node, Fields):
        faults.add(node, f"{name} gives values by name, as “{{email: kim@example.com}}”.")
        return {}
    return {key: text_of(value, key, MAX_TEXT, faults) for key, value in node.fields.items()}


def _flag(node: Node, name: str, faults: Faults) -> bool:
    value = nodes.WORDS.get(node.text.lower()) if isinstance(node, Scalar) else None
    if value is None:
        faults.add(node, f"{name} is true or false.")
    return bool(value)


def _number(node: Node, name: str, faults: Faults) -> float:
    try:
        value = float(node.text) if isinstance(node, Scalar) else math.nan
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        faults.add(node, f"{name} is a number.")
        return 0.0
    return value


def _ratio(node: Node, name: str, faults: Faults) -> float:
    value = _number(node, name, faults)
    if not 0 <= value <= 1:
        faults.add(node, f"{name} is a number from 0 to 1.")
    return value


def _count(node: Node, name: str, faults: Faults) -> int:
    value = _number(node, name, faults)
    if value != int(value) or not 0 <= value <= MAX_COUNT:
        faults.add(node, f"{name} is a whole number.")
        return 0
    return int(value)


def _flag_or_text(node: Node, name: str, faults: Faults) -> bool | str:
    if isinstance(node, Scalar) and node.text.lower() in nodes.WORDS:
        return nodes.WORDS[node.text.lower()]
    text = text_of(node, name, 200, faults)
    if not text:
        faults.add(node, f"{name} is true, false or a name.")
    return text


def _patterns(node: Node, name: str, faults: Faults) -> list[str]:
    found = texts_of(node, name, faults)
    try:
        patterns_check(found, ignore_case=False)
    except InvalidInput as wrong:
        faults.add(node, wrong.message)
    return found


def _calls(node: Node, name: str, faults: Faults) -> list[dict[str, Any]]:
    """Return [{action, arguments?, times?}, …] from a name, a list of names, or of such mappings."""
    found: list[dict[str, Any]] = []
    for one in node.items if isinstance(node, Items) else (node,):
        if not isinstance(one, Fields):
            found.append({"action": text_of(one, name, 64, faults)})
            continue
        known_only(one, CALL_FIELDS, faults)
        if "action" not in one.fields:
            faults.add(one, f"{name} needs the action's name.")
            continue
        call: dict[str, Any] = {"action": text_of(one.fields["action"], "action", 64, faults)}
        if "arguments" in one.fields:
            call["arguments"] = pairs_of(one.fields["arguments"], "arguments", faults)
        if "times" in one.fields:
            call["times"] = _count(one.fields["times"], "times", faults)
        found.append(call)
    if not found or not all(call["action"] for call in found):
        faults.add(node, f"{name} needs the name of an action.")
    return found


def _escalation(node: Node, name: str, faults: Faults) -> bool | dict[str, str]:
    """Return true, false, or {trigger, kind, reason}; a single word is the trigger."""
    if isinstance(node, Fields):
        known_only(node, ESCALATION_FIELDS, faults)
        return {
            key: text_of(node.fields[key], key, 64, faults) for key in ESCALATION_FIELDS if key in node.fields
        }
    value = _flag_or_text(node, name, faults)
    return {"trigger": value} if isinstance(value, str) and value else bool(value)


def time_of(node: Node, faults: Faults) -> datetime | None:
    """Return a moment, of UTC where it names no zone."""
    text = text_of(node, "at", 40, faults)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        faults.add(node, "at is a time such as 2026-01-14T10:00:00+00:00.")
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


READERS: Mapping[str, Callable[[Node, str, Faults], Any]] = {
    checks.TEXT: lambda node, name, faults: text_of(node, name, MAX_TEXT, faults),
    checks.TEXTS: texts_of,
    checks.FLAG: _flag,
    checks.RATIO: _ratio,
    checks.COUNT: _count,
    checks.PATTERNS: _patterns,
    checks.CALLS: _calls,
    checks.SLOTS: pairs_of,
    checks.ESCALATION: _escalation,
    checks.FLAG_OR_TEXT: _flag_or_text,
}
