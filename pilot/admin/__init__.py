"""Admin pages of pilots."""

from pilot.admin import simulation_conversations  # noqa: F401 - offers its button
from pilot.admin.corrections import CorrectionAdmin
from pilot.admin.drafts import DraftAdmin
from pilot.admin.pilots import PilotAdmin
from pilot.admin.replays import ReplayRunAdmin
from pilot.admin.reviews import ReviewAdmin
from pilot.admin.simulation_runs import SimulationRunAdmin
from pilot.admin.simulation_scenarios import ScenarioAdmin
from pilot.admin.simulation_suites import SuiteAdmin
from pilot.admin.weekly import WeeklyReviewAdmin

__all__ = [
    "CorrectionAdmin",
    "DraftAdmin",
    "PilotAdmin",
    "ReplayRunAdmin",
    "ReviewAdmin",
    "ScenarioAdmin",
    "SimulationRunAdmin",
    "SuiteAdmin",
    "WeeklyReviewAdmin",
]
