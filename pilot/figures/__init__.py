"""What a pilot measures: conversations from rows, weeks, the gate, weekly reviews, the metrics endpoint."""
