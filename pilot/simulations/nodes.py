"""YAML and JSON as values that know their line. Pure; decides nothing about what a value means.

Nothing of YAML that runs code or grows is taken: no tags, no anchors. Scalars stay the text that was written,
so that ``say: yes`` is the word and a postcode keeps its zero.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

MAX_CHARACTERS = 500_000
MAX_DEPTH = 12
PLAIN_TAGS = frozenset(
    f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "map", "seq")
)
NULL, TEXT, FLAG, NUMBER = "null", "text", "flag", "number"
LITERALS = {"bool": FLAG, "null": NULL, "int": NUMBER, "float": NUMBER}
WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


class Unreadable(Exception):
    """The text is no YAML or JSON; ``line`` is where reading stopped, from 1."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value: the text as written, and what YAML takes it for without quotes."""

    line: int
    text: str
    kind: str = TEXT


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    line: int
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Fields:
    """A mapping; ``lines`` are those of the keys."""

    line: int
    fields: Mapping[str, Node]
    lines: Mapping[str, int]


Node = Scalar | Items | Fields


def nodes_read(text: str) -> Node:
    """Return the one document in ``text``; raise Unreadable with the line."""
    if len(text) > MAX_CHARACTERS:
        raise Unreadable(f"The text is longer than {MAX_CHARACTERS:,} characters.", 1)
    if text.lstrip()[:1] in ("{", "["):
        text = text.replace("\t", " ")  # JSON may be indented by tabs, and holds none within its texts
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                raise Unreadable("Anchors and aliases (& and *) are not taken. Write it out.", _line(event))
        found = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = error.problem or error.context or "it cannot be read"
        raise Unreadable(
            f"This is no YAML: {said}. A text with signs such as : ? , {{ [ belongs in quotes.",
            mark.line + 1 if mark else 1,
        ) from error
    except (yaml.YAMLError, ValueError) as error:
        raise Unreadable("It holds characters that no text has.", 1) from error
    except RecursionError as error:
        raise Unreadable("It is nested too deeply.", 1) from error
    if found is None:
        raise Unreadable("There is nothing in it.", 1)
    return _node(found, 0)


def nodes_of(value: Any) -> Node:
    """Return stored JSON as nodes, without lines."""
    if isinstance(value, Mapping):
        return Fields(0, {str(key): nodes_of(one) for key, one in value.items()}, {})
    if isinstance(value, Sequence) and not isinstance(value, str):
        return Items(0, tuple(nodes_of(one) for one in value))
    if value is None:
        return Scalar(0, "", NULL)
    if isinstance(value, bool):
        return Scalar(0, "true" if value else "false", FLAG)
    return Scalar(0, value, TEXT) if isinstance(value, str) else Scalar(0, json.dumps(value), NUMBER)


def _node(found: yaml.Node, depth: int) -> Node:
    line = _line(found)
    if found.tag not in PLAIN_TAGS and found.tag != "tag:yaml.org,2002:timestamp":
        raise Unreadable(f"The tag {found.tag[:60]} is not taken.", line)
    if depth > MAX_DEPTH:
        raise Unreadable("It is nested too deeply.", line)
    if isinstance(found, yaml.MappingNode):
        return _fields(found, line, depth)
    if isinstance(found, yaml.SequenceNode):
        return Items(line, tuple(_node(one, depth + 1) for one in found.value))
    quoted = isinstance(found, yaml.ScalarNode) and found.style in ("'", '"', "|", ">")
    kind = TEXT if quoted else LITERALS.get(found.tag.rpartition(":")[2], TEXT)
    return Scalar(line, _joined(found.value, line), kind)


def _fields(found: yaml.MappingNode, line: int, depth: int) -> Fields:
    fields: dict[str, Node] = {}
    lines: dict[str, int] = {}
    for key, value in found.value:
        if not isinstance(key, yaml.ScalarNode):
            raise Unreadable("A name is a single word.", _line(key))
        if key.value in fields:
            raise Unreadable(f"“{key.value[:60]}” stands there twice.", _line(key))
        fields[key.value] = _node(value, depth + 1)
        lines[key.value] = _line(key)
    return Fields(line, fields, lines)


def _joined(text: str, line: int) -> str:
    """Put the halves of \\ud83d\\ude00 together, as JSON writes signs beyond the first 65,536."""
    try:
        joined = text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeError as error:
        raise Unreadable("It holds half a character.", line) from error
    if "\x00" in joined:
        raise Unreadable("It holds a sign that no text has.", line)
    return joined


def _line(found: Any) -> int:
    return int(found.start_mark.line) + 1
