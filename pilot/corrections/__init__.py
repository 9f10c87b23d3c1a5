"""What a pilot teaches: from reviews and failures to proposals, to a person's yes, to the thing itself."""
