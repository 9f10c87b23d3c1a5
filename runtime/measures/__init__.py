"""Measures of escalation: rate against the baseline before AI, reasons, waits, proxies. Reads rows only."""
