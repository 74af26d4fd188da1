"""The authors' released checkpoints and their text processing."""
