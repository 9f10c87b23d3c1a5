"""Closed tickets again: replays that only read, rehearsals in shadow mode, and the frozen test set."""
