"""Labelled texts as the classifier sees them: loading, identity, and groups of near-duplicates.

Does not decide which examples may be trained on; the services of this app do.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from core.errors import InvalidInput

MAX_ROWS = 200_000
NEAR_DUPLICATE_JACCARD = 0.8  # shared words / all words: catches "please", a typo, a changed number
_WORD = re.compile(r"[^\W\d_]+|\d+")


class DatasetError(InvalidInput):
    """The labelled texts cannot be read or cannot be trained on."""

    code = "invalid_dataset"


@dataclass(frozen=True, slots=True)
class LabelledText:
    """One utterance and the name of its intent."""

    text: str
    label: str


@dataclass(frozen=True)
class Dataset:
    """Labelled texts in a fixed order; row i is (texts[i], labels[i])."""

    texts: tuple[str, ...]
    labels: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.texts) != len(self.labels):
            raise DatasetError("Each text needs exactly one label.")
        if len(self.texts) > MAX_ROWS:
            raise DatasetError(f"A data set may have at most {MAX_ROWS} rows.")

    @classmethod
    def from_rows(cls, rows: Iterable[LabelledText]) -> Dataset:
        """Build a data set from labelled texts, keeping their order."""
        rows = list(rows)
        return cls(tuple(r.text for r in rows), tuple(r.label for r in rows))

    @classmethod
    def from_csv(cls, path: Path | str) -> Dataset:
        """Read a UTF-8 CSV with the columns text and label; raise DatasetError naming the line."""
        return cls.from_rows(LabelledText(row["text"], row["label"].strip()) for row in _rows(path, "label"))

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def names(self) -> list[str]:
        """Return the distinct labels, sorted."""
        return sorted(set(self.labels))

    @property
    def counts(self) -> dict[str, int]:
        """Return the number of texts per label, sorted by label."""
        return dict(sorted(Counter(self.labels).items()))

    @property
    def fingerprint(self) -> str:
        """Return the sha256 of the rows as hex; the order of the rows does not matter."""
        rows = sorted(zip(self.texts, self.labels, strict=True))
        return hashlib.sha256(json.dumps(rows).encode()).hexdigest()

    def groups(self) -> np.ndarray:
        """Return a group number per row, (n,) int; near-duplicates of one label share a group.

        Two texts are near-duplicates when the Jaccard similarity of their word sets (case, punctuation and
        the values of numbers ignored) is at least NEAR_DUPLICATE_JACCARD; groups are the connected parts.
        """
        group_of = np.zeros(len(self), dtype=np.int64)
        labels = np.asarray(self.labels, dtype=object)
        next_group = 0
        for label in self.names:
            rows = np.flatnonzero(labels == label)
            count, parts = _near_duplicate_parts([self.texts[i] for i in rows])
            group_of[rows] = next_group + parts
            next_group += count
        return group_of


def load_texts(path: Path | str) -> list[str]:
    """Read the column text of a UTF-8 CSV; raise DatasetError naming the line."""
    return [row["text"] for row in _rows(path)]


def _rows(path: Path | str, *also_required: str) -> Iterable[dict[str, str]]:
    columns = ("text", *also_required)
    try:
        with Path(path).open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream, strict=True)
            missing = [c for c in columns if c not in (reader.fieldnames or [])]
            if missing:
                raise DatasetError(f"{path} has no column {' and no column '.join(missing)}.")
            count = 0
            for count, row in enumerate(reader, start=1):
                if count > MAX_ROWS:
                    raise DatasetError(f"{path} has more than {MAX_ROWS} rows.")
                for column in columns:
                    if not (row[column] or "").strip():
                        raise DatasetError(f"{path}, line {reader.line_num}: {column} is empty.")
                yield row
            if not count:
                raise DatasetError(f"{path} has no rows.")
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path} is not UTF-8 text.") from error
    except csv.Error as error:
        raise DatasetError(f"{path} is not a sound CSV file: {error}.") from error


def _near_duplicate_parts(texts: list[str]) -> tuple[int, np.ndarray]:
    """Return the number of groups and each text's group, comparing the sets of words."""
    vocabulary: dict[str, int] = {}
    columns, pointers = [], [0]
    for text in texts:
        words = {"0" if w.isdigit() else w for w in _WORD.findall(text.casefold())} or {text}
        columns += [vocabulary.setdefault(w, len(vocabulary)) for w in sorted(words)]
        pointers.append(len(columns))
    incidence = csr_matrix(
        (np.ones(len(columns), dtype=np.float32), columns, pointers), shape=(len(texts), len(vocabulary))
    )
    shared = (incidence @ incidence.T).tocoo()
    sizes = np.diff(pointers)
    jaccard = shared.data / (sizes[shared.row] + sizes[shared.col] - shared.data)
    near = jaccard >= NEAR_DUPLICATE_JACCARD
    graph = csr_matrix((near[near], (shared.row[near], shared.col[near])), shape=shared.shape)
    count, parts = connected_components(graph, directed=False)
    return int(count), parts
