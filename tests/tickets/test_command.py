"""``manage.py import_tickets``: exit status, JSON, and going on after kill -9."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from tests.tickets.builders import SYSTEM, csv_of
from tickets import workflow
from tickets.models import ImportBatch, Ticket
from tickets.services import batch_stop

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]


def written(folder: Path, lines: list[dict[str, Any]]) -> Path:
    path = folder / "closed.csv"
    path.write_text(csv_of(lines))
    return path


def run(path: Path, *options: str) -> tuple[int, dict[str, Any]]:
    """Run the command; return its exit status and what it wrote as JSON."""
    out = path.with_suffix(".result")
    try:
        call_command(
            "import_tickets", str(path), "--source", "csv", "--json", str(out), *options, verbosity=0
        )
        status = 0
    except SystemExit as end:
        status = int(end.code or 0)
    return status, json.loads(out.read_text()) if out.exists() else {}


@pytest.mark.row("1.1", "1.2")
def test_the_exit_status_says_done_rejected_or_refused(tmp_path: Path) -> None:
    status, result = run(written(tmp_path, [{"id": "1", "days_ago": 89}, {"id": "2", "days_ago": 91}]))
    assert (status, result["created"], result["outside_window"], result["state"]) == (0, 1, 1, "done")
    status, result = run(written(tmp_path, [{"id": "1", "days_ago": 89}, {"reject": "No id."}]))
    assert (status, result["rejected"]) == (1, 1)
    assert result["rejections"] == [{"line": 3, "code": "missing_id", "message": "The row has no id."}]
    assert run(tmp_path / "none.csv") == (2, {})
    (tmp_path / "closed.csv").write_text("{nonsense")
    (tmp_path / "closed.result").unlink()
    assert run(tmp_path / "closed.csv") == (2, {})
    assert Ticket.objects.count() == 1


@pytest.mark.row("1.1")
def test_the_window_can_be_wider(tmp_path: Path) -> None:
    path = written(tmp_path, [{"id": "1", "days_ago": 91}, {"id": "2", "days_ago": 181}])
    status, result = run(path, "--window-days", "180")
    assert (status, result["created"], result["window_days"]) == (0, 1, 180)
    assert run(path, "--window-days", "0")[0] == 2


@pytest.mark.parametrize("mapping", ["[]", "{", '"x"'])
def test_a_mapping_that_is_no_object_is_refused_with_nothing_written(tmp_path: Path, mapping: str) -> None:
    (tmp_path / "m.json").write_text(mapping)
    path = written(tmp_path, [{"id": "1", "days_ago": 1}])
    assert run(path, "--mapping", str(tmp_path / "m.json"))[0] == 2
    assert ImportBatch.objects.count() == 0


def test_an_import_that_was_stopped_goes_on_when_the_command_is_run_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, [{"id": str(n), "days_ago": n} for n in range(1, 8)])
    monkeypatch.setattr(workflow, "CHUNK_ROWS", 3)
    with monkeypatch.context() as patch:
        patch.setattr(
            "tickets.management.commands.import_tickets.Command._progress",
            lambda self, done, total, message: batch_stop(actor=SYSTEM, batch=ImportBatch.objects.get()),
        )
        assert run(path)[0] == 2
    assert ImportBatch.objects.get().rows_in == 3
    status, result = run(path)
    assert (status, result["rows_in"], result["created"]) == (0, 7, 7)
    assert ImportBatch.objects.count() == 1


@pytest.mark.row("R17")
@pytest.mark.timeout(300)
def test_after_kill_9_the_command_goes_on_and_stores_what_an_undisturbed_one_does(tmp_path: Path) -> None:
    base = timezone.now() - timedelta(hours=1)
    days = [(n, (base - timedelta(days=n % 100)).isoformat()) for n in range(6000)]
    lines = [{"id": str(n % 5900), "closed_at": closed_at} for n, closed_at in days]
    path = written(tmp_path, [*lines, {"reject": "No id."}])
    assert manage(tmp_path / "a", "migrate", path).wait() == 0
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    assert manage(tmp_path / "a", "import", path).wait() == 1
    for position in (1, 501, 2_500):
        process = manage(tmp_path / "b", "import", path)
        wait_for_row(tmp_path / "b" / "db.sqlite3", position, process)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    assert manage(tmp_path / "b", "import", path).wait() == 1
    sums = [manage(tmp_path / name, "sum", path).communicate()[0] for name in ("a", "b")]
    assert sums[0] == sums[1] != b""


def wait_for_row(database: Path, position: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until the import in the other process has stored its rows up to a position."""
    while process.poll() is None:
        with closing(sqlite3.connect(database)) as connection:
            found = connection.execute("SELECT rows_in FROM tickets_importbatch").fetchone()
        if found and found[0] >= position:
            return
        time.sleep(0.005)


def manage(data_dir: Path, verb: str, path: Path) -> subprocess.Popen[bytes]:
    """Start a process of its own on a database of its own."""
    data_dir.mkdir(exist_ok=True)
    environment = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "DJANGO_SETTINGS_MODULE")}
    return subprocess.Popen(
        [sys.executable, "-m", "tests.tickets.in_a_process", verb, str(path)],
        cwd=ROOT,
        env={**environment, "DATA_DIR": str(data_dir), "DJANGO_SETTINGS_MODULE": "supportadmin.settings"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
