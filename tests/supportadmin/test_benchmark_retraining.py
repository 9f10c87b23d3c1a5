"""The benchmark of classifying while another process trains."""

from __future__ import annotations

import csv
from pathlib import Path

from supportadmin.benchmarks import retraining
from tests.intents.phrases import PHRASES


def test_it_trains_in_another_process_and_classifies_meanwhile(
    tmp_path: Path,
) -> None:
    rows = [(text, intent) for intent, texts in PHRASES.items() for text in texts]
    train, test = tmp_path / "train.csv", tmp_path / "test.csv"
    for path in (train, test):
        with path.open("w", newline="") as stream:
            csv.writer(stream).writerows([("text", "label"), *rows])
    found = retraining.measure(train, test, "", alone_seconds=0.2)
    assert found["train_seconds"] > 0
    assert found["n_meanwhile"] > 0
    assert found["p95_ms_meanwhile"] >= found["p50_ms_meanwhile"] > 0
