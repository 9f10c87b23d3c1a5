"""One adapter per outside system, each behind a Protocol: what comes in leaves here in our own words."""
