"""Closed tickets of the demo company: invented, repeatable, and with known truths for tests of the audit."""
