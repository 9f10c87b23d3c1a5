"""Admin pages of pilots."""

from pilot.admin.pilots import PilotAdmin

__all__ = ["PilotAdmin"]
