"""Smaller models and what they cost."""
