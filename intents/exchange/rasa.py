"""Phrasings of Rasa's nlu.yml: block strings of "- " lines, and lists with metadata. Pure.

Entities lose their marks and keep their words. YAML is read as plain nodes, never as objects; anchors, which
let a small file stand for a huge one, are refused. Synonyms, regexes, look-up tables and sections of other
files are counted as left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import yaml

from core.errors import InvalidInput
from intents.exchange.contracts import Phrasing, Problem, Reading
from intents.exchange.texts import decoded

MAX_BYTES = 10 * 1024**2
MAX_DEPTH = 20
ENTITY = re.compile(r"\[([^\[\]]+)\](?:\([^()]+\)|\{[^{}]+\}|\[\{[^\[\]]+\}\])")
LEFT_OUT = {"synonym": "synonyms", "regex": "regular expressions", "lookup": "look-up tables"}
ORIGIN, SOURCE = "origin", "source_ref"


def read_rasa(data: bytes, name: str) -> Reading:
    """Return the phrasings of one YAML file; refuses a file that is no sound YAML, naming the line."""
    if len(data) > MAX_BYTES:
        raise InvalidInput(f"{name} is larger than {MAX_BYTES // 1024**2} MB. Split it.", code="too_large")
    text = decoded(data, name)
    reading = Reading()
    root = _composed(text, name)
    if root is None:
        return reading
    if not isinstance(root, yaml.MappingNode):
        raise InvalidInput(f"{name} is not a Rasa file: it has no sections.", code="not_rasa")
    for key, value in root.value:
        section = _words(key)
        if section == "nlu" and isinstance(value, yaml.SequenceNode):
            for item in value.value:
                _take(reading, item, name)
        elif section != "version":
            reading.ignored[f"section {section[:60]}"] += 1
    return reading


def plain(text: str) -> str:
    """Return the words of an example without the marks of entities."""
    return ENTITY.sub(r"\1", text)


def write_rasa(phrasings: Iterable[Phrasing]) -> str:
    """Return an nlu.yml with origin and source as metadata, intents and phrasings in the given order."""
    intents: dict[str, list[dict[str, object]]] = {}
    for p in phrasings:
        metadata = {ORIGIN: p.origin} | ({SOURCE: p.source_ref} if p.source_ref else {})
        intents.setdefault(p.label, []).append({"text": p.text, "metadata": metadata})
    document = {
        "version": "3.1",
        "nlu": [{"intent": label, "examples": examples} for label, examples in intents.items()],
    }
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=10_000)


def _composed(text: str, name: str) -> yaml.Node | None:
    """Return the root node, after a pass over the events that refuses anchors and depth."""
    try:
        depth = 0
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                line = event.start_mark.line + 1 if event.start_mark else 0
                raise InvalidInput(
                    f"{name}, line {line}: anchors and aliases are not read. Write the text out.",
                    code="yaml_alias",
                    extra={"line": line},
                )
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if depth > MAX_DEPTH:
                raise InvalidInput(f"{name} is nested too deeply.", code="yaml_depth")
        root: yaml.Node | None = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{name}, line {mark.line + 1}" if mark else name
        problem = getattr(error, "problem", None) or "it holds characters that YAML does not allow"
        raise InvalidInput(f"{place}: this is not sound YAML ({problem}).", code="bad_yaml") from error
    return root


def _take(reading: Reading, item: yaml.Node, name: str) -> None:
    """Take one entry of the nlu section."""
    fields = _fields(item)
    for kind, words in LEFT_OUT.items():
        if kind in fields:
            reading.ignored[words] += 1
            return
    where = f"{name}, line {item.start_mark.line + 1}"
    label, examples = _words(fields.get("intent")).strip(), fields.get("examples")
    if not label:
        reading.problems.append(Problem(where, "The entry names no intent."))
    elif examples is None:
        reading.problems.append(Problem(where, f"The intent {label[:60]} has no examples."))
    elif isinstance(examples, yaml.ScalarNode):
        for number, line in _lines(examples):
            _line(reading, line, label, f"{name}, line {number}")
    elif isinstance(examples, yaml.SequenceNode):
        for example in examples.value:
            _listed(reading, example, label, f"{name}, line {example.start_mark.line + 1}")
    else:
        reading.problems.append(Problem(where, f"The examples of {label[:60]} are neither lines nor a list."))


def _line(reading: Reading, line: str, label: str, where: str) -> None:
    """Take one line of a block string; only those that begin with a dash are examples."""
    bare = line.strip()
    if not bare or bare.startswith("#"):
        return
    if bare.startswith("-"):
        reading.phrasings.append(Phrasing(plain(bare[1:].strip()), label, where))
    else:
        reading.problems.append(Problem(where, "The line does not begin with a dash.", bare[:200]))


def _listed(reading: Reading, example: yaml.Node, label: str, where: str) -> None:
    """Take one entry of a list of examples: a text, or a text with metadata."""
    if isinstance(example, yaml.ScalarNode):
        reading.phrasings.append(Phrasing(plain(_words(example).strip()), label, where))
        return
    fields = _fields(example)
    text = _words(fields.get("text")).strip()
    if not text:
        reading.problems.append(Problem(where, "The example has no text."))
        return
    metadata = _fields(fields.get("metadata"))
    text = (
        text[1:].strip()
        if isinstance(fields["text"], yaml.ScalarNode) and _is_dashed(fields["text"])
        else text
    )
    origin, source = _words(metadata.get(ORIGIN)), _words(metadata.get(SOURCE))
    reading.phrasings.append(Phrasing(plain(text), label, where, origin.strip().casefold(), source.strip()))


def _is_dashed(node: yaml.ScalarNode) -> bool:
    """Whether a text is written as a block with a dash, as Rasa's own examples with metadata are."""
    return node.style in ("|", ">") and node.value.lstrip().startswith("- ")


def _lines(node: yaml.ScalarNode) -> Iterator[tuple[int, str]]:
    """Yield the lines of a scalar with their numbers in the file; a block begins under its sign."""
    first = node.start_mark.line + (2 if node.style in ("|", ">") else 1)
    yield from enumerate(node.value.split("\n"), start=first)


def _fields(node: yaml.Node | None) -> dict[str, yaml.Node]:
    if not isinstance(node, yaml.MappingNode):
        return {}
    return {_words(key): value for key, value in node.value}


def _words(node: yaml.Node | None) -> str:
    return str(node.value) if isinstance(node, yaml.ScalarNode) else ""
