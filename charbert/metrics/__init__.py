"""Metrics of predictions; no torch."""
