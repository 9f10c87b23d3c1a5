"""What is wrong between two articles: statements that cannot both hold, texts that are nearly the same."""
