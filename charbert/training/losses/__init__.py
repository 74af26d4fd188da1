"""Losses added to that of the labels."""
