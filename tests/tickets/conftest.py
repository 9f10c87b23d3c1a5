"""What the tests of tickets share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def upload_dir(settings: Any, tmp_path: Path) -> Path:
    """Return an empty folder of uploads."""
    settings.UPLOAD_DIR = tmp_path / "uploads"
    return settings.UPLOAD_DIR
