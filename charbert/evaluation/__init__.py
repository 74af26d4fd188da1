"""Evaluation: predictions and scores of a model."""
