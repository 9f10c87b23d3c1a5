"""Phrasings of a Dialogflow export, ES or CX, by its files. Pure.

ES: intents/<Name>.json and intents/<Name>_usersays_<language>.json, whose parts are joined. CX:
intents/<Name>/<Name>.json and intents/<Name>/trainingPhrases/<language>.json. Fallback intents, templates and
files of other kinds are counted as left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any

from core.errors import InvalidInput
from integrations.archives import File
from intents.exchange.contracts import Phrasing, Problem, Reading
from intents.exchange.texts import decoded

USERSAYS = re.compile(r"(?P<name>.+)_usersays_(?P<language>[A-Za-z-]+)")
PHRASES_FOLDER = "trainingPhrases"


def read_dialogflow(found: Iterable[File]) -> Reading:
    """Return the phrasings of an export's files."""
    reading = Reading()
    definitions: dict[str, Any] = {}
    phrases: list[tuple[str, File]] = []
    for file in found:
        if file.problem:
            reading.problems.append(Problem(file.name, file.problem))
            continue
        parts = PurePosixPath(file.name.replace("\\", "/")).parts
        if "intents" not in parts:
            reading.ignored[_kind_of(parts)] += 1
            continue
        inside = parts[parts.index("intents") + 1 :]
        match = USERSAYS.fullmatch(file.stem)
        if len(inside) == 1 and match:
            phrases.append((match["name"], file))
        elif len(inside) == 3 and inside[1] == PHRASES_FOLDER:
            phrases.append((inside[0], file))
        elif len(inside) in (1, 2):
            definitions[inside[0] if len(inside) == 2 else file.stem] = _json(reading, file)
        else:
            reading.ignored["other files of intents"] += 1
    for name, file in phrases:
        _take(reading, definitions.get(name), name, file)
    return reading


def _take(reading: Reading, definition: Any, name: str, file: File) -> None:
    """Take the phrases of one intent, of one language."""
    definition = definition if isinstance(definition, dict) else {}
    if definition.get("fallbackIntent") or definition.get("isFallback"):
        reading.ignored["fallback intents"] += 1
        return
    label = str(definition.get("displayName") or definition.get("name") or name)
    content = _json(reading, file)
    if content is None:
        return
    rows = content.get(PHRASES_FOLDER) if isinstance(content, dict) else content
    if not isinstance(rows, list):
        reading.problems.append(Problem(file.name, "There is no list of training phrases in it."))
        return
    for number, row in enumerate(rows, start=1):
        where = f"{file.name}, phrase {number}"
        if isinstance(row, dict) and row.get("isTemplate"):
            reading.ignored["template phrases"] += 1
            continue
        text = _joined(row)
        if text is None:
            reading.problems.append(Problem(where, "The phrase has no parts with text."))
        else:
            reading.phrasings.append(Phrasing(text, label, where))


def _joined(row: Any) -> str | None:
    """Return the parts of a phrase as one text; None where it is not of that shape."""
    parts = row.get("parts", row.get("data")) if isinstance(row, dict) else None
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        return None
    texts = [part.get("text", "") for part in parts]
    return "".join(texts).strip() if texts and all(isinstance(text, str) for text in texts) else None


def _json(reading: Reading, file: File) -> Any:
    """Return the content of a JSON file; None, and a problem with its line, where it is not sound."""
    try:
        return json.loads(decoded(file.data, file.name))
    except InvalidInput as refusal:
        reading.problems.append(Problem(file.name, refusal.message))
    except json.JSONDecodeError as error:
        where = f"{file.name}, line {error.lineno}"
        reading.problems.append(Problem(where, f"This is not sound JSON ({error.msg})."))
    except RecursionError:
        reading.problems.append(Problem(file.name, "The file is nested too deeply."))
    return None


def _kind_of(parts: tuple[str, ...]) -> str:
    """Return what a file is that holds no phrasings, as its folder says."""
    return f"files under {parts[-2][:60]}" if len(parts) > 1 else f"file {parts[-1][:60]}"
