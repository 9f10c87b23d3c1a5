"""The controlled pilot: what it measures, and what its measures allow."""
