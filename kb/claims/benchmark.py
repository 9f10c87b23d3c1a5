"""``benchmark contradictions``: how often the comparison of claims agrees with people, on labelled pairs."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from core.errors import InvalidInput
from kb.claims import comparison
from kb.claims.comparison import Encode, conflicts

MAX_PAIRS = 100_000


def run(pairs: Path, encode: Encode) -> dict[str, Any]:
    """Compare each pair of a JSONL file ({"a", "b", "label": 0|1}) and return precision, recall and F1."""
    rows = _read(pairs)
    started = time.perf_counter()
    said = [bool(conflicts(row["a"], row["b"], encode)) for row in rows]
    seconds = time.perf_counter() - started
    right = sum(answer and row["label"] == 1 for answer, row in zip(said, rows, strict=True))
    wanted, claimed = sum(row["label"] == 1 for row in rows), sum(said)
    return {
        "precision": round(right / claimed, 4) if claimed else 0.0,
        "recall": round(right / wanted, 4) if wanted else 0.0,
        "f1": round(2 * right / (claimed + wanted), 4) if claimed + wanted else 0.0,
        "n_pairs": len(rows),
        "n_contradictions": wanted,
        "ms_per_pair": round(1_000 * seconds / len(rows), 2),
        "settings": {
            "likeness": comparison.LIKENESS,
            "strong_likeness": comparison.STRONG_LIKENESS,
            "overlap": comparison.OVERLAP,
            "strong_overlap": comparison.STRONG_OVERLAP,
        },
        "chosen_by": "the first half of tests/kb/contradiction_pairs.jsonl; one set for all data",
    }


def _read(path: Path) -> list[dict[str, Any]]:
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines()[:MAX_PAIRS], start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise InvalidInput(f"Line {number} is not JSON.", code="bad_pairs") from error
        if not isinstance(row, dict) or not all(isinstance(row.get(key), str) for key in ("a", "b")):
            raise InvalidInput(f'Line {number} needs the texts "a" and "b".', code="bad_pairs")
        if row.get("label") not in (0, 1):
            raise InvalidInput(f"Line {number} needs a label of 0 or 1.", code="bad_pairs")
        rows.append(row)
    if not rows:
        raise InvalidInput("The file holds no pairs.", code="bad_pairs")
    return rows
