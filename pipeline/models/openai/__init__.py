"""Models of any OpenAI-compatible server."""
