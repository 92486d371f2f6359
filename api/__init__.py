"""The HTTP service: POST /summarize. Not built yet; the summarizer is in `pipeline`."""
