"""The demo's suite of scripted conversations, played once, so that its pages show a run."""

from __future__ import annotations

from core.actors import Actor
from pilot.models import Scenario, Suite
from pilot.simulations.reading import scripts_read
from pilot.simulations.running import simulation_run, simulation_start
from pilot.simulations.suites import scenarios_keep, suite_create
from supportadmin.demo.content import FOLDER


def simulations_add(lead: Actor) -> str:
    """Add the suite and play it, unless it is there; return passed of played."""
    read = scripts_read((FOLDER / "simulations.yaml").read_text(encoding="utf-8"))
    suite = Suite.objects.filter(name=read.suite).first() or suite_create(
        actor=lead, name=read.suite, description="What must hold whatever is changed."
    )
    scripts = [script for _, script in read.scripts]
    scenarios_keep(actor=lead, suite=suite, scripts=scripts, source=Scenario.Source.WRITTEN)
    run = suite.runs.order_by("-pk").first() or simulation_run(
        simulation_start(actor=lead, suite=suite, here=True)
    )
    return f"{run.passed} of {run.total}"
