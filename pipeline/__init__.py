"""Summaries of texts longer than a context window, with proof that all of it was read."""
