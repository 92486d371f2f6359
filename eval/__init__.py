"""The evaluation harness. So far it holds the benchmark, `python -m eval.bench.ratios`."""
