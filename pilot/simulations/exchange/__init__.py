"""Scenarios in and out: our own YAML, and test specs of Agentforce as YAML, JSON or CSV."""
