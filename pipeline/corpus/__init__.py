"""Many documents in one run: reading them, sharing the work out, writing the results."""
