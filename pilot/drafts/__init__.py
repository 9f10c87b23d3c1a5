"""Drafts: from turns, to the people who review them, to the customer."""
