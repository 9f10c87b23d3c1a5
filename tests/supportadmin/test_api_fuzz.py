"""The API against its own OpenAPI document: requests that a generator makes up, on a running server."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Not asked for: that all that the document allows is taken (it cannot say "one of these fields", nor which
# numbers no database holds), nor that all it forbids is refused (0 is taken for false, 7 for "7").
LENIENT = "positive_data_acceptance,negative_data_rejection"


# The web server itself refuses an address of more than 8,190 bytes, before any of our code sees it.
TOO_LONG_ADDRESS = "Received: 414"
FINDING = re.compile(r"^- ST\d+ .*?(?=^- ST\d+ |^\d+\. Test Case ID|^={10,}|\Z)", re.DOTALL | re.MULTILINE)


def findings(served: dict[str, Any], folder: Path, *options: str) -> list[str]:
    """Run all phases of schemathesis; return what it found, each with how to repeat it."""
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        "run",
        str(ROOT / "docs" / "openapi.yaml"),
        f"--url={served['url']}",
        f"--header=Authorization: Api-Key {served['api_key']}",
        f"--exclude-checks={LENIENT}",
        "--generation-database=none",
        "--no-color",
        *options,
    ]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    found = FINDING.findall(run.stdout)
    assert run.returncode == 0 or found, run.stdout[-6000:] + run.stderr[-2000:]
    return [finding[:3000] for finding in found if TOO_LONG_ADDRESS not in finding]


@pytest.mark.row("R12")
def test_a_few_hundred_made_up_requests_meet_no_bug_and_no_answer_outside_the_document(
    served: dict[str, Any], tmp_path: Path
) -> None:
    assert findings(served, tmp_path, "--max-examples=5", "--max-time=30", "--seed=1") == []


@pytest.mark.soak
@pytest.mark.row("R12")
@pytest.mark.timeout(5400)
def test_fifty_thousand_made_up_requests_meet_no_bug_and_no_answer_outside_the_document(
    served: dict[str, Any], tmp_path: Path
) -> None:
    assert findings(served, tmp_path, "--max-examples=2500", "--max-time=4800") == []
