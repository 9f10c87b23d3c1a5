"""``migrate``, ``import FILE`` or ``sum`` in a process of its own, which a test can kill."""

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
    from tests.tickets.builders import stored  # noqa: PLC0415 - models are there after setup only
    from tickets.models import ImportBatch  # noqa: PLC0415

    counters = ("state", "rows_in", "created", "updated", "unchanged", "rejected", "outside_window")
    content = [stored(), list(ImportBatch.objects.values(*counters))]
    sys.stdout.write(hashlib.sha256(repr(content).encode()).hexdigest())


if __name__ == "__main__":
    main()
