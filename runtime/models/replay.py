"""What the agent would have known of a closed ticket, kept for back-tests."""

from __future__ import annotations

from django.db import models


class TicketFacts(models.Model):
    """The facts of one ticket's opening message, without its words; one row a ticket, gone with it.

    ``versions`` names the release, index and detectors that they come from; ``text_sha256`` the words.
    """

    ticket = models.OneToOneField(
        "tickets.Ticket", on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    facts = models.JSONField()
    text_sha256 = models.CharField(max_length=64)
    versions = models.CharField(max_length=150, db_index=True)
    read_at = models.DateTimeField(auto_now=True, db_index=True)

    def __str__(self) -> str:
        return f"facts of ticket {self.ticket_id}"
