"""The words of an answer: a section in the brand's voice, or what a language model says that is cited."""
