"""Measure what reads danger in a customer's words: shipped detector, lists and thresholds, as in turns.

``anger`` takes texts labelled 0 or 1; ``triggers`` takes texts with the triggers that should fire, each
message by itself as the first of a conversation. Both run the default settings of the rules.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sklearn.metrics import roc_auc_score

from core.errors import InvalidInput
from escalation.contracts import Rule, TurnFacts
from escalation.firing import evidence_of
from escalation.sensing import Senses, sense_with
from escalation.triggers import ANGER, BILLING_DISPUTE, HARD, HUMAN_REQUEST, LEGAL, TRIGGERS

MEASURED = (LEGAL, BILLING_DISPUTE, HUMAN_REQUEST, ANGER)
MAX_TEXT_CHARACTERS = 4_000  # of a turn


def anger(path: Path, senses: Senses) -> dict[str, Any]:
    """Return AUC, and precision, recall and F1 at the default threshold, of a CSV: text,label (0 or 1)."""
    texts, labels = _read_csv(path)
    scores = [_facts(text, senses).sign(ANGER).score for text in texts]
    threshold = float(TRIGGERS[ANGER].defaults["minimum_anger"])
    fired = [score >= threshold for score in scores]
    both = len(set(labels)) == 2
    return {
        "auc": round(float(roc_auc_score(labels, scores)), 4) if both else None,
        **_figures(fired, labels),
        "threshold": threshold,
        "n": len(texts),
        "n_angry": sum(labels),
    }


def triggers(path: Path, senses: Senses) -> dict[str, Any]:
    """Return precision, recall and F1 of each trigger on JSONL of {"text", "triggers": [...]}."""
    rows = list(_read_jsonl(path))
    fired = [_fired(text, senses) for text, _ in rows]
    result: dict[str, Any] = {"n": len(rows)}
    for name in MEASURED:
        wanted = [name in expected for _, expected in rows]
        result[name] = {**_figures([name in found for found in fired], wanted), "n": sum(wanted)}
    return result


def _fired(text: str, senses: Senses) -> set[str]:
    facts = _facts(text, senses)
    rules = (Rule(0, 1, name, HARD, name, 0) for name in MEASURED)
    return {rule.trigger for rule in rules if evidence_of(rule, facts) is not None}


def _facts(text: str, senses: Senses) -> TurnFacts:
    text = text[:MAX_TEXT_CHARACTERS]
    sensed = sense_with(senses, text)
    return TurnFacts(text=text, signs=sensed.signs, amounts=sensed.amounts)


def _figures(fired: list[bool], wanted: list[bool]) -> Mapping[str, float | None]:
    """Return precision, recall and F1; None where there is nothing to divide by."""
    hits = sum(f and w for f, w in zip(fired, wanted, strict=True))
    precision = hits / sum(fired) if any(fired) else None
    recall = hits / sum(wanted) if any(wanted) else None
    f1 = 2 * hits / (sum(fired) + sum(wanted)) if any(fired) or any(wanted) else None
    figures = {"precision": precision, "recall": recall, "f1": f1}
    return {name: None if value is None else round(value, 4) for name, value in figures.items()}


def _read_csv(path: Path) -> tuple[list[str], list[bool]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    if not rows or not {"text", "label"} <= set(rows[0]):
        raise InvalidInput(f"{path} needs the columns text and label.", code="bad_file")
    return [row["text"] or "" for row in rows], [_line(path, n, row, _label) for n, row in enumerate(rows, 2)]


def _read_jsonl(path: Path) -> Iterator[tuple[str, set[str]]]:
    with path.open(encoding="utf-8") as stream:
        for number, line in enumerate(stream, 1):
            if line.strip():
                yield _line(path, number, line, _labelled)


def _line(path: Path, number: int, content: Any, read: Callable[[Any], Any]) -> Any:
    try:
        return read(content)
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInput(f"{path}, line {number}: {error}", code="bad_file") from error


def _label(row: Mapping[str, str]) -> bool:
    if row["label"].strip() not in ("0", "1"):
        raise ValueError(f"the label is 0 or 1, not {row['label']!r}")
    return row["label"].strip() == "1"


def _labelled(line: str) -> tuple[str, set[str]]:
    row = json.loads(line)
    unknown = set(row["triggers"]) - set(MEASURED)
    if unknown or not isinstance(row["text"], str):
        raise ValueError(f"triggers are among {', '.join(MEASURED)}; text is a string")
    return row["text"], set(row["triggers"])
