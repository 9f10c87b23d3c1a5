"""Back-test: what a change of the rules would have done with the turns and tickets of the last weeks."""
