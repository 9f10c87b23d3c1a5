"""``benchmark categories``: its figures, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from core.errors import InvalidInput
from supportadmin.benchmarks.categories import measure
from tests.tickets.audited import WordsEncoder


def written(folder: Path, rows: list[dict[str, str]]) -> Path:
    path = folder / "u.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


@pytest.mark.row("1.4")
def test_figures_are_those_of_the_clusters_and_k_is_not_given(tmp_path: Path) -> None:
    rows = [
        {"utterance": f"{topic} {topic} case {n}", "intent": topic}
        for topic in ("refund", "login", "export")
        for n in range(12)
    ]
    found = measure(written(tmp_path, rows), WordsEncoder())  # type: ignore[arg-type]
    assert (found["nmi"], found["ari"], found["accuracy"]) == (100.0, 100.0, 100.0)
    assert (found["n_clusters"], found["n_gold"], found["n_utterances"]) == (3, 3, 36)
    assert set(found) >= {"seconds", "settings", "chosen_by"}


@pytest.mark.parametrize(
    ("rows", "code"),
    [([{"utterance": "a"}], "bad_row"), ([], "too_few"), ([{"utterance": "a", "intent": "b"}], "too_few")],
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, rows: list[dict[str, str]], code: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        measure(written(tmp_path, rows), WordsEncoder())  # type: ignore[arg-type]
    assert refusal.value.code == code


def test_a_missing_file_is_refused_with_status_2(tmp_path: Path) -> None:
    with pytest.raises(CommandError) as refusal:
        call_command("benchmark", "categories", "--utterances", str(tmp_path / "none.jsonl"))
    assert refusal.value.returncode == 2
