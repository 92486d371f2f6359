"""Sentences, terms and languages of a text; knows nothing of models."""
