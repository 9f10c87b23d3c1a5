"""What the agent does in other systems: one port, one ledger, at most one effect per key."""
