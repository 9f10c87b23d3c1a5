"""Signed webhooks of other systems: verified over the raw body, read into our own words. Pure."""
