"""Rows of step 1, one module per idea."""

from tickets.models.categories import (
    Category,
    CategoryChange,
    Classification,
    Cluster,
    Clustering,
    TicketVector,
)
from tickets.models.glossary import GlossaryTerm
from tickets.models.imports import (
    ImportBatch,
    ImportRejection,
    RawText,
    Source,
    Ticket,
    TicketText,
)
from tickets.models.reports import AuditReport, Baseline, BaselineRow

__all__ = [
    "AuditReport",
    "Baseline",
    "BaselineRow",
    "Category",
    "CategoryChange",
    "Classification",
    "Cluster",
    "Clustering",
    "GlossaryTerm",
    "ImportBatch",
    "ImportRejection",
    "RawText",
    "Source",
    "Ticket",
    "TicketText",
    "TicketVector",
]
