"""Admin pages of pilots."""

from pilot.admin import simulation_conversations  # noqa: F401 - offers its button
from pilot.admin.simulation_runs import SimulationRunAdmin
from pilot.admin.simulation_scenarios import ScenarioAdmin
from pilot.admin.simulation_suites import SuiteAdmin

__all__ = ["ScenarioAdmin", "SimulationRunAdmin", "SuiteAdmin"]
