"""The health of the data set: what is doubled, contradictory, wrongly labelled, harmful, or missing."""
