"""How long customers wait for a person: what they are told, what they really wait, whether it was kept."""
