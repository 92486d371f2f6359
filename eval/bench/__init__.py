"""Benchmarks and the simulated servers that they run against; not in the wheel."""
