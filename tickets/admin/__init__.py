"""Admin pages of closed tickets: imports, and the tickets themselves."""

from tickets.admin.batches import ImportBatchAdmin
from tickets.admin.categories import CategoryAdmin
from tickets.admin.glossary import GlossaryTermAdmin
from tickets.admin.tickets import TicketAdmin

__all__ = ["CategoryAdmin", "GlossaryTermAdmin", "ImportBatchAdmin", "TicketAdmin"]
