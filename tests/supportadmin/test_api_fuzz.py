"""The API against its own OpenAPI document: requests that a generator makes up, on a running server."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Not asked for: that all that the document allows is taken (it cannot say "one of these fields", nor which
# numbers no database holds), nor that all it forbids is refused (0 is taken for false, 7 for "7").
LENIENT = "positive_data_acceptance,negative_data_rejection"


def fuzz(
    served: dict[str, Any], folder: Path, *, examples: int, seconds: int
) -> subprocess.CompletedProcess[str]:
    """Run all phases of schemathesis; at most ``seconds``."""
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        "run",
        str(ROOT / "docs" / "openapi.yaml"),
        f"--url={served['url']}",
        f"--header=Authorization: Api-Key {served['api_key']}",
        f"--max-examples={examples}",
        f"--max-time={seconds}",
        f"--exclude-checks={LENIENT}",
        "--generation-database=none",
        "--no-color",
    ]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.row("R12")
def test_a_few_hundred_made_up_requests_meet_no_bug_and_no_answer_outside_the_document(
    served: dict[str, Any], tmp_path: Path
) -> None:
    run = fuzz(served, tmp_path, examples=5, seconds=30)
    assert run.returncode == 0, run.stdout[-6000:]


@pytest.mark.soak
@pytest.mark.row("R12")
@pytest.mark.timeout(5400)
def test_fifty_thousand_made_up_requests_meet_no_bug_and_no_answer_outside_the_document(
    served: dict[str, Any], tmp_path: Path
) -> None:
    run = fuzz(served, tmp_path, examples=2_500, seconds=4_800)
    assert run.returncode == 0, run.stdout[-6000:]
