"""Benchmarks of speed and memory: competitors measured in turns in one run."""
