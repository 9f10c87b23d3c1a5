"""The agent at run time: conversations, the turn pipeline, handoffs and the REST API."""
