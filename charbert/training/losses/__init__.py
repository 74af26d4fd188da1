"""Losses beside that of the labels."""
