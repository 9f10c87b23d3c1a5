"""Admin pages of pilots."""
