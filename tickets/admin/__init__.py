"""Admin pages of closed tickets: imports, and the tickets themselves."""

from tickets.admin.batches import ImportBatchAdmin
from tickets.admin.categories import CategoryAdmin
from tickets.admin.tickets import TicketAdmin

__all__ = ["CategoryAdmin", "ImportBatchAdmin", "TicketAdmin"]
