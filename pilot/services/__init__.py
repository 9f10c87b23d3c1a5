"""What changes pilots. One module a concern; names are offered here."""

from pilot.services.definitions import pilot_change, pilot_create
from pilot.services.returning import pilot_back
from pilot.services.stages import pilot_end, pilot_forward, pilot_share, pilot_start
from pilot.services.switch import pilot_halt, pilot_resume

__all__ = [
    "pilot_back",
    "pilot_change",
    "pilot_create",
    "pilot_end",
    "pilot_forward",
    "pilot_halt",
    "pilot_resume",
    "pilot_share",
    "pilot_start",
]
