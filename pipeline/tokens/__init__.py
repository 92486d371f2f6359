"""Counting tokens as a model counts them."""
