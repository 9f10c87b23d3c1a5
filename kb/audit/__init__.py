"""The audit of the knowledge base: outdated, contradictory, doubled and missing articles."""
