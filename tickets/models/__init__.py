"""Rows of step 1, one module per idea."""

from tickets.models.imports import (
    ImportBatch,
    ImportRejection,
    RawText,
    Source,
    Ticket,
    TicketText,
)

__all__ = ["ImportBatch", "ImportRejection", "RawText", "Source", "Ticket", "TicketText"]
