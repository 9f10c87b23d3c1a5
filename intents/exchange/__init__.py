"""Phrasings come from CSV, Rasa and Dialogflow files, and go out as CSV or Rasa."""
