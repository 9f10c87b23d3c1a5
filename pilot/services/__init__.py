"""What changes pilots. One module a concern; names are offered here."""
