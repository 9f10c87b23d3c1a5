"""Scripted conversations with mocked actions, played by the real pipeline, checked without a judge."""
