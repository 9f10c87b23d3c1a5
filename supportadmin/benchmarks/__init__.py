"""Measurements of the running product; accuracy is measured in intents.benchmark and kb.benchmark."""
