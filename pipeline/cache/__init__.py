"""The record of finished calls, on disk."""
