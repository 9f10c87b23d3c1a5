"""What people ask customers again although the handoff packet held it: detection, checks, figures."""
