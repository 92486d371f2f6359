"""The HTTP service around `pipeline`: POST /summarize, streams and jobs; `py-llama serve`."""
