"""Configurations, weights and tokenizers of saved models, each whole or refused."""
