"""Predictions of any model in, scores out."""
