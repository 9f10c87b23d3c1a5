"""Admin pages of pilots."""

from pilot.admin.replays import ReplayRunAdmin

__all__ = ["ReplayRunAdmin"]
