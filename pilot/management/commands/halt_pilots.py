"""Stop pilots at once, without a browser: `halt_pilots` stops all, `halt_pilots NAME` one."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.actors import Actor
from pilot import workflow
from pilot.models import Pilot
from pilot.services import pilot_halt


class Command(BaseCommand):
    """The kill switch for operators."""

    help = (
        "Stop pilots at once: from the next message on people have every conversation of theirs. Without a "
        "name all running pilots are stopped. Resume them on their page."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("names", nargs="*", metavar="NAME", help="a pilot's name; none: all that run")
        parser.add_argument("--reason", default="", help="kept with the signed move")

    def handle(self, *args: Any, **options: Any) -> None:
        pilots = Pilot.objects.order_by("pk")
        if options["names"]:
            pilots = pilots.filter(name__in=options["names"])
            missing = set(options["names"]) - set(pilots.values_list("name", flat=True))
            if missing:
                raise CommandError(f"There is no pilot “{sorted(missing)[0]}”; nothing was stopped.")
        running = list(pilots.filter(state=workflow.RUNNING).values_list("pk", "name"))
        for pk, name in running:
            pilot_halt(actor=Actor.system("halt_pilots"), pilot_id=pk, reason=options["reason"])
            self.stdout.write(f"Stopped: {name}.")
        if not running:
            self.stdout.write("No pilot runs.")
