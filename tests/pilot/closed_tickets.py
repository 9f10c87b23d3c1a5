"""Closed tickets for tests of replays, as an import would have left them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from intents.models import DatasetSnapshot, ModelVersion, Release
from tickets.models import Category, Classification, Cluster, Clustering, ImportBatch, Ticket, TicketText

MONDAY = datetime.fromisoformat("2026-03-02T09:00:00+00:00")
REPLY = "Here is how people answered."


def version_made(number: int = 5, rows: list[Any] | None = None) -> ModelVersion:
    """Make a ready version and release it; made-up engines answer in its place."""
    snapshot = DatasetSnapshot.objects.create(
        sha256=f"{number:064}", rows=rows or [], label_names={}, counts={}
    )
    DatasetSnapshot.objects.filter(pk=snapshot.pk).update(created_at=MONDAY + timedelta(hours=2))
    version = ModelVersion.objects.create(
        number=number, snapshot=snapshot, state="ready", artefact_sha256="ab" * 32, artefact_name="x.skops"
    )
    Release.objects.create(number=number, model_version=version)
    return version


def batch_of_tickets() -> ImportBatch:
    found = ImportBatch.objects.filter(file_name="t.csv").first()
    now = timezone.now()
    window = {"window_start": now - timedelta(days=900), "window_end": now}
    return found or ImportBatch.objects.create(source="csv", state="failed", file_name="t.csv", **window)


def closed_ticket(
    number: int,
    text: str = "How do I export my data?",
    *,
    at: datetime = MONDAY,
    channel: str = "email",
    outcome: str = "not_escalated",
    category: Category | None = None,
    later: str = "",
) -> Ticket:
    """Make a closed ticket: the customer's words, a person's reply an hour later, and ``later`` words."""
    batch = batch_of_tickets()
    ticket = Ticket.objects.create(
        source="csv",
        external_id=str(number),
        content_hash="",
        status="closed",
        channel=channel,
        created_at=at,
        updated_at=at,
        closed_at=at + timedelta(days=1),
        first_batch=batch,
        last_batch=batch,
    )
    said: list[dict[str, Any]] = [
        {"author": "customer", "at": at.isoformat(), "is_public": True, "text": text},
        {"author": "agent", "at": at.isoformat(), "is_public": False, "text": "An inner note."},
        {"author": "agent", "at": (at + timedelta(hours=1)).isoformat(), "is_public": True, "text": REPLY},
    ]
    if later:
        at_later = (at + timedelta(hours=2)).isoformat()
        said.append({"author": "customer", "at": at_later, "is_public": True, "text": later})
    TicketText.objects.create(ticket=ticket, pipeline_version="1", conversation=said, customer_words=text)
    cluster = cluster_of(category) if category else None
    Classification.objects.create(ticket=ticket, escalation_outcome=outcome, rules_version=1, cluster=cluster)
    return ticket


def cluster_of(category: Category) -> Cluster:
    found = Cluster.objects.filter(category=category).first()
    if found is not None:
        return found
    clustering = Clustering.objects.create(
        seed=1, encoder="test", tickets=1, mean=b"", least_similarity=0.1, made_by="test"
    )
    return Cluster.objects.create(clustering=clustering, category=category, centroid=b"", size=1)
