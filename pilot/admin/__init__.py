"""Admin pages of pilots."""

from pilot.admin.drafts import DraftAdmin
from pilot.admin.reviews import ReviewAdmin

__all__ = ["DraftAdmin", "ReviewAdmin"]
