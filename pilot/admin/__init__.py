"""Admin pages of pilots."""

from pilot.admin.corrections import CorrectionAdmin

__all__ = ["CorrectionAdmin"]
