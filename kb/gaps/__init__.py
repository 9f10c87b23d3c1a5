"""What the knowledge base lacks: signals, gaps, and drafts that are to fill them."""
