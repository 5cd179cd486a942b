"""Contenders in an environment of their own; see `benchmarks/peers/*.txt`."""
