"""Admin pages of pilots."""

from pilot.admin.corrections import CorrectionAdmin
from pilot.admin.drafts import DraftAdmin
from pilot.admin.pilots import PilotAdmin
from pilot.admin.reviews import ReviewAdmin
from pilot.admin.weekly import WeeklyReviewAdmin

__all__ = [
    "CorrectionAdmin",
    "DraftAdmin",
    "PilotAdmin",
    "ReviewAdmin",
    "WeeklyReviewAdmin",
]
