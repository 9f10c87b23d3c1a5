"""Background work of pilots."""
