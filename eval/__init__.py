"""The evaluation harness: run summarizers, score them, compare them; see README.md."""
