"""Pilots with their signed moves, drafts with their reviews, corrections."""

from pilot.models.corrections import Correction
from pilot.models.drafts import Draft, Review
from pilot.models.pilots import Pilot, StageMove
from pilot.models.replay import FrozenCase, FrozenJudgement, ReplayResult, ReplayRun

__all__ = [
    "Correction",
    "Draft",
    "FrozenCase",
    "FrozenJudgement",
    "Pilot",
    "ReplayResult",
    "ReplayRun",
    "Review",
    "StageMove",
]
