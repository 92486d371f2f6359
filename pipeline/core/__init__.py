"""Summarizing one document: the plan, the calls, the merges, the final text."""
