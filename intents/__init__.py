"""Intents, example phrasings, classifier training, evaluation and releases (guide, step 3)."""
