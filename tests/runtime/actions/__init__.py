"""Actions in other systems: the ledger, faults, connections, their pages."""
