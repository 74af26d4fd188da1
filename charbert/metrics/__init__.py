"""Predictions to numbers; no torch."""
