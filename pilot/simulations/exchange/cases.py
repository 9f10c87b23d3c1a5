"""Test cases of Agentforce as they stand in a file: YAML and JSON in both shapes, and CSV. Pure.

The shapes are those of ``sf agent generate test-spec`` (testCases with utterance, expectedTopic,
expectedActions, expectedOutcome) and of the metadata (testCase with inputs and expectation or scorer).
"""

from __future__ import annotations

import ast
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from core.errors import InvalidInput
from pilot.simulations.nodes import Fields, Items, Node, Scalar

MAX_CASES = 2_000
KNOWN = ("utterance", "expectedTopic", "expectedActions", "expectedOutcome", "conversationHistory")
KNOWN_INPUTS = ("utterance", "conversationHistory")
TOPICS = ("topic_sequence_match", "topic_assertion", "expectedTopic")
ACTIONS = ("action_sequence_match", "actions_assertion", "expectedActions")
OUTCOMES = ("bot_response_rating", "output_validation", "expectedOutcome")
COLUMNS = {
    "utterance": ("utterance", "input", "userutterance"),
    "topic": ("expectedtopic", "topic"),
    "actions": ("expectedactions", "expectedaction", "actions"),
    "outcome": ("expectedoutcome", "expectedresponse", "outcome"),
    "name": ("name", "testname"),
}
DELIMITERS = ",;\t"


@dataclass(frozen=True, slots=True)
class Case:
    """One test case: names as the file has them; ``unchecked`` is what stands there beside."""

    line: int
    utterance: str
    topic: str = ""
    actions: tuple[str, ...] = ()
    outcome: str = ""
    history: tuple[str, ...] = ()  # what the customer said before
    name: str = ""
    unchecked: tuple[str, ...] = ()


def is_spec(root: Node) -> bool:
    """Tell whether a document is a test spec and not one of our own scenarios."""
    return isinstance(root, Fields) and ("testCases" in root.fields or "testCase" in root.fields)


def spec_cases(root: Fields) -> tuple[str, list[Case]]:
    """Return the spec's name and its cases."""
    found = root.fields.get("testCases") or root.fields.get("testCase")
    items = found.items if isinstance(found, Items) else (found,) if isinstance(found, Fields) else ()
    return _text(root.fields.get("name")), [_case(one) for one in items[:MAX_CASES]]


def csv_cases(text: str) -> list[Case]:
    """Return the rows of a CSV; raise InvalidInput where it is none or has no column for the utterance."""
    head = text.split("\n", 1)[0]
    delimiter = max(DELIMITERS, key=head.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = [re.sub(r"[^a-z]", "", cell.casefold()) for cell in next(rows, [])]
        place = {name: _place(header, aliases) for name, aliases in COLUMNS.items()}
        if place["utterance"] is None:
            raise InvalidInput(
                "Line 1: the header has no column “utterance”. The others are expectedTopic, "
                "expectedActions and expectedOutcome.",
                code="no_column",
            )
        others = tuple(cell for number, cell in enumerate(header) if cell and number not in place.values())
        return list(_csv_rows(rows, place, others))
    except csv.Error as error:
        raise InvalidInput(
            f"Line {rows.line_num}: this is not sound CSV ({error}).", code="bad_csv"
        ) from error


def _csv_rows(
    rows: Iterator[list[str]], place: dict[str, int | None], others: tuple[str, ...]
) -> Iterator[Case]:
    for row in rows:
        if not any(cell.strip() for cell in row):
            continue

        def cell(name: str, row: list[str] = row) -> str:
            number = place[name]
            return row[number].strip().removeprefix("'") if number is not None and number < len(row) else ""

        line = rows.line_num  # type: ignore[attr-defined]  # a csv reader has it
        yield Case(
            line,
            cell("utterance"),
            cell("topic"),
            names_in(cell("actions")),
            cell("outcome"),
            name=cell("name"),
            unchecked=tuple(f"column {other}" for other in others),
        )


def names_in(text: str) -> tuple[str, ...]:
    """Return the names in “['A', 'B']”, “["A"]”, “A; B” or “A, B”."""
    inner = text.strip()
    if inner.startswith("["):
        try:
            value = ast.literal_eval(inner)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            value = inner.strip("[]").split(",")
        found = [str(one) for one in value] if isinstance(value, list) else []
    else:
        found = re.split(r"[;,\n|]", inner)
    return tuple(name for one in found if (name := one.strip().strip("\"'").strip()))


def _case(node: Node) -> Case:
    if not isinstance(node, Fields):
        return Case(node.line, "")
    if "inputs" in node.fields:
        return _metadata_case(node)
    fields = node.fields
    return Case(
        node.line,
        _text(fields.get("utterance")),
        _text(fields.get("expectedTopic")),
        _names(fields.get("expectedActions")),
        _text(fields.get("expectedOutcome")),
        _history(fields.get("conversationHistory")),
        unchecked=_beside(node, KNOWN),
    )


def _metadata_case(node: Fields) -> Case:
    """Return a case of the metadata's shape: inputs, and expectations by name."""
    inputs = node.fields["inputs"]
    given = inputs.fields if isinstance(inputs, Fields) else {}
    topic, outcome = "", ""
    actions: tuple[str, ...] = ()
    beside = [f"inputs.{name}" for name in given if name not in KNOWN_INPUTS]
    for one in _listed(node.fields.get("expectation") or node.fields.get("scorer")):
        if not isinstance(one, Fields):
            continue
        name, value = _text(one.fields.get("name")), one.fields.get("expectedValue")
        if name in TOPICS:
            topic = _text(value)
        elif name in ACTIONS:
            actions = _names(value)
        elif name in OUTCOMES:
            outcome = _text(value)
        else:
            beside.append(name or "an expectation without a name")
    return Case(
        node.line,
        _text(given.get("utterance")),
        topic,
        actions,
        outcome,
        _history(given.get("conversationHistory")),
        unchecked=tuple(beside),
    )


def _beside(node: Fields, known: tuple[str, ...]) -> tuple[str, ...]:
    """Name what stands in a case that nothing here checks; empty lists do not count."""
    return tuple(
        name
        for name, value in node.fields.items()
        if name not in known and not (isinstance(value, Items) and not value.items)
    )


def _history(node: Node | None) -> tuple[str, ...]:
    lines = [one for one in _listed(node) if isinstance(one, Fields)]
    lines.sort(
        key=lambda one: (
            int(_text(one.fields.get("index")) or 0) if _text(one.fields.get("index")).isdecimal() else 0
        )
    )
    said = [_text(one.fields.get("message")) for one in lines if _text(one.fields.get("role")) == "user"]
    return tuple(text for text in said if text)


def _listed(node: Node | None) -> tuple[Node, ...]:
    if isinstance(node, Items):
        return node.items
    return () if node is None or (isinstance(node, Scalar) and not node.text) else (node,)


def _names(node: Node | None) -> tuple[str, ...]:
    if isinstance(node, Items):
        return tuple(name for one in node.items if (name := _text(one)))
    return names_in(_text(node))


def _text(node: Node | None) -> str:
    return node.text.strip() if isinstance(node, Scalar) and node.kind != "null" else ""


def _place(header: list[str], aliases: tuple[str, ...]) -> int | None:
    return next((header.index(alias) for alias in aliases if alias in header), None)
