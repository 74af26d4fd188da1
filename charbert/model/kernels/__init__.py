"""Faster forms of parts of the model, each equal to a slow one by test."""
