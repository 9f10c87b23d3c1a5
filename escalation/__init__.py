"""Escalation triggers, rule sets, the decision engine and handoff language (guide, step 4)."""
