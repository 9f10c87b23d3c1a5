"""``benchmark import`` and ``benchmark map``: their figures on few tickets, and the long ones' limits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from core.models import User

ROOT = Path(__file__).resolve().parents[2]
MOST_PEAK_MB = 512
SIGNING_IN = 2  # queries for the session and its user
MOST_QUERIES = 10 + SIGNING_IN


def benchmark(folder: Path, *words: str) -> dict[str, Any]:
    """Run a benchmark in a process whose children are its own; return its figures."""
    result = folder / "result.json"
    environment = {k: v for k, v in os.environ.items() if k != "DATABASE_URL"}
    subprocess.run(
        [sys.executable, "manage.py", "benchmark", *words, "--json", str(result)],
        cwd=ROOT,
        env={**environment, "DATA_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "supportadmin.settings"},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return json.loads(result.read_text())


@pytest.mark.row("R29", "1.2")
@pytest.mark.timeout(120)
def test_the_import_is_measured_and_every_row_is_accounted_for(tmp_path: Path) -> None:
    found = benchmark(tmp_path, "import", "--rows", "300", "--form", "csv")
    assert (found["rows_in"], found["created"] + found["outside_window"]) == (300, 300)
    assert (found["rejected"], found["peak_mb"] > 0, found["rows_per_second"] > 0) == (0, True, True)


@pytest.mark.row("R29", "1.13")
@pytest.mark.timeout(120)
def test_the_map_is_measured_and_takes_at_most_ten_queries_of_its_own(tmp_path: Path) -> None:
    found = benchmark(tmp_path, "map", "--tickets", "300")
    assert found["queries"] <= MOST_QUERIES
    assert (250 < found["tickets"] <= 300, found["categories"] >= 10, found["seconds"] > 0) == (True,) * 3


@pytest.mark.django_db
def test_the_map_is_not_measured_in_a_database_that_is_in_use() -> None:
    User.objects.create_user("kim")
    with pytest.raises(CommandError) as refusal:
        call_command("benchmark", "map", "--here")
    assert (refusal.value.returncode, User.objects.count()) == (2, 1)


@pytest.mark.soak
@pytest.mark.row("R29")
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("form", ["zendesk", "csv"])
def test_a_million_rows_come_in_within_512_mb(tmp_path: Path, form: str, capsys: Any) -> None:
    found = benchmark(tmp_path, "import", "--rows", "1000000", "--form", form)
    with capsys.disabled():
        sys.stdout.write(f"\n{form}: {found['rows_per_second']} rows/s, peak {found['peak_mb']} MB\n")
    assert (found["rows_in"], found["rejected"]) == (1_000_000, 0)
    assert found["peak_mb"] <= MOST_PEAK_MB


@pytest.mark.soak
@pytest.mark.row("R29")
@pytest.mark.timeout(1200)
def test_the_map_of_100_000_tickets_takes_at_most_a_second(tmp_path: Path, capsys: Any) -> None:
    found = benchmark(tmp_path, "map", "--tickets", "100000")
    with capsys.disabled():
        sys.stdout.write(f"\n{found}\n")
    assert (found["seconds"] <= 1, found["queries"] <= MOST_QUERIES) == (True, True)
