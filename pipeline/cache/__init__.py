"""The cache of finished calls, on disk."""
