"""Pilots with their signed moves, drafts with their reviews, corrections."""

from pilot.models.collected import CollectedReview
from pilot.models.corrections import Correction
from pilot.models.drafts import Draft, Review
from pilot.models.pilots import Pilot, StageMove
from pilot.models.weekly import WeeklyReview

__all__ = [
    "CollectedReview",
    "Correction",
    "Draft",
    "Pilot",
    "Review",
    "StageMove",
    "WeeklyReview",
]
