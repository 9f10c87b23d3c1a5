"""``benchmark map``: how long the audit's map takes, and how many queries, over many tickets.

The tickets come in by the services of the import and get their outcomes by the audit's rules; each is then
put into a category by its help desk's own type instead of being clustered, which the page does not notice.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from core.actors import Actor
from core.errors import Conflict
from core.models import User
from integrations.contracts import SourceRow
from supportadmin.benchmarks.imports import manage, numbered_tickets
from tickets.labelling import AI_ASSISTED
from tickets.models import Category, Classification, Cluster, Clustering, Ticket
from tickets.services import batch_apply, batch_create
from tickets.services.classifying import Budget, outcomes_update
from tickets.uploads import Upload

ACTOR = Actor.system("benchmark map")
CLUSTERS_EACH = 8  # of a category
TIMES = 7
DAY_SECONDS = 86_400


@dataclass(slots=True)
class _Tickets:
    """A source of so many tickets."""

    wanted: int
    name: str = "zendesk"

    def rows(self) -> Iterator[SourceRow]:
        for number, ticket in numbered_tickets(self.wanted):
            yield SourceRow(number, ticket=replace(ticket, external_id=str(number)))

    def count(self) -> int:
        return self.wanted


def measure(tickets: int) -> dict[str, Any]:
    """Do as ``measure_here`` in a database of its own, which is thrown away."""
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "result.json"
        manage(folder, "migrate", "--verbosity=0")
        manage(folder, "benchmark", "map", "--here", f"--tickets={tickets}", f"--json={result}")
        figures: dict[str, Any] = json.loads(result.read_text())
        return figures


def measure_here(tickets: int) -> dict[str, Any]:
    """Fill the database, open the page some times, and return what it took; refused where tickets are."""
    if Ticket.objects.exists() or User.objects.exists():
        raise Conflict("This database is in use. Measure without --here.", code="not_empty")
    _fill(tickets)
    browser = Client(SERVER_NAME="localhost")
    reader = User.objects.create_superuser("benchmark")
    browser.force_login(reader, backend="django.contrib.auth.backends.ModelBackend")
    address = reverse("audit-map")
    seconds = [_seconds(browser, address) for _ in range(TIMES)]
    with CaptureQueriesContext(connection) as captured:
        _seconds(browser, address)
    slowest = sorted(captured, key=lambda query: -float(query["time"]))[:3]
    return {
        "tickets": Ticket.objects.counting().count(),
        "categories": Category.objects.in_use().count(),
        "seconds": round(statistics.median(seconds), 3),
        "first_seconds": round(seconds[0], 3),
        "queries": len(captured),  # two of them find out who is asking
        "slowest_queries": [
            {"seconds": float(query["time"]), "sql": query["sql"][:120]} for query in slowest
        ],
    }


def _fill(tickets: int) -> None:
    upload = Upload("benchmark", "0" * 64, 0)
    batch = batch_create(actor=ACTOR, source="zendesk", upload=upload, now=datetime.now(UTC))
    batch_apply(actor=ACTOR, batch=batch, source=_Tickets(tickets), processes=2)
    outcomes_update(Budget.of(DAY_SECONDS))
    run = Clustering.objects.create(
        seed=1, encoder="none", tickets=tickets, mean=b"", least_similarity=0.0, made_by=ACTOR.label
    )
    kinds = Ticket.objects.order_by().values_list("kind", flat=True).distinct()
    for kind in list(kinds)[:-1]:  # one is left without a category
        category = Category.objects.create(
            name=kind or "Other", label=AI_ASSISTED, labelled_at=timezone.now()
        )
        clusters = Cluster.objects.bulk_create(
            Cluster(clustering=run, category=category, centroid=b"", size=0) for _ in range(CLUSTERS_EACH)
        )
        of_kind = Classification.objects.filter(ticket__kind=kind).order_by("pk").values_list("pk", flat=True)
        ids = list(of_kind)
        for place, cluster in enumerate(clusters):
            part = ids[place :: len(clusters)]
            for start in range(0, len(part), 500):
                Classification.objects.filter(pk__in=part[start : start + 500]).update(cluster=cluster)


def _seconds(browser: Client, address: str) -> float:
    started = time.perf_counter()
    response = browser.get(address, secure=True)
    if response.status_code != 200:
        raise RuntimeError(f"The map's page answered {response.status_code}.")
    return time.perf_counter() - started
