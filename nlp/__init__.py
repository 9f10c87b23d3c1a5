"""Pure text and vector code: no Django, no database, no network."""
