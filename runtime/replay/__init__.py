"""The cases of a back-test: turns as they were decided, and closed tickets read as if they came today."""
