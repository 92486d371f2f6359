"""Lets `python -m pipeline` do what `py-llama` does."""

from pipeline.cli import main

main()
