"""Resolution flows: what the agent collects, does and says until an issue is settled (guide, step 3)."""
