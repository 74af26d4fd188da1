"""The authors' released checkpoints: weights and text processing."""
