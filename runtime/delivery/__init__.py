"""Other systems are told of handoffs: which are, of what, in which order, and what became of it."""
