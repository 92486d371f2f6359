"""py-llama-backend: summaries of texts longer than a context window, with proof of what was read."""
