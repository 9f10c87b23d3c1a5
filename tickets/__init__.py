"""Closed tickets: what customers wrote and how it ended, imported, cleaned and kept."""
