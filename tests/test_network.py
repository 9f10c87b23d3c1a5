"""The suite runs with the network off; this shows that the guard in conftest is awake."""

from __future__ import annotations

import socket

import pytest


@pytest.mark.row("7.7")
def test_no_test_can_leave_this_machine() -> None:
    with socket.socket() as stranger, pytest.raises(AssertionError, match="nothing may leave this machine"):
        stranger.connect(("192.0.2.1", 80))
