"""``migrate``, ``import``, ``pull``, ``count`` or ``sum`` in a process of its own, which a test can kill."""

from __future__ import annotations

import hashlib
import sys

import django
from django.core.management import call_command


def main() -> None:
    django.setup()
    if sys.argv[1] == "migrate":
        call_command("migrate", verbosity=0)
        return
    if sys.argv[1] == "import":
        call_command("import_tickets", sys.argv[2], source="csv", verbosity=0)
        return
    if sys.argv[1] == "pull":
        call_command("pull_tickets", source="zendesk", url=sys.argv[2], days=3000, verbosity=0)
        return
    if sys.argv[1] == "count":
        from tickets.models import ImportBatch, Ticket  # noqa: PLC0415

        batch = ImportBatch.objects.get()
        adds_up = batch.rows_in == batch.created + batch.updated + batch.unchanged
        sys.stdout.write(f"{Ticket.objects.count()} {batch.state} {adds_up}")
        return
    from tests.tickets.builders import stored  # noqa: PLC0415 - models are there after setup only
    from tickets.models import ImportBatch  # noqa: PLC0415

    counters = ("state", "rows_in", "created", "updated", "unchanged", "rejected", "outside_window")
    content = [stored(), list(ImportBatch.objects.values(*counters))]
    sys.stdout.write(hashlib.sha256(repr(content).encode()).hexdigest())


if __name__ == "__main__":
    main()
