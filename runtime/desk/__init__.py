"""What the desk of human agents shows: lists of cases, one case, and its packet in words. Reads only."""
