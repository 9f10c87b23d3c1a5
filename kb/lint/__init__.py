"""Is an article fit for machines? Rules over its Markdown, each with an id, a place and often a fix. Pure."""
