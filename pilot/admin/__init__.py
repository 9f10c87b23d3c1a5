"""Admin pages of pilots."""

from pilot.admin.weekly import WeeklyReviewAdmin

__all__ = ["WeeklyReviewAdmin"]
