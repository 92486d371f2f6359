"""Passages of a text that can be read alone: in reports, in meetings and in stories."""
