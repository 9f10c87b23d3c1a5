"""The JSON of a help centre's API → article records, and what stands beside them (sections, folders …). Pure.

Understood are pages ({"articles": […]}), plain lists and JSON lines. In a damaged file one bad record costs
one row, as far as the rest can be read.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from core.api import strict_json
from integrations.archives import File
from integrations.json_records import json_records
from integrations.packed import ByteSource
from integrations.streams import TextStream

BESIDE = ("sections", "categories", "user_segments", "folders")
MAX_VALUES = 200_000  # in one record
MAX_PAGES_DEEP = 2  # a list of pages of articles


@dataclass(frozen=True, slots=True)
class Found:
    """One record by the place where it stands, or why it cannot be read."""

    where: str
    value: Any = None
    problem: str = ""


@dataclass(slots=True)
class Pages:
    """All records of an import; ``beside`` are the other objects by kind and id."""

    records: list[Found] = field(default_factory=list)
    beside: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    def one(self, kind: str, key: object) -> dict[str, Any]:
        """Return an object beside the articles, an empty one where it is not there."""
        return self.beside.get((kind, str(key)), {})

    def take(self, file: File) -> None:
        """Add what a file holds; every article of it becomes one record."""
        if file.problem:
            self.records.append(Found(file.name, problem=file.problem))
            return
        try:
            value = json.loads(file.data)
        except (ValueError, RecursionError):
            self._recover(file)
            return
        if isinstance(value, list) and file.stem in BESIDE:
            value = {file.stem: value}
        before = len(self.records)
        self._document(file.name, value, MAX_PAGES_DEEP)
        for number, found in enumerate(self.records[before:], start=1):
            where = f"{file.name} #{number}" if len(self.records) - before > 1 else file.name
            self.records[before + number - 1] = Found(where, found.value, _problem(found.value))

    def _document(self, where: str, value: Any, deep: int) -> None:
        if isinstance(value, dict) and not is_article(value):
            if self._is_page(value):
                articles = value.get("articles")
                if articles is not None:
                    items = articles if isinstance(articles, list) else [articles]
                    self.records.extend(Found(where, item) for item in items)
            else:
                self.records.append(Found(where, value))
        elif isinstance(value, list) and deep:
            for item in value:
                self._document(where, item, deep - 1)
        else:
            self.records.append(Found(where, value))

    def _is_page(self, value: dict[str, Any]) -> bool:
        """Keep what stands beside the articles; tell whether this is a page of either."""
        kinds = [kind for kind in BESIDE if isinstance(value.get(kind), list)]
        for kind in kinds:
            for item in value[kind]:
                is_one = isinstance(item, dict) and isinstance(item.get("id"), str | int)
                if is_one and not _problem(item):
                    self.beside[kind, str(item["id"])] = item
        return bool(kinds) or "articles" in value

    def _recover(self, file: File) -> None:
        found = False
        for record in _records(file.data):
            where = f"{file.name}, line {record.line}"
            found = True
            if record.rejection is not None:
                self.records.append(Found(where, problem=record.rejection.message))
            else:
                self._document(where, record.value, MAX_PAGES_DEEP)
        if not found:
            self.records.append(Found(file.name, problem="The file holds no JSON."))


def is_article(value: Any) -> bool:
    """Tell an article from a page, a section or a folder, by its fields."""
    return isinstance(value, dict) and bool({"body", "description", "title"} & value.keys())


def _problem(value: Any) -> str:
    """Return why no database takes a record, or nothing."""
    try:
        strict_json.check(value, max_values=MAX_VALUES)
    except strict_json.BadJson as error:
        return str(error)
    return ""


def _records(data: bytes) -> Iterator[Any]:
    stream = TextStream(ByteSource(io.BytesIO(data)))
    return json_records(stream, keys=("articles",), is_record=is_article)
